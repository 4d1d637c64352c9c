"""The kernel's part of the JSON API: sessions, who am I, the API's own description."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import PUBLIC, SIGNED_IN
from litestar import MediaType, Request, Response, delete, get, post
from litestar.handlers import HTTPRouteHandler

from headgate_kernel.identity.logins import region_of
from headgate_kernel.identity.sign_in import sign_in
from headgate_kernel.runtime import Kernel
from headgate_kernel.web import account_api, api_people, api_roles, api_tokens, audit_api
from headgate_kernel.web.state import state_of

_TAGS = ["session"]


class NewSession(msgspec.Struct, forbid_unknown_fields=True):
    """Login and password."""

    login: str
    password: str


class SessionToken(msgspec.Struct):
    """Send it as `Authorization: Bearer <token>`; while it needs a second factor it opens nothing else."""

    token: str
    needs: Literal["", "second_factor"] = ""


class Me(msgspec.Struct, omit_defaults=True):
    """Who is signed in, and where."""

    name: str
    kind: str
    permissions: list[str]
    tenant: str
    currency: str
    scopes: list[str] | None = None


def _options(permission: str) -> dict[str, Any]:
    return {"permission": permission, "surface": "api"}


@post("/api/v1/sessions", opt=_options(PUBLIC), tags=_TAGS)
async def open_session(
    request: Request[Any, Any, Any], ctx: Context, kernel: Kernel, data: NewSession
) -> SessionToken:
    """Sign in and get a token."""
    state = state_of(request.scope)
    assert state is not None
    opened = await sign_in(
        kernel, tenant_id=ctx.tenant.id, login=data.login, password=data.password, address=state.address,
        user_agent=request.headers.get("user-agent", ""), region=region_of(ctx.tenant.timezone),
    )  # fmt: skip
    return SessionToken(opened.token, opened.needs)


@delete("/api/v1/sessions/current", opt=_options(SIGNED_IN) | {"setup": True}, tags=_TAGS)
async def end_session(request: Request[Any, Any, Any], kernel: Kernel) -> None:
    """Sign out: the token is worth nothing from now on."""
    state = state_of(request.scope)
    assert state is not None
    await kernel.sessions.end(state.token)


@get("/api/v1/me", opt=_options(SIGNED_IN) | {"token": True}, tags=_TAGS)
async def me(ctx: Context) -> Me:
    """Tell who is signed in; with an API token also its scopes, beyond which nothing is allowed."""
    actor = ctx.actor
    return Me(
        actor.name, actor.kind, sorted(actor.permissions), ctx.tenant.name, ctx.tenant.currency,
        None if actor.scopes is None else sorted(actor.scopes),
    )  # fmt: skip


@get("/api/v1/openapi.json", opt=_options(PUBLIC), include_in_schema=False, media_type=MediaType.JSON)
async def description(request: Request[Any, Any, Any], ctx: Context) -> Response[bytes]:
    """Describe the API as this distributor has it: without the plugins that are off."""
    cache: dict[frozenset[str], bytes] = request.app.state.setdefault("openapi_by_plugins", {})
    if ctx.plugins not in cache:
        cache[ctx.plugins] = msgspec.json.encode(_for_plugins(request.app, ctx.plugins))
    return Response(cache[ctx.plugins], media_type=MediaType.JSON)


def _for_plugins(app: Any, plugins: frozenset[str]) -> dict[str, Any]:
    schema: dict[str, Any] = app.openapi_schema.to_schema()
    owners = {
        route.path_format: {handler.opt.get("plugin") for handler in getattr(route, "route_handlers", ())}
        for route in app.routes
    }
    schema["paths"] = {
        path: item
        for path, item in schema["paths"].items()
        if path.startswith("/api/")
        and all(owner is None or owner in plugins for owner in owners.get(path, ()))
    }
    schemas = schema.get("components", {}).get("schemas", {})
    needed = _referred_to(schema["paths"], schemas)
    schema.setdefault("components", {})["schemas"] = {n: s for n, s in schemas.items() if n in needed}
    return schema


def _referred_to(part: Any, schemas: dict[str, Any], found: frozenset[str] = frozenset()) -> frozenset[str]:
    """Give the names of the schemas to which a part of the description leads."""
    if isinstance(part, list):
        part = dict(enumerate(part))
    if not isinstance(part, dict):
        return found
    name = str(part.get("$ref", "")).rpartition("/")[2]
    if name in schemas and name not in found:
        found = _referred_to(schemas[name], schemas, found | {name})
    for inner in part.values():
        found = _referred_to(inner, schemas, found)
    return found


HANDLERS: Sequence[HTTPRouteHandler] = (
    open_session,
    end_session,
    me,
    description,
    *account_api.HANDLERS,
    *api_people.HANDLERS,
    *api_roles.HANDLERS,
    *api_tokens.HANDLERS,
    *audit_api.HANDLERS,
)
