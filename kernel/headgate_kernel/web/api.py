"""The kernel's part of the JSON API: sessions, and who am I."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import PUBLIC, SIGNED_IN
from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler

from headgate_kernel.identity.logins import region_of
from headgate_kernel.identity.sign_in import sign_in
from headgate_kernel.runtime import Kernel
from headgate_kernel.web import account_api, api_description, api_people, api_roles, api_tokens, audit_api
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


HANDLERS: Sequence[HTTPRouteHandler] = (
    open_session,
    end_session,
    me,
    *api_description.HANDLERS,
    *account_api.HANDLERS,
    *api_people.HANDLERS,
    *api_roles.HANDLERS,
    *api_tokens.HANDLERS,
    *audit_api.HANDLERS,
)
