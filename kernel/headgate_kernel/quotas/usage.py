"""What tenants have used of their plans: one for its own page, hundreds for the console and the warnings."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal

import msgspec
from headgate_sdk.context import Context

from headgate_kernel.quotas.meters import EVER, METERS, Meter, month_of, period_of
from headgate_kernel.tenancy.own_plan import own_plan
from headgate_kernel.tenancy.plan_terms import Plan, decode_plan

if TYPE_CHECKING:
    from headgate_sdk.database import Database

NEAR = 0.8
"""Share of what is included, from which on both sides are warned."""

UsageState = Literal["ok", "near", "full", "stopped"]


class Usage(msgspec.Struct, frozen=True):
    """How much of one meter a tenant has used.

    Args:
        meter: which.
        used: so far; of monthly meters since the first of the month in the tenant's calendar.
        soft: included in the plan; None without one.
        hard: never exceeded; None without one.
        month: first day of the tenant's present month.
    """

    meter: Meter
    used: int
    soft: int | None
    hard: int | None
    month: date

    @property
    def included(self) -> int | None:
        """What the plan gives: the soft limit, or the hard one where there is no other."""
        return self.hard if self.soft is None else self.soft

    @property
    def share(self) -> float | None:
        """What part of the included is used: 1 is all of it; None where there is no limit."""
        return None if self.included is None else self.used / self.included

    @property
    def state(self) -> UsageState:
        """Tell how it stands: `near` from 80 % of the included on, `full`, `stopped` at the hard limit."""
        if self.hard is not None and self.used >= self.hard:
            return "stopped"
        if self.share is None or self.share < NEAR:
            return "ok"
        return "near" if self.share < 1 else "full"


async def usage_of(
    db: "Database", tenant_ids: Collection[int], *, now: datetime
) -> dict[int, tuple[Usage, ...]]:
    """Give the usage of many tenants in one query.

    Args:
        db: a platform scope.
        tenant_ids: whose; those that do not exist are left out.
        now: the time.

    Returns:
        By tenant, each with all meters in the order of `METERS`.
    """
    plans: dict[str | None, Plan] = {}
    found: dict[int, tuple[Usage, ...]] = {}
    for row in await db.fetch(_USAGE_OF, list(tenant_ids), now, EVER):
        terms = row["terms"]
        if terms not in plans:
            plans[terms] = decode_plan(terms)
        used = dict(zip(row["meters"], row["used"], strict=True)) | {"members": row["members"]}
        found[row["id"]] = usage_under(plans[terms], used, row["month"])
    return found


async def own_usage(ctx: Context) -> tuple[Usage, ...]:
    """Give the usage of the context's own tenant, all meters in the order of `METERS`."""
    now, zone = ctx.clock.now(), ctx.tenant.timezone
    periods = [period_of(meter, now, zone) for meter in METERS.values()]
    rows = await ctx.db.fetch(_OWN_USAGE, ctx.tenant.id, list(METERS), periods)
    return usage_under(
        await own_plan(ctx.db), {row["meter"]: row["used"] for row in rows}, month_of(now, zone)
    )


def usage_under(plan: Plan, used: Mapping[str, int], month: date) -> tuple[Usage, ...]:
    """Hold what was used against a plan; a meter that was never used stands at nothing."""
    return tuple(
        Usage(meter, used.get(key, 0), plan.limit(key).soft, plan.limit(key).hard, month)
        for key, meter in METERS.items()
    )


_USAGE_OF = """
WITH asked AS (
    SELECT t.id, p.terms::text AS terms,
           date_trunc('month', $2::timestamptz AT TIME ZONE t.timezone)::date AS month
    FROM tenant t
    LEFT JOIN plan p ON p.key = coalesce(t.plan, (SELECT d.key FROM plan d ORDER BY d.position LIMIT 1))
    WHERE t.id = ANY($1::integer[])
), used AS (
    SELECT q.tenant_id, q.meter, sum(q.used)::bigint AS used
    FROM asked a
    JOIN quota_use q ON q.tenant_id = a.id AND q.period IN (a.month, $3::date)
    GROUP BY q.tenant_id, q.meter
), counted AS (
    SELECT u.tenant_id, array_agg(u.meter) AS meters, array_agg(u.used) AS used
    FROM used u GROUP BY u.tenant_id
), people AS (
    SELECT m.tenant_id, count(*) AS members FROM membership m
    WHERE m.tenant_id = ANY($1::integer[]) AND m.state = 'active' GROUP BY m.tenant_id
)
SELECT a.id, a.terms, a.month, coalesce(c.meters, '{}') AS meters, coalesce(c.used, '{}') AS used,
       coalesce(p.members, 0) AS members
FROM asked a
LEFT JOIN counted c ON c.tenant_id = a.id
LEFT JOIN people p ON p.tenant_id = a.id
"""
_OWN_USAGE = """
SELECT q.meter, sum(q.used)::bigint AS used
FROM unnest($2::text[], $3::date[]) AS asked(meter, period)
JOIN quota_use q ON q.tenant_id = $1 AND q.meter = asked.meter AND q.period = asked.period
GROUP BY q.meter
UNION ALL
SELECT 'members', count(*) FROM membership m WHERE m.tenant_id = $1 AND m.state = 'active'
"""
