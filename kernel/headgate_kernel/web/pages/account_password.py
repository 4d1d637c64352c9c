"""My account: the password."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.password_changes import change_password
from headgate_kernel.identity.profile import get_profile
from headgate_kernel.web.pages.visit import FORM, PERSONAL, AnyRequest, Visit, show_account, visit_of
from headgate_kernel.web.session_cookie import set_session

_OPTIONS = PERSONAL | {"recent": True}


class PasswordForm(msgspec.Struct):
    """The old password and the new one."""

    old: str = ""
    password: str = ""


@get("/account/password", opt=_OPTIONS, media_type=MediaType.HTML, include_in_schema=False)
async def password_page(request: AnyRequest, done: str = "") -> Response[Any]:
    """Ask for the old password and the new one."""
    return await _show(visit_of(request), done=done)


@post("/account/password", opt=_OPTIONS, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def set_own_password(
    request: AnyRequest, data: Annotated[PasswordForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Change the password."""
    visit = visit_of(request)
    try:
        opened = await change_password(
            visit.kernel,
            visit.session,
            visit.tenant_id,
            old=data.old,
            new=data.password,
            address=visit.address,
        )
    except HeadgateError as error:
        return await _show(visit, error)
    answer = see_other("/account/password?done=1")
    set_session(answer, visit.kernel.settings, opened)
    return answer


async def _show(visit: Visit, error: HeadgateError | None = None, *, done: str = "") -> Response[Any]:
    profile = await get_profile(visit.kernel, visit.session, visit.tenant_id)
    return await show_account(visit, "account/password.html", error=error, profile=profile, done=done)


HANDLERS = (password_page, set_own_password)
