"""The console: the plans, who is near their end, and what another one would mean for a distributor."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import NavItem, see_other
from litestar import MediaType, Response, get, post
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.quotas.amounts import amount_in_words
from headgate_kernel.quotas.meters import METERS
from headgate_kernel.quotas.warned import list_warned
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.plan_preview import preview_plan
from headgate_kernel.tenancy.plans import assign_plan, find_plan, list_plans
from headgate_kernel.web.pages.console.frame import (
    CONSOLE_NAV,
    OPERATOR,
    AnyRequest,
    console_page,
    one_tenant,
)

PATH = "/console/plans"

CONSOLE_NAV.append(
    NavItem(label=N_("Plans"), href=PATH, face="console", icon="gauge", permission="operator", order=20)
)


class PlanForm(msgspec.Struct):
    """The plan that a distributor is put on."""

    plan: str


@get(PATH, opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def plans(request: AnyRequest, kernel: Kernel) -> Response[str]:
    """List the plans, and the distributors that have nearly used theirs up."""
    async with kernel.databases.platform_scope() as db:
        found = await list_plans(db)
        warned = await list_warned(db, now=kernel.clock.now())
    return console_page(
        request, "console/plans.html", plans=found, warned=warned, meters=METERS, amount=amount_in_words,
        installed=kernel.host.by_id,
    )  # fmt: skip


@get(f"{PATH}/{{slug:str}}", opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def preview(request: AnyRequest, kernel: Kernel, slug: str, plan: str = "") -> Response[str]:
    """Show what another plan would mean for a distributor; it is given to it from there."""
    tenant = await kernel.directory.by_slug(slug)
    if tenant is None:
        raise NotFound(N_("There is no tenant called {slug}."), slug=slug[:80])
    async with kernel.databases.platform_scope() as db:
        after = await find_plan(db, plan or tenant.plan)
        seen = await preview_plan(db, kernel.host, tenant.info.id, after, now=kernel.clock.now())
        found = await list_plans(db)
    return console_page(
        request, "console/plan_preview.html", tenant=tenant.info, preview=seen, plans=found,
        amount=amount_in_words,
    )  # fmt: skip


@post(
    f"{PATH}/{{slug:str}}", opt=OPERATOR, media_type=MediaType.HTML, status_code=200, include_in_schema=False
)
async def give(
    request: AnyRequest,
    kernel: Kernel,
    slug: str,
    data: Annotated[PlanForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Put the distributor on the plan."""
    async with one_tenant(request, slug) as ctx:
        await assign_plan(ctx.db, ctx.tenant.id, data.plan, actor=ctx.actor, now=kernel.clock.now())
    return see_other(f"/console/tenants/{slug}#plan")


HANDLERS = (plans, preview, give)
