"""Settings: a distributor's own data: take it along, have it erased; and the console's side of that."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.web import NavItem, action, page, see_other
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.response import Stream

from headgate_kernel.portability.exports import export_chunks
from headgate_kernel.portability.requests import (
    DATA_WRITE,
    REFLECTION,
    ask_erasure,
    carry_out,
    current_request,
    list_requests,
    withdraw_erasure,
)
from headgate_kernel.portability.retained import list_retained
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.console.frame import (
    CONSOLE_NAV,
    OPERATOR,
    RECENT,
    AnyRequest,
    console_page,
    one_tenant,
    words_by_field,
)

PATH = "/settings/data"
CONSOLE = "/console/erasures"

CONSOLE_NAV.append(
    NavItem(
        label=N_("Erasures"), href=CONSOLE, face="console", icon="trash-2", permission="operator", order=60
    )
)


class AskForm(msgspec.Struct):
    """What an owner types to ask for the erasure."""

    repeated: str = ""
    reason: str = ""


class CarryOutForm(msgspec.Struct):
    """What an operator types to carry it out."""

    slug: str = ""
    repeated: str = ""


Form = Body(media_type=RequestEncodingType.URL_ENCODED)


@page(PATH, permission=DATA_WRITE, include_in_schema=False)
async def data_page(ctx: Context) -> Response[str]:
    """Show what can be done with the data."""
    return await _page(ctx, AskForm())


@get(
    f"{PATH}/export.zip",
    opt={"permission": DATA_WRITE, "surface": "page", "packed": True, "recent": True},
    include_in_schema=False,
)
async def export(ctx: Context, kernel: Kernel) -> Stream:
    """Send everything of the distributor, of one moment, as it is read."""
    await ctx.audit("data.export", ctx.tenant.slug)
    name = f"{ctx.tenant.slug}-{ctx.clock.now():%Y-%m-%d}.zip"
    return Stream(
        export_chunks(kernel, ctx.tenant.slug),
        media_type="application/zip",
        headers={"content-disposition": f'attachment; filename="{name}"', "cache-control": "no-store"},
    )


@action(f"{PATH}/erasure", permission=DATA_WRITE, include_in_schema=False)
async def ask(ctx: Context, kernel: Kernel, data: Annotated[AskForm, Form]) -> Response[Any]:
    """Ask for the erasure of everything."""
    try:
        await ask_erasure(ctx, repeated=data.repeated, reason=data.reason)
    except HeadgateError as error:
        answer = await _page(ctx, data, {error.field: kernel.renderer.words(ctx.locale, error)})
        answer.status_code = error.status
        return answer
    return see_other(PATH)


@action(f"{PATH}/erasure/withdraw", permission=DATA_WRITE, include_in_schema=False)
async def withdraw(ctx: Context) -> Response[Any]:
    """Take the wish back."""
    await withdraw_erasure(ctx)
    return see_other(PATH)


@get(CONSOLE, opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def erasures(request: AnyRequest, kernel: Kernel) -> Response[str]:
    """List who asked to be erased, and certificates of those who were."""
    return await _console(request, kernel)


@post(CONSOLE, opt=RECENT, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def do_carry_out(
    request: AnyRequest, kernel: Kernel, data: Annotated[CarryOutForm, Form]
) -> Response[Any]:
    """Have a distributor erased."""
    try:
        async with one_tenant(request, data.slug) as ctx:
            await carry_out(ctx, repeated=data.repeated)
    except HeadgateError as error:
        answer = await _console(request, kernel, data.slug, words_by_field(request, error))
        answer.status_code = error.status
        return answer
    return see_other(CONSOLE)


async def _page(ctx: Context, form: AskForm, errors: dict[str, str] | None = None) -> Response[str]:
    return await ctx.render(
        "settings/data.html", asked=await current_request(ctx), form=form, errors=errors or {},
        days=REFLECTION.days, path=PATH,
    )  # fmt: skip


async def _console(
    request: AnyRequest, kernel: Kernel, slug: str = "", errors: dict[str, str] | None = None
) -> Response[str]:
    async with kernel.databases.platform_scope() as db:
        asked = await list_requests(db)
    return console_page(
        request, "console/erasures.html", asked=asked, kept=await list_retained(kernel), slug=slug,
        errors=errors or {}, now=kernel.clock.now(), path=CONSOLE,
    )  # fmt: skip


HANDLERS = (data_page, export, ask, withdraw, erasures, do_carry_out)
