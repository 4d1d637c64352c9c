"""Settings: the first steps of a new distributor, and the logo."""

from typing import Annotated, Literal

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.database.unit_of_work import current_unit_of_work
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.checklist import (
    LOGO_PAGE,
    PROFILE_WRITE,
    checklist,
    is_checklist_open,
    set_logo,
    turn_checklist,
)

PATH = "/settings/checklist"


class TurnForm(msgspec.Struct):
    """Whether the checklist stays the first page."""

    state: Literal["open", "closed"]


class LogoForm(msgspec.Struct):
    """An uploaded logo, or the wish to have none."""

    logo: UploadFile | None = None
    remove: str = ""


@page(PATH, permission=PROFILE_WRITE, include_in_schema=False)
async def show_checklist(ctx: Context, kernel: Kernel) -> Response[str]:
    """Show what is done and what is next."""
    items = await checklist(ctx, kernel.steps)
    return await ctx.render(
        "settings/checklist.html", items=items, done=sum(item.done for item in items),
        following=next((item for item in items if not item.done), None), path=PATH,
        is_open=await is_checklist_open(ctx),
    )  # fmt: skip


@action(PATH, permission=PROFILE_WRITE, include_in_schema=False)
async def turn(
    ctx: Context, data: Annotated[TurnForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[str]:
    """Put the checklist away, or make it the first page again."""
    await turn_checklist(ctx, data.state)
    return see_other("/" if data.state == "closed" else PATH)


@page(LOGO_PAGE, permission=PROFILE_WRITE, include_in_schema=False)
async def show_logo(ctx: Context) -> Response[str]:
    """Show the logo and the form to change it."""
    return await _logo_page(ctx)


@action(LOGO_PAGE, permission=PROFILE_WRITE, include_in_schema=False)
async def save_logo(
    ctx: Context, kernel: Kernel, data: Annotated[LogoForm, Body(media_type=RequestEncodingType.MULTI_PART)]
) -> Response[str]:
    """Keep an uploaded logo, or take it away."""
    content = await data.logo.read() if data.logo is not None else b""
    try:
        async with ctx.db.savepoint():
            await set_logo(ctx, None if data.remove else content)
    except HeadgateError as error:
        answer = await _logo_page(ctx, kernel.renderer.words(ctx.locale, error))
        answer.status_code = error.status
        return answer
    current_unit_of_work().after_commit(lambda: kernel.directory.forget(ctx.tenant.id))
    return see_other(LOGO_PAGE)


async def _logo_page(ctx: Context, error: str = "") -> Response[str]:
    return await ctx.render("settings/logo.html", error=error, path=LOGO_PAGE)


HANDLERS = (show_checklist, turn, show_logo, save_logo)
