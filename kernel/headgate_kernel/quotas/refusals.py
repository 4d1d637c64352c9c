"""What somebody is told whose deed the plan has no room for."""

from headgate_sdk.context import Context
from headgate_sdk.errors import QuotaExceeded
from headgate_sdk.i18n import N_

from headgate_kernel.quotas.amounts import amount_in_words
from headgate_kernel.quotas.meters import METERS, Meter, month_of, next_month
from headgate_kernel.tenancy.plan_terms import Plan

_TO_STAFF = {
    "orders": N_(
        "The plan {plan} gives {limit} orders a month, and all are used. Nothing was placed, and nothing is "
        "lost. Ask your operator for a larger plan; counting begins anew on {day}."
    ),
    "members": N_(
        "The plan {plan} has places for {limit} people who may sign in, and this would be more. End "
        "somebody's access, or ask your operator for a larger plan."
    ),
    "storage_bytes": N_(
        "The plan {plan} gives {limit} for pictures and files, and this would be more. Ask your operator for "
        "a larger plan."
    ),
    "api_requests": N_(
        "The plan {plan} gives {limit} API requests a month, and all are used. Ask your operator for a "
        "larger plan; counting begins anew with the next month."
    ),
}
_TO_CUSTOMERS = N_(
    "{name} cannot take this just now: a limit of their system is reached. Nothing is lost; please call them."
)


def api_refusal(plan: Plan, locale: str, limit: int) -> QuotaExceeded:
    """Give the error of a program whose month of API requests is used up."""
    return QuotaExceeded(
        _TO_STAFF["api_requests"],
        meter="api_requests",
        plan=plan.title(locale),
        limit=amount_in_words(METERS["api_requests"], limit),
    )


def refusal(ctx: Context, plan: Plan, meter: Meter, limit: int) -> QuotaExceeded:
    """Give the error: staff hear of plan, limit and what to do, customers that they should call.

    Args:
        ctx: whose deed.
        plan: of the tenant.
        meter: which ran out.
        limit: the plan's hard limit.
    """
    if ctx.actor.kind in {"customer", "anonymous"}:
        return QuotaExceeded(_TO_CUSTOMERS, meter=meter.key, name=ctx.tenant.name)
    day = next_month(month_of(ctx.clock.now(), ctx.tenant.timezone))
    return QuotaExceeded(
        _TO_STAFF[meter.key], meter=meter.key, plan=plan.title(ctx.locale),
        limit=amount_in_words(meter, limit), day=day.isoformat(),
    )  # fmt: skip
