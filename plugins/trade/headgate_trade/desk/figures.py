"""The strip of figures over a customer's page."""

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.money import Money


class LastOrder(msgspec.Struct, frozen=True):
    """The customer's latest order that was not cancelled."""

    id: UUID
    number: str
    placed_at: datetime


class CustomerFigures(msgspec.Struct, frozen=True):
    """What a customer ordered, by the tenant's calendar; cancelled orders do not count.

    Args:
        this_month: so far.
        last_month: the whole month before.
        this_year: so far.
        last_order: None for somebody who never ordered.
    """

    this_month: Money
    last_month: Money
    this_year: Money
    last_order: LastOrder | None


async def customer_figures(ctx: Context, customer_id: UUID) -> CustomerFigures:
    """Add up a customer's orders of this month, the month before and this year."""
    ctx.require("trade.customers.read")
    month, month_before, year = _beginnings(ctx)
    row = await ctx.db.fetch_row(
        """
        SELECT coalesce(sum(total) FILTER (WHERE placed_at >= $3), 0)::bigint,
               coalesce(sum(total) FILTER (WHERE placed_at >= $4 AND placed_at < $3), 0)::bigint,
               coalesce(sum(total) FILTER (WHERE placed_at >= $5), 0)::bigint
        FROM trade_order
        WHERE tenant_id = $1 AND customer_id = $2 AND placed_at >= least($4, $5) AND cancelled_at IS NULL
        """,
        ctx.tenant.id, customer_id, month, month_before, year,
    )  # fmt: skip
    assert row is not None
    last = await ctx.db.fetch_as(
        LastOrder,
        "SELECT id, number, placed_at FROM trade_order "
        "WHERE tenant_id = $1 AND customer_id = $2 AND cancelled_at IS NULL "
        "ORDER BY placed_at DESC, id DESC LIMIT 1",
        ctx.tenant.id, customer_id,
    )  # fmt: skip
    this_month, last_month, this_year = (Money(amount, ctx.tenant.currency) for amount in row)
    return CustomerFigures(this_month, last_month, this_year, last[0] if last else None)


def _beginnings(ctx: Context) -> tuple[datetime, datetime, datetime]:
    """Give when this month, the month before and this year began where the tenant is."""
    today = ctx.clock.now().astimezone(ZoneInfo(ctx.tenant.timezone))
    month = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    if month.month > 1:
        month_before = month.replace(month=month.month - 1)
    else:
        month_before = month.replace(year=month.year - 1, month=12)
    return month, month_before, month.replace(month=1)
