"""Write down what became of jobs: many at once, each only while it is still this worker's."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import asyncpg
import msgspec

from headgate_kernel.jobs.claims import columns, plan_by_index
from headgate_kernel.jobs.outcomes import Outcome

if TYPE_CHECKING:
    from headgate_kernel.database.database import Databases
    from headgate_kernel.database.unit_of_work import UnitOfWork


async def settle(databases: "Databases", outcomes: Sequence[Outcome], *, now: datetime) -> int:
    """Write outcomes down; gives how many jobs had been lost to another worker, which are left alone."""
    finished = [outcome for outcome in outcomes if outcome.state == "done"]
    moved = [outcome for outcome in outcomes if outcome.state != "done"]
    settled = 0
    async with databases.platform_scope() as db:
        await plan_by_index(db)
        if finished:
            settled += _count(await db.execute(_REMOVE, *columns([outcome.claim for outcome in finished])))
        if moved:
            settled += await _move(db, moved, now)
    return len(outcomes) - settled


async def _move(db: "UnitOfWork", outcomes: Sequence[Outcome], now: datetime) -> int:
    try:
        async with db.savepoint():
            return _count(await db.execute(_MOVE, *_values(outcomes, now)))
    except asyncpg.UniqueViolationError:
        if len(outcomes) > 1:
            return sum([await _move(db, [outcome], now) for outcome in outcomes])
        # it was asked for again under its key while it ran: that one goes on for both
        claim, error = outcomes[0].claim, outcomes[0].error
        return _count(
            await db.execute(
                _FOLD, claim.tenant_id, claim.id, claim.fence,
                claim.attempts - outcomes[0].excused, claim.postponed + outcomes[0].not_ready,
                msgspec.json.encode(error).decode() if error else None,
            )
        )  # fmt: skip


def _values(outcomes: Sequence[Outcome], now: datetime) -> tuple[object, ...]:
    return (
        *columns([outcome.claim for outcome in outcomes]),
        [outcome.state for outcome in outcomes],
        [now + outcome.rests for outcome in outcomes],
        [int(outcome.excused) for outcome in outcomes],
        [int(outcome.not_ready) for outcome in outcomes],
        [msgspec.json.encode(outcome.error).decode() if outcome.error else None for outcome in outcomes],
    )


def _count(tag: str) -> int:
    return int(tag.rpartition(" ")[2])


_REMOVE = """
DELETE FROM job USING unnest($1::int[], $2::uuid[], $3::int[]) AS held (tenant_id, id, fence)
WHERE job.tenant_id = held.tenant_id AND job.id = held.id AND job.fence = held.fence AND job.state = 'running'
"""

_MOVE = """
UPDATE job SET state = held.state, run_at = held.run_at, attempts = job.attempts - held.excused,
    postponed = job.postponed + held.not_ready, error = coalesce(held.error, job.error)
FROM unnest($1::int[], $2::uuid[], $3::int[], $4::text[], $5::timestamptz[], $6::int[], $7::int[],
    $8::jsonb[]) AS held (tenant_id, id, fence, state, run_at, excused, not_ready, error)
WHERE job.tenant_id = held.tenant_id AND job.id = held.id AND job.fence = held.fence AND job.state = 'running'
"""

_FOLD = """
WITH mine AS (
    DELETE FROM job WHERE tenant_id = $1 AND id = $2 AND fence = $3 AND state = 'running'
    RETURNING tenant_id, job, key
), other AS (
    UPDATE job SET attempts = greatest(job.attempts, $4), postponed = greatest(job.postponed, $5),
        error = coalesce($6::jsonb, job.error)
    FROM mine WHERE job.tenant_id = $1 AND job.job = mine.job AND job.key = mine.key
        AND job.state IN ('ready', 'waiting')
)
SELECT 1 FROM mine
"""
