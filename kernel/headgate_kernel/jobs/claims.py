"""Take jobs that are due, a few of each tenant at a time, and hold them by a lease.

Taking a job makes its fence grow. Whatever is done to it afterwards names the fence, so a worker that lost
its lease to another one, because it hung or was cut off, changes nothing any more.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from headgate_kernel.database.database import Databases
    from headgate_kernel.database.unit_of_work import UnitOfWork

LEASE = timedelta(seconds=30)
"""How long a job rests when the worker that holds it has died; living workers renew it long before."""


class Claim(msgspec.Struct, frozen=True):
    """A job in the hands of this worker.

    Args:
        tenant_id: whose; 0 for the platform.
        id: of the job.
        job: name of its type.
        plugin: whose code it is; empty for the kernel.
        payload: JSON.
        attempts: how often it was begun, this time included.
        postponed: how often it was not ready.
        fence: number of this claim.
        revision: of the tenant, at the moment of the claim.
    """

    tenant_id: int
    id: UUID
    job: str
    plugin: str
    payload: str
    attempts: int
    postponed: int
    fence: int
    revision: int


class Claims(msgspec.Struct, frozen=True):
    """What was taken at once.

    Args:
        jobs: in turn of the tenants, not one tenant's after another's.
        next_after: where to begin the next time, so that every tenant has its turn.
    """

    jobs: list[Claim]
    next_after: int


async def claim_due(
    databases: "Databases",
    *,
    now: datetime,
    most: int,
    each: int = 1_000,
    after: int = -1,
    without: Collection[int] = (),
    only: Collection[int] | None = None,
    lease: timedelta = LEASE,
) -> Claims:
    """Take jobs that are due, of as many tenants as have any, in equal parts.

    Args:
        databases: of the process.
        now: the time.
        most: how many; a few more where tenants are many.
        each: how many of one tenant.
        after: begin behind this tenant.
        without: tenants that have enough for now.
        only: these tenants' alone, if given.
        lease: how long they are held unless renewed.
    """
    async with databases.platform_scope() as db:
        await plan_by_index(db)
        rows = await db.fetch(
            _CLAIM, after, now, most, list(without), None if only is None else list(only), now + lease, each
        )
    taken = [Claim(*tuple(row)[:9]) for row in sorted(rows, key=lambda row: (row["turn"], row["tenant_id"]))]
    last = max((claim.tenant_id for claim in taken), default=-1)
    return Claims(taken, last if len(taken) >= most else -1)


async def renew(
    databases: "Databases", claims: Sequence[Claim], *, now: datetime, lease: timedelta = LEASE
) -> set[UUID]:
    """Hold on to jobs; gives the ids of those that are still ours."""
    if not claims:
        return set()
    async with databases.platform_scope() as db:
        await plan_by_index(db)
        rows = await db.fetch(_RENEW, *columns(claims), now + lease)
    return {row["id"] for row in rows}


def columns(claims: Sequence[Claim]) -> tuple[list[int], list[UUID], list[int]]:
    """Give tenants, ids and fences, as statements on several jobs take them."""
    return [c.tenant_id for c in claims], [c.id for c in claims], [c.fence for c in claims]


async def plan_by_index(db: "UnitOfWork") -> None:
    """Have statements planned for a long queue, though statistics may have been taken of an empty one."""
    await db.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")


# One probe of the index for each tenant that has something; the first row of each is its oldest.
_CLAIM = """
WITH RECURSIVE queue (tenant_id, run_at) AS (
    (SELECT tenant_id, run_at FROM job WHERE state IN ('ready', 'running') AND tenant_id > $1
     ORDER BY tenant_id, run_at, id LIMIT 1)
    UNION ALL
    SELECT following.tenant_id, following.run_at
    FROM queue CROSS JOIN LATERAL (
        SELECT tenant_id, run_at FROM job WHERE state IN ('ready', 'running') AND tenant_id > queue.tenant_id
        ORDER BY tenant_id, run_at, id LIMIT 1) AS following
), due AS MATERIALIZED (
    SELECT tenant_id FROM queue
    WHERE run_at <= $2 AND tenant_id <> ALL ($4::int[]) AND ($5::int[] IS NULL OR tenant_id = ANY ($5::int[]))
    LIMIT $3
), taken AS MATERIALIZED (
    SELECT mine.tenant_id, mine.id, row_number() OVER (PARTITION BY mine.tenant_id) AS turn
    FROM (SELECT tenant_id, count(*) OVER () AS tenants FROM due) AS share
    CROSS JOIN LATERAL (
        SELECT tenant_id, id FROM job
        WHERE job.tenant_id = share.tenant_id AND state IN ('ready', 'running') AND run_at <= $2
        ORDER BY run_at, id LIMIT least(greatest(1, $3 / share.tenants), $7) FOR UPDATE SKIP LOCKED) AS mine
)
UPDATE job SET state = 'running', run_at = $6, attempts = attempts + 1, fence = fence + 1
FROM taken WHERE job.tenant_id = taken.tenant_id AND job.id = taken.id
RETURNING job.tenant_id, job.id, job.job, job.plugin, job.payload, job.attempts, job.postponed, job.fence,
    coalesce((SELECT r.revision FROM tenant_revision r WHERE r.tenant_id = job.tenant_id), 1), taken.turn
"""

_RENEW = """
UPDATE job SET run_at = $4
FROM unnest($1::int[], $2::uuid[], $3::int[]) AS held (tenant_id, id, fence)
WHERE job.tenant_id = held.tenant_id AND job.id = held.id AND job.fence = held.fence AND job.state = 'running'
RETURNING job.id
"""
