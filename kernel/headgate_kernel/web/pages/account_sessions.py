"""My account: where I am signed in."""

from typing import Any
from uuid import UUID

from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post

from headgate_kernel.identity.session_list import METHODS, end_other_sessions, end_session, list_sessions
from headgate_kernel.web.pages.visit import PERSONAL, AnyRequest, show_account, visit_of
from headgate_kernel.web.session_cookie import clear_session


@get("/account/sessions", opt=PERSONAL, media_type=MediaType.HTML, include_in_schema=False)
async def sessions_page(request: AnyRequest, done: str = "") -> Response[Any]:
    """List the person's sessions at this host."""
    visit = visit_of(request)
    sessions = await list_sessions(visit.kernel, visit.session, visit.tenant_id)
    return await show_account(visit, "account/sessions.html", sessions=sessions, methods=METHODS, done=done)


@post("/account/sessions/{session_id:uuid}/end", opt=PERSONAL, status_code=303, include_in_schema=False)
async def end_one(request: AnyRequest, session_id: UUID) -> Response[Any]:
    """End one session."""
    visit = visit_of(request)
    await end_session(visit.kernel, visit.session, visit.tenant_id, session_id, address=visit.address)
    if session_id != visit.session.id:
        return see_other("/account/sessions?done=one")
    answer = see_other("/sign-in")
    clear_session(answer, visit.kernel.settings)
    return answer


@post("/account/sessions/end-others", opt=PERSONAL, status_code=303, include_in_schema=False)
async def end_others(request: AnyRequest) -> Response[Any]:
    """End all other sessions, at all distributors."""
    visit = visit_of(request)
    await end_other_sessions(visit.kernel, visit.session, visit.tenant_id, address=visit.address)
    return see_other("/account/sessions?done=others")


HANDLERS = (sessions_page, end_one, end_others)
