"""The page behind the links that confirm a new login or take it back."""

from typing import Any

from headgate_sdk.errors import HeadgateError
from litestar import MediaType, Response, get, post

from headgate_kernel.identity.login_changes import find_change, follow_link
from headgate_kernel.web.pages.visit import ENTRY, AnyRequest, show_entry, visit_of


@get("/confirm/{token:str}", opt=ENTRY, media_type=MediaType.HTML, include_in_schema=False)
async def login_link(request: AnyRequest, token: str) -> Response[Any]:
    """Say what the link does; programs that look into mails follow links, so it takes a button."""
    visit = visit_of(request)
    try:
        async with visit.kernel.databases.platform_scope() as db:
            change = await find_change(visit.kernel, db, token)
    except HeadgateError as error:
        return show_entry(visit, "sign_in/login_link_over.html", error=error)
    return show_entry(visit, "sign_in/login_link.html", change=change, token=token)


@post("/confirm/{token:str}", opt=ENTRY, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def use_login_link(request: AnyRequest, token: str) -> Response[Any]:
    """Do what the link is for."""
    visit = visit_of(request)
    try:
        done = await follow_link(visit.kernel, visit.tenant_id, token, address=visit.address)
    except HeadgateError as error:
        return show_entry(visit, "sign_in/login_link_over.html", error=error)
    return show_entry(visit, "sign_in/login_link_done.html", done=done)


HANDLERS = (login_link, use_login_link)
