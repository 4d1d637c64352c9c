"""The operator's page about one tenant: addresses, plan, stopping, owners' invitations."""

from datetime import datetime, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.errors import HeadgateError, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.audit.words import KERNEL_DEEDS
from headgate_kernel.identity.invitations import invite
from headgate_kernel.quotas.amounts import amount_in_words
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.figures import tenant_figures
from headgate_kernel.tenancy.hosts import add_host, remove_host
from headgate_kernel.tenancy.one_tenant import SampleData, find_owner, sample_data, tenant_details
from headgate_kernel.tenancy.operating import note_deed
from headgate_kernel.tenancy.plans import list_plans
from headgate_kernel.tenancy.suspension import resume_tenant, suspend_tenant
from headgate_kernel.web.pages.console.frame import (
    OPERATOR,
    AnyRequest,
    console_page,
    one_tenant,
    state_of_request,
    words_by_field,
)
from headgate_kernel.web.pages.console.words import METHODS
from headgate_kernel.web.pages.plugins import STATES
from headgate_kernel.web.pages.support import STATES as SUPPORT_STATES

NEWS = timedelta(hours=1)
"""So long the page says that sample data has come."""

PATH = "/console/tenants/{slug:str}"
FORM = RequestEncodingType.URL_ENCODED


class HostForm(msgspec.Struct):
    """An address that is added or removed."""

    host: str = ""


class SuspendForm(msgspec.Struct):
    """Why a tenant is stopped."""

    reason: str = ""
    notice: str = ""


class ResumeForm(msgspec.Struct):
    """A word for the log."""

    reason: str = ""


@get(PATH, opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def tenant(request: AnyRequest, slug: str) -> Response[str]:
    """Show one tenant."""
    return await tenant_page(request, slug)


@get(f"{PATH}/sample", opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def sample(request: AnyRequest, slug: str) -> Response[str]:
    """Show how far the sample data is, for the page that asks again and again."""
    async with one_tenant(request, slug) as ctx:
        found = await sample_data(ctx)
    return console_page(request, "console/_sample.html", sample=found, slug=slug)


@post(f"{PATH}/hosts", opt=OPERATOR, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def give_host(
    request: AnyRequest, kernel: Kernel, slug: str, data: Annotated[HostForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Add an address."""
    try:
        async with one_tenant(request, slug) as ctx:
            await add_host(ctx, data.host, domain=kernel.settings.domain)
    except HeadgateError as error:
        return await tenant_page(request, slug, error, typed={"host": data.host})
    return see_other(f"/console/tenants/{slug}#hosts")


@post(
    f"{PATH}/hosts/remove", opt=OPERATOR, media_type=MediaType.HTML, status_code=200, include_in_schema=False
)
async def take_host(
    request: AnyRequest, slug: str, data: Annotated[HostForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Take an address away."""
    try:
        async with one_tenant(request, slug) as ctx:
            await remove_host(ctx, data.host)
    except HeadgateError as error:
        return await tenant_page(request, slug, error)
    return see_other(f"/console/tenants/{slug}#hosts")


@post(f"{PATH}/suspend", opt=OPERATOR, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def suspend(
    request: AnyRequest, slug: str, data: Annotated[SuspendForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Stop the tenant."""
    try:
        async with one_tenant(request, slug) as ctx:
            await suspend_tenant(ctx, reason=data.reason, notice=data.notice)
    except HeadgateError as error:
        return await tenant_page(request, slug, error, typed=msgspec.structs.asdict(data))
    return see_other(f"/console/tenants/{slug}")


@post(f"{PATH}/resume", opt=OPERATOR, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def resume(
    request: AnyRequest, slug: str, data: Annotated[ResumeForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Let the tenant go on."""
    try:
        async with one_tenant(request, slug) as ctx:
            await resume_tenant(ctx, reason=data.reason)
    except HeadgateError as error:
        return await tenant_page(request, slug, error)
    return see_other(f"/console/tenants/{slug}")


@post(
    f"{PATH}/owners/{{membership_id:uuid}}",
    opt=OPERATOR,
    media_type=MediaType.HTML,
    status_code=200,
    include_in_schema=False,
)
async def invite_owner(request: AnyRequest, kernel: Kernel, slug: str, membership_id: UUID) -> Response[Any]:
    """Send an owner the invitation once more, and show the link to hand over."""
    try:
        async with one_tenant(request, slug) as ctx:
            owner = await find_owner(ctx, membership_id)
            if owner is None:
                raise NotFound(N_("There is nobody like that here."))
            link = await invite(
                kernel, ctx.db, tenant_id=ctx.tenant.id, person_id=owner.person_id, membership_id=owner.id,
                to=owner.login, by=ctx.actor.name,
            )  # fmt: skip
            await note_deed(ctx, "tenant.owner_invite", owner=owner.name)
    except HeadgateError as error:
        return await tenant_page(request, slug, error)
    return await tenant_page(request, slug, link=link)


async def tenant_page(
    request: AnyRequest,
    slug: str,
    error: HeadgateError | None = None,
    *,
    typed: dict[str, str] | None = None,
    link: str = "",
) -> Response[str]:
    """Show one tenant, with what went wrong at the last step, or the link that was just made."""
    state = state_of_request(request)
    # plugins tell their figures under row-level security, like any other work of theirs
    async with state.kernel.context(await state.kernel.tenant(slug)) as own:
        figures = await tenant_figures(own)
    async with one_tenant(request, slug) as ctx:
        details = await tenant_details(ctx, state.kernel.host, figures)
        plans = await list_plans(ctx.db)
        info = ctx.tenant
    now = state.kernel.clock.now()
    return console_page(
        request,
        "console/tenant.html",
        status_code=200 if error is None else min(error.status, 499),
        zone=info.timezone,
        tenant=info,
        details=details,
        sample=_worth_telling(details.sample, now),
        helps=[(one, one.state_at(now)) for one in details.helps],
        plans=[(one.plan.key, one.plan.title(state.locale)) for one in plans],
        amount=amount_in_words,
        errors=words_by_field(request, error),
        typed=typed or {},
        link=link,
        methods=METHODS,
        deeds=KERNEL_DEEDS,
        plugin_states=STATES,
        help_states=SUPPORT_STATES,
    )


def _worth_telling(sample: SampleData | None, now: datetime) -> SampleData | None:
    """Leave out sample data that was never asked for, or has been there for a while."""
    if sample is None or sample.state == "none":
        return None
    return None if sample.state == "done" and now - sample.updated_at > NEWS else sample


HANDLERS = (tenant, sample, give_host, take_host, suspend, resume, invite_owner)
