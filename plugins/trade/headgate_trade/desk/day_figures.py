"""What the operator may know of a distributor's day: how many orders, and when the last one came."""

from zoneinfo import ZoneInfo

from headgate_sdk.context import Context
from headgate_sdk.figures import Figure
from headgate_sdk.i18n import N_


async def day_figures(ctx: Context) -> list[Figure]:
    """Count the orders placed since midnight where the tenant is, cancelled ones too; both from the index."""
    midnight = ctx.clock.now().astimezone(ZoneInfo(ctx.tenant.timezone)).replace(
        hour=0, minute=0, second=0, microsecond=0
    )  # fmt: skip
    row = await ctx.db.fetch_row(
        """
        SELECT (SELECT count(*) FROM trade_order WHERE tenant_id = $1 AND placed_at >= $2)::int AS today,
               (SELECT max(placed_at) FROM trade_order WHERE tenant_id = $1) AS last
        """,
        ctx.tenant.id, midnight,
    )  # fmt: skip
    assert row is not None
    return [
        Figure(key="orders_today", label=N_("Orders today"), count=row["today"]),
        Figure(key="last_order", label=N_("Last order"), moment=row["last"]),
    ]
