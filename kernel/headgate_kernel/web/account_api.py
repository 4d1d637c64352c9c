"""The JSON API of oneself: the second step of signing in, confirming, one's own sessions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from headgate_sdk.errors import SignInRequired
from headgate_sdk.i18n import N_
from headgate_sdk.web import PUBLIC, SIGNED_IN
from litestar import Request, delete, get, post
from litestar.handlers import HTTPRouteHandler

from headgate_kernel.identity.second_factor import finish_sign_in
from headgate_kernel.identity.session_list import (
    OwnSession,
    end_other_sessions,
    end_session,
    list_sessions,
)
from headgate_kernel.identity.step_up import confirm_identity
from headgate_kernel.web.pages.visit import visit_of

AnyRequest = Request[Any, Any, Any]
_TAGS = ["session"]
_OWN: dict[str, Any] = {"permission": SIGNED_IN, "surface": "api", "personal": True}


class SecondFactorCode(msgspec.Struct, forbid_unknown_fields=True):
    """A code of the authenticator app, or a recovery code."""

    code: str


class Proof(msgspec.Struct, forbid_unknown_fields=True):
    """A proof of who somebody is: one of the two."""

    password: str = ""
    code: str = ""


class FullToken(msgspec.Struct):
    """Takes the place of the token until now; send it as `Authorization: Bearer <token>`."""

    token: str


class EndedSessions(msgspec.Struct):
    """How many sessions have ended."""

    ended: int


@post("/api/v1/sessions/second-factor", opt={"permission": PUBLIC, "surface": "api"}, tags=_TAGS)
async def second_factor(request: AnyRequest, data: SecondFactorCode) -> FullToken:
    """Give the second factor for a token that needs it, and get one that opens what the person may see."""
    visit = visit_of(request)
    if visit.session.state != "pending":
        raise SignInRequired(N_("Please sign in first."))
    opened = await finish_sign_in(
        visit.kernel,
        visit.session,
        data.code,
        address=visit.address,
        user_agent=visit.user_agent,
        device=None,
    )
    return FullToken(opened.token)


@post("/api/v1/sessions/current/confirmation", opt=_OWN | {"setup": True}, tags=_TAGS)
async def confirm(request: AnyRequest, data: Proof) -> FullToken:
    """Confirm who you are, where a call was refused with `step_up_required`."""
    visit = visit_of(request)
    opened = await confirm_identity(
        visit.kernel, visit.session, visit.tenant_id, password=data.password, code=data.code,
        address=visit.address,
    )  # fmt: skip
    return FullToken(opened.token)


@get("/api/v1/me/sessions", opt=_OWN, tags=_TAGS)
async def own_sessions(request: AnyRequest) -> list[OwnSession]:
    """List where you are signed in at this distributor."""
    visit = visit_of(request)
    return await list_sessions(visit.kernel, visit.session, visit.tenant_id)


@delete("/api/v1/me/sessions/{session_id:uuid}", opt=_OWN, tags=_TAGS)
async def end_own_session(request: AnyRequest, session_id: UUID) -> None:
    """End one of your sessions."""
    visit = visit_of(request)
    await end_session(visit.kernel, visit.session, visit.tenant_id, session_id, address=visit.address)


@delete("/api/v1/me/sessions", opt=_OWN, status_code=200, tags=_TAGS)
async def end_own_other_sessions(request: AnyRequest) -> EndedSessions:
    """End all your sessions but this one, at all distributors."""
    visit = visit_of(request)
    ended = await end_other_sessions(visit.kernel, visit.session, visit.tenant_id, address=visit.address)
    return EndedSessions(ended)


HANDLERS: Sequence[HTTPRouteHandler] = (
    second_factor,
    confirm,
    own_sessions,
    end_own_session,
    end_own_other_sessions,
)
