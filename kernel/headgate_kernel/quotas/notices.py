"""Warn distributors whose plan is nearly or all used: a mail once a month, and a notice while it holds."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from headgate_kernel.identity.notices import notify_person
from headgate_kernel.quotas.amounts import amount_in_words
from headgate_kernel.quotas.meters import EVER
from headgate_kernel.quotas.usage import Usage, usage_of
from headgate_kernel.tenancy.directory import touch

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.jobs.kinds import NoDetails
    from headgate_kernel.runtime import Kernel

JOB = "headgate.quotas.warn"
AT_ONCE = 1_000
"""Tenants of one transaction."""

FOLD_AFTER = timedelta(days=40)


class Warned(msgspec.Struct, frozen=True):
    """A level that a meter of a tenant has reached."""

    tenant_id: int
    usage: Usage
    level: str


async def warn_of_usage(kernel: "Kernel", tenant_id: int, payload: "NoDetails") -> None:
    """Look at the usage of all tenants; warn of what was not warned of this month."""
    now = kernel.clock.now()
    last = 0
    while True:
        async with kernel.databases.platform_scope() as db:
            rows = await db.fetch("SELECT id FROM tenant WHERE id > $1 ORDER BY id LIMIT $2", last, AT_ONCE)
            if not rows:
                break
            last = rows[-1]["id"]
            await warn(db, await usage_of(db, [row["id"] for row in rows], now=now), now=now)
    async with kernel.databases.platform_scope() as db:
        await db.execute(_FOLD, EVER, (now - FOLD_AFTER).date())


async def warn(db: "Database", usage: Mapping[int, tuple[Usage, ...]], *, now: datetime) -> None:
    """Keep the notices of tenants in step with their usage, and write to the owners of those that are new.

    Args:
        db: a platform scope.
        usage: by tenant.
        now: the time.
    """
    reached = list(_reached(usage))
    columns = (
        [one.tenant_id for one in reached],
        [one.usage.meter.key for one in reached],
        [one.usage.month for one in reached],
        [one.level for one in reached],
    )
    changed = {row["tenant_id"] for row in await db.fetch(_WITHDRAW, list(usage), *columns)}
    new: set[tuple[int, str, date, str]] = set()
    for row in await db.fetch(_SAY, *columns, now):
        changed.add(row["tenant_id"])
        if row["at"] == now:
            new.add((row["tenant_id"], row["meter"], row["month"], row["level"]))
    for one in reached:
        key = (one.tenant_id, one.usage.meter.key, one.usage.month)
        # what was passed at one go is told once, in its last stage
        if (*key, one.level) in new and not (one.level == "near" and (*key, "full") in new):
            await _write(db, one, now)
    for tenant_id in sorted(changed):
        await touch(db, tenant_id)


def _reached(usage: Mapping[int, tuple[Usage, ...]]) -> Iterator[Warned]:
    for tenant_id, meters in usage.items():
        for one in meters:
            if one.state != "ok":
                yield Warned(tenant_id, one, "near")
            if one.share is not None and one.share >= 1:
                yield Warned(tenant_id, one, "full")


async def _write(db: "Database", warned: Warned, now: datetime) -> None:
    usage = warned.usage
    assert usage.included is not None
    values = {
        "meter": usage.meter.label, "level": warned.level,
        "used": amount_in_words(usage.meter, usage.used),
        "included": amount_in_words(usage.meter, usage.included),
        "hard": amount_in_words(usage.meter, usage.hard) if usage.hard is not None else "",
    }  # fmt: skip
    for row in await db.fetch(_OWNERS, warned.tenant_id):
        await notify_person(db, row["person_id"], "plan_usage", values, tenant_id=warned.tenant_id, now=now)


_REACHED = "unnest({}::integer[], {}::text[], {}::date[], {}::text[]) AS w(tenant_id, meter, month, level)"
_WITHDRAW = f"""
UPDATE quota_notice n SET holds = false
WHERE n.tenant_id = ANY($1::integer[]) AND n.holds AND NOT EXISTS (
    SELECT FROM {_REACHED.format("$2", "$3", "$4", "$5")}
    WHERE w.tenant_id = n.tenant_id AND w.meter = n.meter AND w.month = n.month AND w.level = n.level)
RETURNING n.tenant_id
"""  # noqa: S608
_SAY = f"""
INSERT INTO quota_notice AS n (tenant_id, meter, month, level, holds, at)
SELECT w.tenant_id, w.meter, w.month, w.level, true, $5 FROM {_REACHED.format("$1", "$2", "$3", "$4")}
ON CONFLICT (tenant_id, meter, month, level) DO UPDATE SET holds = true WHERE NOT n.holds
RETURNING n.tenant_id, n.meter, n.month, n.level, n.at
"""  # noqa: S608
_OWNERS = """
SELECT DISTINCT m.person_id
FROM membership m
JOIN membership_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
JOIN role r ON r.tenant_id = m.tenant_id AND r.id = mr.role_id
WHERE m.tenant_id = $1 AND m.kind = 'staff' AND m.state = 'active' AND '*' = ANY(r.permissions)
"""
# months that are over need no slots any more
_FOLD = """
WITH gone AS (
    DELETE FROM quota_use WHERE period <> $1 AND period < date_trunc('month', $2::date) AND slot > 0
    RETURNING tenant_id, meter, period, used
), summed AS (
    SELECT tenant_id, meter, period, sum(used)::bigint AS used FROM gone GROUP BY tenant_id, meter, period
)
INSERT INTO quota_use AS q (tenant_id, meter, period, slot, used, share)
SELECT tenant_id, meter, period, 0, used, NULL FROM summed
ON CONFLICT (tenant_id, meter, period, slot) DO UPDATE SET used = q.used + excluded.used, share = NULL
"""
