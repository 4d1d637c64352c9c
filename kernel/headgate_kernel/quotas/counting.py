"""Count what is about to be done against the tenant's plan, in the transaction of the deed."""

import random
from datetime import date

from headgate_sdk.context import Context, QuotaPlace

from headgate_kernel.quotas.meters import METERS, Meter, period_of
from headgate_kernel.quotas.refusals import refusal
from headgate_kernel.quotas.slots import SLOTS, deal
from headgate_kernel.tenancy.own_plan import hold_own_plan

_LOCK = 7226008


async def use_quota(ctx: Context, meter: str, amount: int = 1) -> None:
    """Count an amount, or refuse; see `headgate_sdk.context.Context.use_quota`.

    Raises:
        QuotaExceeded: the plan's hard limit would be passed.
    """
    kind = METERS.get(meter)
    if kind is None:
        raise ValueError(f"there is no meter {meter!r}; there are {', '.join(METERS)}")
    if not amount:
        return
    if kind.counted:
        await _check_room(ctx, kind, amount)
        return
    place = quota_place(ctx, meter)
    if not await ctx.db.fetch_value(_COUNT, ctx.tenant.id, meter, place.period, amount, place.slot):
        await _deal_anew(ctx, kind, place.period, amount)


def quota_place(ctx: Context, meter: str) -> QuotaPlace:
    """Give where uses of a meter are counted just now."""
    period = period_of(METERS[meter], ctx.clock.now(), ctx.tenant.timezone)
    return QuotaPlace(period, random.randrange(SLOTS))  # noqa: S311 (any slot will do)


async def _check_room(ctx: Context, meter: Meter, amount: int) -> None:
    """See whether as many more may be added to what is there; whoever else adds waits until it is done."""
    if amount < 0:
        return
    plan = await hold_own_plan(ctx.db)
    hard = plan.limit(meter.key).hard
    if hard is None:
        return
    await ctx.db.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, ctx.tenant.id)
    if await ctx.db.fetch_value(_MEMBERS, ctx.tenant.id) + amount > hard:
        raise refusal(ctx, plan, meter, hard)


async def _deal_anew(ctx: Context, meter: Meter, period: date, amount: int) -> None:
    # held before the slots are locked, as whoever changes a plan does: it takes all shares back
    plan = await hold_own_plan(ctx.db)
    place = (ctx.tenant.id, meter.key, period)
    await ctx.db.execute(_MAKE_SLOTS, *place, SLOTS)
    rows = await ctx.db.fetch(_LOCK_SLOTS, *place)
    hard = plan.limit(meter.key).hard
    dealt = deal([row["used"] for row in rows], amount, hard)
    if dealt is None:
        assert hard is not None
        raise refusal(ctx, plan, meter, hard)
    await ctx.db.execute(_STORE_SLOTS, *place, [row["slot"] for row in rows], dealt.used, dealt.share)


_MEMBERS = "SELECT count(*) FROM membership WHERE tenant_id = $1 AND state = 'active'"
_COUNT = "SELECT headgate_count($1, $2, $3, $4, $5)"
_MAKE_SLOTS = """
INSERT INTO quota_use (tenant_id, meter, period, slot, used, share)
SELECT $1, $2, $3, slot, 0, 0 FROM generate_series(0, $4::integer - 1) AS slot
ON CONFLICT DO NOTHING
"""
_LOCK_SLOTS = """
SELECT slot, used FROM quota_use WHERE tenant_id = $1 AND meter = $2 AND period = $3
ORDER BY slot FOR NO KEY UPDATE
"""
_STORE_SLOTS = """
UPDATE quota_use q SET used = n.used, share = n.share
FROM unnest($4::smallint[], $5::bigint[], $6::bigint[]) AS n(slot, used, share)
WHERE q.tenant_id = $1 AND q.meter = $2 AND q.period = $3 AND q.slot = n.slot
"""
