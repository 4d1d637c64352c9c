"""Confirm that it is you: asked for by routes with the option `recent`."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.profile import get_profile
from headgate_kernel.identity.second_factor import second_factor_of
from headgate_kernel.identity.step_up import confirm_identity
from headgate_kernel.web.pages.visit import FORM, PERSONAL, AnyRequest, Visit, show_entry, visit_of
from headgate_kernel.web.pages.ways import confirm_ways
from headgate_kernel.web.session_cookie import set_session
from headgate_kernel.web.ways_on import local

_OPTIONS = PERSONAL | {"setup": True}


class ConfirmForm(msgspec.Struct):
    """A proof of who somebody is: one of the two."""

    password: str = ""
    code: str = ""
    next: str = ""


@get("/account/confirm", opt=_OPTIONS, media_type=MediaType.HTML, include_in_schema=False)
async def confirm_page(request: AnyRequest, next: str = "") -> Response[Any]:  # noqa: A002
    """Ask for a proof."""
    return await _show(visit_of(request), ConfirmForm(next=next))


@post("/account/confirm", opt=_OPTIONS, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def confirm(request: AnyRequest, data: Annotated[ConfirmForm, Body(media_type=FORM)]) -> Response[Any]:
    """Check the proof and go on to where it was asked for."""
    visit = visit_of(request)
    try:
        opened = await confirm_identity(
            visit.kernel, visit.session, visit.tenant_id, password=data.password, code=data.code,
            address=visit.address,
        )  # fmt: skip
    except HeadgateError as error:
        return await _show(visit, data, error)
    answer = see_other(local(data.next, "/account"))
    set_session(answer, visit.kernel.settings, opened)
    return answer


async def _show(visit: Visit, form: ConfirmForm, error: HeadgateError | None = None) -> Response[Any]:
    assert visit.session.person_id is not None
    profile = await get_profile(visit.kernel, visit.session, visit.tenant_id)
    factor = await second_factor_of(visit.kernel, visit.session.person_id, visit.tenant_id)
    return show_entry(
        visit, "account/confirm.html", error=error, form=form, profile=profile, factor=factor,
        ways=await confirm_ways(visit),
    )  # fmt: skip


HANDLERS = (confirm_page, confirm)
