"""The second step of signing in, and the way over from another host."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from headgate_sdk.errors import Forbidden, HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.web import PUBLIC, see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.handoffs import redeem_handoff
from headgate_kernel.identity.second_factor import finish_sign_in
from headgate_kernel.web.pages.visit import ENTRY, FORM, AnyRequest, show_entry, visit_of
from headgate_kernel.web.session_cookie import set_session
from headgate_kernel.web.ways_on import local


class CodeForm(msgspec.Struct):
    """A code that somebody types."""

    code: str = ""
    next: str = ""


@get("/sign-in/second-factor", opt=ENTRY, media_type=MediaType.HTML, include_in_schema=False)
async def second_step(request: AnyRequest, next: str = "") -> Response[Any]:  # noqa: A002
    """Ask for the second factor of somebody whose password was right."""
    visit = visit_of(request)
    if visit.session.state != "pending":
        return see_other("/sign-in")
    return show_entry(visit, "sign_in/second_step.html", form=CodeForm(next=next))


@post(
    "/sign-in/second-factor", opt=ENTRY, media_type=MediaType.HTML, status_code=200, include_in_schema=False
)
async def take_second_step(
    request: AnyRequest, data: Annotated[CodeForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Check the second factor and open the session."""
    visit = visit_of(request)
    if visit.session.state != "pending":
        return see_other(f"/sign-in?next={quote(local(data.next), safe='')}")
    try:
        opened = await finish_sign_in(
            visit.kernel, visit.session, data.code, address=visit.address, user_agent=visit.user_agent,
            device=visit.device,
        )  # fmt: skip
    except HeadgateError as error:
        return show_entry(visit, "sign_in/second_step.html", error=error, form=CodeForm(next=data.next))
    answer = see_other(local(data.next))
    set_session(answer, visit.kernel.settings, opened)
    return answer


@get("/handoff", opt={"permission": PUBLIC, "surface": "page"}, status_code=303, include_in_schema=False)
async def handoff(request: AnyRequest, code: str = "") -> Response[Any]:
    """Let somebody in who comes from another host of this system."""
    visit = visit_of(request)
    # else a page of a stranger could sign somebody in as somebody else without their knowing
    foreign = request.headers.get("sec-fetch-site") == "cross-site"
    if foreign and visit.kernel.settings.domain != "localhost":
        raise Forbidden(
            N_("This request came from another site and was stopped. Open the page again and retry.")
        )
    assert visit.tenant_id is not None
    opened = await redeem_handoff(
        visit.kernel, code, tenant_id=visit.tenant_id, address=visit.address, user_agent=visit.user_agent,
        device=visit.device, previous_token=visit.state.token,
    )  # fmt: skip
    answer = see_other("/")
    set_session(answer, visit.kernel.settings, opened)
    return answer


HANDLERS = (second_step, take_second_step, handoff)
