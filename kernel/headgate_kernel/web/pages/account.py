"""My account: name, language and logins."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import Body

from headgate_kernel.i18n import LOCALES
from headgate_kernel.identity.login_changes import request_login
from headgate_kernel.identity.profile import get_profile, save_profile
from headgate_kernel.web.gate import LOCALE_COOKIE
from headgate_kernel.web.pages.visit import FORM, PERSONAL, AnyRequest, Visit, show_account, visit_of

LOCALE_SECONDS = 365 * 86400


class ProfileForm(msgspec.Struct):
    """Name and language."""

    name: str = ""
    locale: str = ""


class LoginForm(msgspec.Struct):
    """Another login."""

    login: str = ""
    old: str = ""


@get("/account", opt=PERSONAL, media_type=MediaType.HTML, include_in_schema=False)
async def account_page(request: AnyRequest, done: str = "", sent: str = "") -> Response[Any]:
    """Show name, language and logins."""
    return await _show(visit_of(request), done=done, sent=sent)


@post("/account", opt=PERSONAL, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def save_account(
    request: AnyRequest, data: Annotated[ProfileForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Change name and language."""
    visit = visit_of(request)
    try:
        await save_profile(
            visit.kernel, visit.session, visit.tenant_id, name=data.name, locale=data.locale,
            address=visit.address,
        )  # fmt: skip
    except HeadgateError as error:
        return await _show(visit, error, form=data)
    answer = see_other("/account?done=profile")
    answer.set_cookie(
        Cookie(LOCALE_COOKIE, value=data.locale, path="/", samesite="lax", max_age=LOCALE_SECONDS)
    )
    return answer


@post(
    "/account/logins", opt=PERSONAL | {"recent": True}, media_type=MediaType.HTML, status_code=200,
    include_in_schema=False,
)  # fmt: skip
async def change_login(
    request: AnyRequest, data: Annotated[LoginForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Ask for another login: a link goes to it."""
    visit = visit_of(request)
    try:
        sent = await request_login(
            visit.kernel, visit.session, visit.tenant_id, old=data.old, new=data.login, region=visit.region,
            address=visit.address,
        )  # fmt: skip
    except HeadgateError as error:
        return await _show(visit, error, login_form=data)
    return await _show(visit, sent=sent)


async def _show(
    visit: Visit,
    error: HeadgateError | None = None,
    *,
    form: ProfileForm | None = None,
    login_form: LoginForm | None = None,
    done: str = "",
    sent: str = "",
) -> Response[Any]:
    profile = await get_profile(visit.kernel, visit.session, visit.tenant_id)
    return await show_account(
        visit, "account/profile.html", error=error, profile=profile, done=done, sent=sent,
        form=form or ProfileForm(profile.name, profile.locale or visit.state.locale),
        login_form=login_form or LoginForm(), locales=list(LOCALES.items()),
    )  # fmt: skip


HANDLERS = (account_page, save_account, change_login)
