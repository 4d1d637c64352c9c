"""The operator helps: in whose place, why, for how long; the way there and back."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.database.unit_of_work import current_unit_of_work
from headgate_kernel.identity.handoffs import create_handoff
from headgate_kernel.identity.impersonations import (
    MOST_MINUTES,
    SupportRequest,
    ask_to_impersonate,
    begin_impersonation,
    end_impersonation,
)
from headgate_kernel.identity.links import find_sender
from headgate_kernel.identity.support import support_consent, tell_owners
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.one_tenant import helpable_staff
from headgate_kernel.web.pages.console.frame import (
    OPERATOR,
    RECENT,
    AnyRequest,
    console_page,
    one_tenant,
    words_by_field,
)
from headgate_kernel.web.pages.console.one import tenant_page
from headgate_kernel.web.pages.support import PATH as SUPPORT_PAGE

PATH = "/console/tenants/{slug:str}/help"
FORM = RequestEncodingType.URL_ENCODED


class HelpForm(msgspec.Struct):
    """What the operator asks for, as typed."""

    member: str = ""
    reason: str = ""
    minutes: str = "30"


@get(PATH, opt=RECENT, media_type=MediaType.HTML, include_in_schema=False)
async def help_form(request: AnyRequest, slug: str) -> Response[Any]:
    """Show the form; who comes here has just shown who they are."""
    return await _form(request, slug, HelpForm())


@post(PATH, opt=RECENT, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def ask(
    request: AnyRequest, kernel: Kernel, slug: str, data: Annotated[HelpForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Ask; where the owner need not answer first, go there at once."""
    try:
        async with one_tenant(request, slug) as ctx:
            made = await ask_to_impersonate(ctx, _request(data))
            address = (await find_sender(kernel, ctx.db, ctx.tenant.id)).link(SUPPORT_PAGE)
            await tell_owners(ctx, made, address=address)
    except HeadgateError as error:
        return await _form(request, slug, data, error)
    if made.needs_consent:
        return see_other(f"/console/tenants/{slug}#help")
    return await _go(request, kernel, slug, made.id)


@post(
    f"{PATH}/{{impersonation_id:uuid}}",
    opt=RECENT,
    media_type=MediaType.HTML,
    status_code=200,
    include_in_schema=False,
)
async def begin(request: AnyRequest, kernel: Kernel, slug: str, impersonation_id: UUID) -> Response[Any]:
    """Go there, the first time or again while it lasts."""
    try:
        return await _go(request, kernel, slug, impersonation_id)
    except HeadgateError as error:
        return await tenant_page(request, slug, error)


@post(
    f"{PATH}/{{impersonation_id:uuid}}/end",
    opt=OPERATOR,
    media_type=MediaType.HTML,
    status_code=200,
    include_in_schema=False,
)
async def end(request: AnyRequest, kernel: Kernel, slug: str, impersonation_id: UUID) -> Response[Any]:
    """End it, or take the request back."""
    try:
        async with one_tenant(request, slug) as ctx:
            await end_impersonation(ctx, impersonation_id)
            await kernel.sessions.end_impersonation(current_unit_of_work(), impersonation_id)
    except HeadgateError as error:
        return await tenant_page(request, slug, error)
    return see_other(f"/console/tenants/{slug}#help")


async def _go(request: AnyRequest, kernel: Kernel, slug: str, impersonation_id: UUID) -> Response[Any]:
    async with one_tenant(request, slug) as ctx:
        begun = await begin_impersonation(ctx, impersonation_id)
        sender = await find_sender(kernel, ctx.db, ctx.tenant.id)
    path = await create_handoff(
        kernel, person_id=begun.person_id, tenant_id=ctx.tenant.id, impersonation_id=begun.id
    )
    return see_other(sender.link(path))


async def _form(
    request: AnyRequest, slug: str, typed: HelpForm, error: HeadgateError | None = None
) -> Response[Any]:
    async with one_tenant(request, slug) as ctx:
        staff = await helpable_staff(ctx)
        consent = await support_consent(ctx)
        info = ctx.tenant
    return console_page(
        request,
        "console/help.html",
        status_code=200 if error is None else min(error.status, 499),
        tenant=info,
        staff=[(str(one.id), f"{one.name} · {', '.join(one.roles)}") for one in staff],
        asks=consent == "ask",
        durations=[(str(n), n) for n in (15, 30, MOST_MINUTES)],
        typed=typed,
        errors=words_by_field(request, error),
    )


def _request(data: HelpForm) -> SupportRequest:
    try:
        member = UUID(data.member)
    except ValueError:
        raise Invalid(N_("Choose one of the distributor's staff."), field="membership_id") from None
    minutes = int(data.minutes) if data.minutes.isdecimal() and len(data.minutes) < 4 else 0
    return SupportRequest(member, data.reason, minutes)


HANDLERS = (help_form, ask, begin, end)
