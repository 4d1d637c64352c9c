"""What the kernel adds: a hook call with many plugins installed, and a request before any query."""

import time
import types
from collections.abc import Awaitable, Callable
from typing import Any

from headgate_kernel.app import create_app
from headgate_kernel.plugins.discovery import InstalledPlugin
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.api import Me
from headgate_sdk import hooks
from headgate_sdk.context import SYSTEM
from headgate_sdk.hooks import hookimpl
from headgate_sdk.manifest import Manifest
from headgate_sdk.testing.application import running
from litestar import Litestar, get
from litestar.types import ASGIApp, Message

from tests.bench.goods import Distributor
from tests.bench.measuring import Line, cost_line, measure

INSTALLED, ACTIVE = 100, 10


async def hook_line(kernel: Kernel, shop: Distributor, *, rounds: int, calls: int) -> Line:
    """Call a decider of ten active plugins, of a hundred that are installed, with a batch."""
    host = PluginHost([_plugin(number) for number in range(INSTALLED)])
    active = frozenset(f"bench-{number}" for number in range(0, INSTALLED, INSTALLED // ACTIVE))
    functions = [one.function for one in host.table(active)["headgate_check_orders"]]
    assert len(functions) == ACTIVE
    drafts: list[Any] = []
    async with kernel.context(shop.tenant, actor=SYSTEM) as ctx:
        bound = kernel.hooks(ctx)
        bound = type(bound)(ctx, host.table(active))

        async def ours() -> None:
            await bound.decide(hooks.headgate_check_orders, drafts)

        async def loop() -> None:
            for function in functions:
                await function(ctx, drafts)

        taken = await measure({"ours": _cost(ours, calls), "loop": _cost(loop, calls)}, rounds)
    what = f"batch hook call, {INSTALLED} plugins installed, {ACTIVE} active"
    return cost_line(
        what, taken["ours"], taken["loop"], f"loop over {ACTIVE} functions", at_most=5, kind="difference"
    )


def _plugin(number: int) -> InstalledPlugin:
    module = types.ModuleType(f"bench_{number}")

    @hookimpl
    async def headgate_check_orders(ctx: object, drafts: object) -> tuple[()]:
        return ()

    module.headgate_check_orders = headgate_check_orders  # type: ignore[attr-defined]
    manifest = Manifest(
        id=f"bench-{number}",
        name="",
        description="",
        version="0.1.0",
        package="headgate_trade",
        category="selling",
    )
    return InstalledPlugin(manifest=manifest, module=module, problem="")


async def request_line(kernel: Kernel, shop: Distributor, *, rounds: int, calls: int) -> Line:
    """Ask who is signed in: tenant, session, gate, permission and a unit of work, and no query."""
    permissions = frozenset({"trade.catalogue.read", "trade.orders.place_own", "trade.orders.receive"})

    @get("/api/v1/me")
    async def read() -> Me:
        return Me("Buyer 0", "customer", sorted(permissions), shop.tenant.info.name, "CNY")

    bare = Litestar([read], openapi_config=None, logging_config=None)
    async with running(create_app(kernel.settings, kernel=kernel)) as application, running(bare):
        samples = {
            "ours": _cost(_request(application, shop), calls),
            "bare": _cost(_request(bare, shop), calls),
        }
        taken = await measure(samples, rounds)
    what = "kernel's part of a request without queries"
    return cost_line(what, taken["ours"], taken["bare"], "bare Litestar", at_most=25, kind="difference")


def _request(application: ASGIApp, shop: Distributor) -> Callable[[], Awaitable[None]]:
    headers = [
        (b"host", shop.host.encode()),
        (b"authorization", f"Bearer {shop.buyers[0]}".encode()),
        (b"user-agent", b"bench"),
    ]

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 200, message

    async def ask() -> None:
        scope: dict[str, Any] = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/api/v1/me", "raw_path": b"/api/v1/me", "query_string": b"",
            "root_path": "",
            "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 80),
        }  # fmt: skip
        await application(scope, receive, send)  # type: ignore[arg-type]

    return ask


def _cost(call: Callable[[], Awaitable[None]], calls: int) -> Callable[[], Awaitable[float]]:
    """Give the processor time of one call, in microseconds."""

    async def sample() -> float:
        await call()
        began = time.process_time()
        for _ in range(calls):
            await call()
        return (time.process_time() - began) / calls * 1e6

    return sample
