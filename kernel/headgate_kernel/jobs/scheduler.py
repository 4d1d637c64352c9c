"""Fires schedules: a row says when each one is due next, and whoever locks the row fires it, once."""

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.ids import new_id

from headgate_kernel.jobs.doorbell import ring_all
from headgate_kernel.jobs.own import KERNEL_JOBS, KERNEL_SCHEDULES
from headgate_kernel.jobs.rules import Rule

if TYPE_CHECKING:
    from datetime import datetime

    from headgate_sdk.database import Record

    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

AT_ONCE = 200
KEY = "schedule"
"""While the last one waits to begin or still runs, a schedule asks for no other."""


class Scheduler:
    """Fires the schedules of the kernel and of plugins.

    Args:
        kernel: of the process.
    """

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._rules = {rule.when.job: rule for rule in rules_of(kernel)}

    async def note_rules(self) -> None:
        """Write down when each schedule fires first, where that is not known or its rule has changed."""
        rules = list(self._rules.values())
        now = self._kernel.clock.now()
        async with self._kernel.databases.platform_scope() as db:
            lacking = await db.fetch(
                _LACKING,
                [rule.when.job for rule in rules],
                [rule.plugin for rule in rules],
                [rule.spec("%s") for rule in rules],
                [rule.for_tenants for rule in rules],
            )
            noted = [self._first(row, now) for row in lacking]
            if noted:
                await db.execute(_NOTE, *map(list, zip(*noted, strict=True)))

    def _first(self, row: "Record", now: "datetime") -> tuple[object, ...]:
        rule, zone = self._rules[row["job"]], row["zone"]
        first = rule.first(zone, now, _share(row["tenant_id"], row["job"]))
        return row["tenant_id"], row["job"], rule.plugin, rule.spec(zone), first

    async def fire_due(self) -> int:
        """Ask for the jobs of schedules that are due; gives how many were due."""
        now = self._kernel.clock.now()
        async with self._kernel.databases.platform_scope() as db:
            due = await db.fetch(_DUE, now, list(self._rules), AT_ONCE)
            live = [row for row in due if row["active"]]
            gone = [row for row in due if not row["active"]]
            if gone:
                await db.execute(_FORGET, *_keys(gone))
            if live:
                await self._fire(db, live, now)
        return len(due)

    async def _fire(self, db: "UnitOfWork", due: Sequence["Record"], now: "datetime") -> None:
        rules = [self._rules[row["job"]] for row in due]
        await db.execute(
            _ENQUEUE, *_keys(due), [new_id() for _ in due], [rule.plugin for rule in rules],
            [rule.payload for rule in rules], now, KEY,
        )  # fmt: skip
        following = [
            rule.following(row["zone"], row["next_at"], now) for rule, row in zip(rules, due, strict=True)
        ]
        specs = [rule.spec(row["zone"]) for rule, row in zip(rules, due, strict=True)]
        await db.execute(_ADVANCE, *_keys(due), following, specs, now)
        db.after_commit(ring_all)


def rules_of(kernel: "Kernel") -> list[Rule]:
    """Give the schedules of the kernel and of its plugins."""
    own = {job.name: job for job in KERNEL_JOBS}
    theirs = {job.name: job for _, job in kernel.host.surfaces.jobs}
    return [
        *(
            Rule(schedule.when, "", _defaults(own[schedule.when.job].payload), schedule.each_tenant)
            for schedule in KERNEL_SCHEDULES
        ),
        *(
            Rule(schedule, plugin, _defaults(theirs[schedule.job].payload), for_tenants=True)
            for plugin, schedule in kernel.host.surfaces.schedules
        ),
    ]


def _defaults(payload: type[msgspec.Struct]) -> str:
    return msgspec.json.encode(payload()).decode()


def _share(tenant_id: int, job: str) -> float:
    """Spread tenants evenly and always alike."""
    digest = hashlib.blake2s(f"{tenant_id} {job}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) / 2**32


def _keys(rows: Sequence["Record"]) -> tuple[list[int], list[str]]:
    return [row["tenant_id"] for row in rows], [row["job"] for row in rows]


_ACTIVE = """
t.state = 'active' AND ({plugin} = '' OR EXISTS (
    SELECT FROM plugin_activation a
    WHERE a.tenant_id = t.id AND a.plugin = {plugin} AND a.state = 'active'))
"""

_LACKING = f"""
WITH rule AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[])
        AS r (job, plugin, spec, for_tenants)
), wanted AS (
    SELECT 0 AS tenant_id, r.job, r.spec, 'UTC' AS zone FROM rule r WHERE NOT r.for_tenants
    UNION ALL
    SELECT t.id, r.job, r.spec, t.timezone FROM tenant t CROSS JOIN rule r
    WHERE r.for_tenants AND {_ACTIVE.format(plugin="r.plugin")}
)
SELECT w.tenant_id, w.job, w.zone
FROM wanted w LEFT JOIN job_schedule s ON s.tenant_id = w.tenant_id AND s.job = w.job
WHERE s.spec IS DISTINCT FROM replace(w.spec, '%s', w.zone)
"""  # noqa: S608 (made of constants)

_NOTE = """
INSERT INTO job_schedule (tenant_id, job, plugin, spec, next_at)
SELECT * FROM unnest($1::int[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
ON CONFLICT (tenant_id, job) DO UPDATE
SET plugin = excluded.plugin, spec = excluded.spec, next_at = excluded.next_at
WHERE job_schedule.spec <> excluded.spec
"""

_DUE = f"""
SELECT s.tenant_id, s.job, s.next_at, coalesce(t.timezone, 'UTC') AS zone,
    s.tenant_id = 0 OR coalesce({_ACTIVE.format(plugin="s.plugin")}, false) AS active
FROM job_schedule s LEFT JOIN tenant t ON t.id = s.tenant_id
WHERE s.next_at <= $1 AND s.job = ANY ($2::text[])
ORDER BY s.next_at LIMIT $3 FOR UPDATE OF s SKIP LOCKED
"""  # noqa: S608 (made of constants)

_FORGET = """
DELETE FROM job_schedule s USING unnest($1::int[], $2::text[]) AS gone (tenant_id, job)
WHERE s.tenant_id = gone.tenant_id AND s.job = gone.job
"""

_ENQUEUE = """
INSERT INTO job (tenant_id, id, job, plugin, key, payload, run_at, created_at)
SELECT due.tenant_id, due.id, due.job, due.plugin, $7, due.payload, $6, $6
FROM unnest($1::int[], $2::text[], $3::uuid[], $4::text[], $5::jsonb[])
    AS due (tenant_id, job, id, plugin, payload)
WHERE NOT EXISTS (
    SELECT FROM job j
    WHERE j.tenant_id = due.tenant_id AND j.job = due.job AND j.key = $7 AND j.state = 'running')
ON CONFLICT (tenant_id, job, key) WHERE key <> '' AND state IN ('ready', 'waiting') DO NOTHING
"""

_ADVANCE = """
UPDATE job_schedule s SET next_at = fired.next_at, spec = fired.spec, fired_at = $5
FROM unnest($1::int[], $2::text[], $3::timestamptz[], $4::text[]) AS fired (tenant_id, job, next_at, spec)
WHERE s.tenant_id = fired.tenant_id AND s.job = fired.job
"""
