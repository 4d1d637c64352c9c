"""Forgotten passwords: ask for a link, and choose a new password by it."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import HeadgateError, NotFound
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.params import Body

from headgate_kernel.identity.resets import check_reset, request_reset, use_reset
from headgate_kernel.web.pages.visit import ENTRY, FORM, AnyRequest, Visit, enter, show_entry, visit_of


class ForgottenForm(msgspec.Struct):
    """Whose password is forgotten."""

    login: str = ""


class NewPasswordForm(msgspec.Struct):
    """The new password."""

    password: str = ""


@get("/reset", opt=ENTRY, media_type=MediaType.HTML, include_in_schema=False)
async def forgotten(request: AnyRequest, login: str = "") -> Response[Any]:
    """Ask for the login."""
    return show_entry(visit_of(request), "sign_in/forgotten.html", form=ForgottenForm(login))


@post("/reset", opt=ENTRY, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def ask_for_link(
    request: AnyRequest, data: Annotated[ForgottenForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Have a link sent, and say the same whoever has the login."""
    visit = visit_of(request)
    try:
        await request_reset(
            visit.kernel, visit.tenant_id, data.login, region=visit.region, address=visit.address
        )
    except HeadgateError as error:
        return show_entry(visit, "sign_in/forgotten.html", error=error, form=data)
    return show_entry(visit, "sign_in/link_sent.html", login=data.login)


@get("/reset/{token:str}", opt=ENTRY, media_type=MediaType.HTML, include_in_schema=False)
async def reset_page(request: AnyRequest, token: str) -> Response[Any]:
    """Ask for the new password."""
    visit = visit_of(request)
    try:
        async with visit.kernel.databases.platform_scope() as db:
            await check_reset(visit.kernel, db, visit.tenant_id, token)
    except NotFound as error:
        return show_entry(visit, "sign_in/forgotten.html", error=error, form=ForgottenForm())
    return show_entry(visit, "sign_in/reset.html", token=token)


@post("/reset/{token:str}", opt=ENTRY, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def set_password(
    request: AnyRequest, token: str, data: Annotated[NewPasswordForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Set the new password and open a session."""
    visit = visit_of(request)
    try:
        opened = await use_reset(
            visit.kernel, visit.tenant_id, token, data.password, address=visit.address,
            user_agent=visit.user_agent, device=visit.device,
        )  # fmt: skip
    except NotFound as error:
        return show_entry(visit, "sign_in/forgotten.html", error=error, form=ForgottenForm())
    except HeadgateError as error:
        return show_entry(visit, "sign_in/reset.html", error=error, token=token)
    await _end_before(visit)
    return enter(visit, opened, "/") if opened else see_other("/sign-in?done=password")


async def _end_before(visit: Visit) -> None:
    if visit.state.token:
        await visit.kernel.sessions.end(visit.state.token)


HANDLERS = (forgotten, ask_for_link, reset_page, set_password)
