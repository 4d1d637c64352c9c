"""The ASGI application: all routes of the kernel and of installed plugins, behind one gate."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from importlib.resources import as_file, files
from typing import Any, cast

from litestar import Litestar, Response, Router
from litestar.config.compression import CompressionConfig
from litestar.di import Provide
from litestar.enums import HttpMethod
from litestar.openapi import OpenAPIConfig
from litestar.static_files import create_static_files_router
from litestar.types import ControllerRouterHandler, LifeSpanScope, Scope

from headgate_kernel.config import Settings
from headgate_kernel.jobs.serving import jobs_running
from headgate_kernel.observe.requests import ObservedRequests
from headgate_kernel.observe.serving import observing
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import Kernel
from headgate_kernel.secrets.in_api import SecretsInApi
from headgate_kernel.web import api, pages
from headgate_kernel.web.api_description import StrictStructs
from headgate_kernel.web.assets_manifest import STATIC_PATH
from headgate_kernel.web.compression import GzipMiddleware
from headgate_kernel.web.gate import Gate
from headgate_kernel.web.problems import exception_handlers
from headgate_kernel.web.request import AnyJsonRequest
from headgate_kernel.web.state import provide_ctx, provide_kernel

MAX_BODY_BYTES = 48 * 1024 * 1024


class Application(Litestar):
    """Litestar without the answer to OPTIONS that it adds to each route.

    That answer is given before the gate, so it would tell of routes which are closed here.
    """

    observed: ObservedRequests

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Any, send: Any) -> None:
        """Serve a request; to OPTIONS, as to any method that a route does not know, there is nothing here."""
        request = cast("dict[str, Any]", scope)
        if request["type"] != "http":
            await super().__call__(scope, receive, send)
            return
        if request["method"] == HttpMethod.OPTIONS:
            request["method"] = "UNKNOWN"
        await self.observed.serve(super().__call__, cast("Scope", scope), receive, send)


def create_app(
    settings: Settings, host: PluginHost | None = None, *, kernel: Kernel | None = None
) -> Litestar:
    """Build the application.

    Args:
        settings: of the process.
        host: installed plugins; those of the entry points by default.
        kernel: an open kernel, for tests; by default one is opened at start-up and closed at shutdown.

    Raises:
        RuntimeError: a route does not say which permission it needs, or two routes share an address.
    """
    host = kernel.host if kernel else host or PluginHost()
    gate = Gate(settings)
    observed = ObservedRequests(settings)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        opened = kernel or await Kernel.open(settings, host)
        app.state.kernel = gate.kernel = opened
        app.state.observed = observed
        try:
            async with observing(observed, opened), jobs_running(opened):
                yield
        finally:
            await opened.limits.stop()
            if kernel is None:
                await opened.close()

    app = Application(
        route_handlers=[*_plugin_routes(host), *api.HANDLERS, *pages.HANDLERS, _static_files()],
        middleware=[gate],
        plugins=[StrictStructs(), SecretsInApi()],
        request_class=AnyJsonRequest,
        exception_handlers=exception_handlers(),
        dependencies={
            "ctx": Provide(provide_ctx, sync_to_thread=False),
            "kernel": Provide(provide_kernel, sync_to_thread=False),
        },
        lifespan=[lifespan],
        request_max_body_size=MAX_BODY_BYTES,
        # safe with secrets kept out of pages: forms prove their origin by headers, not by a hidden token
        compression_config=CompressionConfig(
            "gzip", gzip_compress_level=5, minimum_size=1000, middleware_class=GzipMiddleware
        ),
        openapi_config=OpenAPIConfig(
            title="Headgate",
            version=version("headgate-kernel"),
            description="Orders and accounts of one distributor. Sign in with `POST /api/v1/sessions`.",
            use_handler_docstrings=True,
            # the framework's own pages show all plugins to everybody, so no host leads to them
            openapi_router=Router("/_schema", route_handlers=[], opt={"permission": "*", "face": "none"}),
        ),
        logging_config=None,
    )
    app.observed = observed
    _check_routes(app)
    return app


def _plugin_routes(host: PluginHost) -> list[Router]:
    """Mark each plugin's routes with its name: the gate goes by it."""
    by_plugin: dict[str, list[ControllerRouterHandler]] = {}
    for plugin, route in host.surfaces.routes:
        by_plugin.setdefault(plugin, []).append(route)
    return [
        Router("/", route_handlers=routes, opt={"plugin": plugin}, tags=[plugin])
        for plugin, routes in by_plugin.items()
    ]


def _static_files() -> Router:
    with as_file(files("headgate_kernel") / "web" / "static") as folder:
        return create_static_files_router(
            STATIC_PATH,
            directories=[folder],
            opt={"surface": "static", "permission": "public"},
            cache_control=None,
            after_request=_cache_for_ever,
            include_in_schema=False,
        )


def _cache_for_ever(response: Response[Any]) -> Response[Any]:
    response.headers["cache-control"] = "public, max-age=31536000, immutable"
    return response


def _check_routes(app: Litestar) -> None:
    for route in app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if handler.http_methods != {"OPTIONS"} and "permission" not in handler.opt:
                raise RuntimeError(
                    f"{route.path} does not say which permission it needs; see headgate_sdk.web"
                )
