"""The page behind an invitation's link."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import PUBLIC, see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.accepting import accept_as_known, accept_as_new
from headgate_kernel.identity.invitations import check_open, find_invitation
from headgate_kernel.web.pages.visit import FORM, AnyRequest, Visit, enter, show_entry, visit_of

_OPTIONS = {"permission": PUBLIC, "surface": "page"}


class AcceptForm(msgspec.Struct):
    """What somebody types to accept: name and password, or the password alone with an account."""

    password: str = ""
    name: str = ""


@get("/invitation/{token:str}", opt=_OPTIONS, media_type=MediaType.HTML, include_in_schema=False)
async def invitation_page(request: AnyRequest, token: str) -> Response[Any]:
    """Show who invites whom, and how to accept."""
    return await _show(visit_of(request), token, AcceptForm())


@post(
    "/invitation/{token:str}",
    opt=_OPTIONS,
    media_type=MediaType.HTML,
    status_code=200,
    include_in_schema=False,
)
async def accept_invitation(
    request: AnyRequest, token: str, data: Annotated[AcceptForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Accept, and open a session."""
    visit = visit_of(request)
    assert visit.tenant_id is not None
    async with visit.kernel.databases.platform_scope() as db:
        invitation = await find_invitation(visit.kernel, db, token, visit.tenant_id)
    caller = {"address": visit.address, "user_agent": visit.user_agent, "device": visit.device}
    try:
        if invitation.is_new:
            opened = await accept_as_new(
                visit.kernel, visit.tenant_id, token, name=data.name, password=data.password, **caller
            )
        else:
            opened = await accept_as_known(
                visit.kernel, visit.tenant_id, token, password=data.password, **caller
            )
    except HeadgateError as error:
        return await _show(visit, token, data, error)
    if visit.state.token:
        await visit.kernel.sessions.end(visit.state.token)
    return enter(visit, opened, "/")


async def _show(
    visit: Visit, token: str, form: AcceptForm, error: HeadgateError | None = None
) -> Response[Any]:
    assert visit.tenant_id is not None
    async with visit.kernel.databases.platform_scope() as db:
        invitation = await find_invitation(visit.kernel, db, token, visit.tenant_id)
    if invitation.state == "accepted" and visit.session.actor.person_id == invitation.person_id:
        return see_other("/")
    try:
        check_open(invitation)
    except HeadgateError as closed:
        return show_entry(visit, "sign_in/invitation_over.html", error=closed)
    return show_entry(
        visit, "sign_in/invitation.html", error=error, form=form, invitation=invitation, token=token,
        somebody_else=visit.session.person_id not in {None, invitation.person_id},
    )  # fmt: skip


HANDLERS = (invitation_page, accept_invitation)
