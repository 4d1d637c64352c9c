"""Settings: the plan that the distributor is on, and what is used of it."""

from headgate_sdk.context import Context
from headgate_sdk.web import page
from litestar import Response

from headgate_kernel.plugins.activation import list_plugins
from headgate_kernel.quotas import own_usage
from headgate_kernel.quotas.amounts import amount_in_words
from headgate_kernel.quotas.meters import next_month
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.own_plan import own_plan

PERMISSION = "headgate.plan.read"


@page("/settings/plan", permission=PERMISSION, include_in_schema=False)
async def plan_page(ctx: Context, kernel: Kernel) -> Response[str]:
    """Show the plan, what is used, and what happens at each limit."""
    plan = await own_plan(ctx.db)
    usage = await own_usage(ctx)
    views = await list_plugins(ctx, kernel.host)
    return await ctx.render(
        "settings/plan.html",
        plan=plan,
        usage=usage,
        amount=amount_in_words,
        begins_anew=next_month(usage[0].month).isoformat(),
        included=[view for view in views if view.state not in {"not_in_plan", "incompatible"}],
        left_out=[view for view in views if view.state == "not_in_plan"],
    )


HANDLERS = (plan_page,)
