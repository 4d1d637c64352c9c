"""Gathers what the console's list shows of each tenant, by a schedule: the list reads one row of each."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from headgate_sdk import hooks
from headgate_sdk.context import Context
from headgate_sdk.figures import Figure

from headgate_kernel.jobs.kinds import NoDetails
from headgate_kernel.observe.traffic import served

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

LATELY = timedelta(minutes=15)
"""How far back the figures of requests look."""

ORDERS_TODAY = "orders_today"
LAST_ORDER = "last_order"


async def tenant_figures(ctx: Context) -> list[Figure]:
    """Give what the active plugins tell of the tenant's day."""
    answers = await ctx.hooks.decide(hooks.headgate_tenant_figures)
    return [figure for _, figures in answers for figure in figures]


async def gather_figures(kernel: "Kernel", tenant_id: int, payload: NoDetails) -> None:
    """Gather the figures of all tenants that were busy lately, or had orders on the day before.

    Each tenant is asked in a unit of work of its own, under row-level security.
    """
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        slugs = [row["slug"] for row in await db.fetch(_DUE, now - LATELY)]
    for slug in slugs:
        await _gather_one(kernel, slug, now)
    async with kernel.databases.platform_scope() as db:
        ids = [row["tenant_id"] for row in await db.fetch("SELECT tenant_id FROM tenant_figure")]
        lately = await served(db, ids, since=now - LATELY)
        await db.execute_many(
            "UPDATE tenant_figure SET requests = $2, errors = $3, p95_ms = $4 WHERE tenant_id = $1",
            [(id_, one.requests, one.errors, one.p95_ms) for id_, one in lately.items()],
        )
        await db.execute(
            "UPDATE tenant_figure SET requests = 0, errors = 0, p95_ms = 0 "
            "WHERE requests > 0 AND NOT tenant_id = ANY($1)",
            list(lately),
        )


async def _gather_one(kernel: "Kernel", slug: str, now: datetime) -> None:
    tenant = await kernel.directory.by_slug(slug)
    if tenant is None:  # erased meanwhile
        return
    async with kernel.context(tenant) as ctx:
        figures = await tenant_figures(ctx)
    today = sum(figure.count or 0 for figure in figures if figure.key == ORDERS_TODAY)
    last = max((f.moment for f in figures if f.key == LAST_ORDER and f.moment is not None), default=None)
    async with kernel.databases.platform_scope() as db:
        await db.execute(_KEEP, tenant.info.id, today, last, now)


_DUE = """
SELECT t.slug FROM tenant t LEFT JOIN tenant_figure f ON f.tenant_id = t.id
WHERE t.state = 'active' AND (
    f.tenant_id IS NULL OR f.orders_today > 0
    OR EXISTS (SELECT FROM tenant_traffic r WHERE r.tenant_id = t.id AND r.minute >= least($1, f.gathered_at))
)
ORDER BY t.id
"""

_KEEP = """
INSERT INTO tenant_figure (tenant_id, orders_today, last_order_at, requests, errors, p95_ms, gathered_at)
SELECT t.id, $2, $3, 0, 0, 0, $4 FROM tenant t WHERE t.id = $1
ON CONFLICT (tenant_id) DO UPDATE SET
    orders_today = excluded.orders_today, last_order_at = excluded.last_order_at,
    gathered_at = excluded.gathered_at
"""
