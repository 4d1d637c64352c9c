"""Dead letters, and jobs that are being tried again: why, and what the operator may do about it."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import asyncpg
import msgspec

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.jobs.doorbell import ring_all
from headgate_kernel.jobs.outcomes import ErrorWords

if TYPE_CHECKING:
    from headgate_sdk.context import Actor

    from headgate_kernel.database.unit_of_work import UnitOfWork

PAGE = 50
TRIES = 5


class Letter(msgspec.Struct, frozen=True):
    """A job that did not succeed.

    Args:
        tenant_id: whose; 0 is the platform.
        tenant: its name; empty for the platform, and for a tenant that is no more.
        id: of the job.
        job: name of its type.
        attempts: how often it was begun.
        postponed: how often its far side was not ready.
        created_at: when it was asked for.
        run_at: when it is tried next; of a dead one, when it was given up.
        error: why.
    """

    tenant_id: int
    tenant: str
    id: UUID
    job: str
    attempts: int
    postponed: int
    created_at: datetime
    run_at: datetime
    error: ErrorWords | None


class Letters(msgspec.Struct, frozen=True):
    """Some letters, newest first.

    Args:
        items: one page of them.
        total: how many there are.
        following: hand it in as `before` for the next page; None at the end.
    """

    items: list[Letter]
    total: int
    following: UUID | None


async def list_letters(
    db: "UnitOfWork", state: Literal["dead", "ready"], *, job: str = "", before: UUID | None = None
) -> Letters:
    """List jobs that were given up, or are being tried again.

    Args:
        db: a platform scope.
        state: `dead`, or `ready` for those that are tried again.
        job: of this type alone, if given.
        before: older than this one alone, if given.
    """
    rows = await db.fetch(_LIST, state, job, before, PAGE + 1)
    items = [_letter(*row) for row in rows]
    total = await db.fetch_value(_COUNT, state, job)
    return Letters(items[:PAGE], total, items[PAGE - 1].id if len(items) > PAGE else None)


async def retry_letters(
    db: "UnitOfWork", *, actor: "Actor", now: datetime, job: str = "", ids: Sequence[UUID] | None = None
) -> int:
    """Have dead letters tried again, all of a type or some; gives how many.

    Where one with the same key waits already, that one does for both.

    Args:
        db: a platform scope.
        actor: the operator.
        now: the time.
        job: those of this type; empty for all types.
        ids: these alone, if given.
    """
    count = await _retry(db, job, ids, now)
    if count:
        await append_platform_entry(
            db, actor=actor, action="jobs.retry", subject=job or "*", details=_details(count, ids), now=now
        )
        db.after_commit(ring_all)
    return count


async def drop_letters(
    db: "UnitOfWork", *, actor: "Actor", now: datetime, job: str = "", ids: Sequence[UUID] | None = None
) -> int:
    """Throw dead letters away, all of a type or some; gives how many.

    Args:
        db: a platform scope.
        actor: the operator.
        now: the time.
        job: those of this type; empty for all types.
        ids: these alone, if given.
    """
    tag = await db.execute(f"DELETE FROM job j WHERE {_CHOSEN}", job, list(ids) if ids is not None else None)  # noqa: S608 (a constant)
    count = int(tag.rpartition(" ")[2])
    if count:
        await append_platform_entry(
            db, actor=actor, action="jobs.drop", subject=job or "*", details=_details(count, ids), now=now
        )
    return count


async def _retry(db: "UnitOfWork", job: str, ids: Sequence[UUID] | None, now: datetime) -> int:
    for _ in range(TRIES):
        try:
            async with db.savepoint():
                count: int = await db.fetch_value(_RETRY, job, list(ids) if ids is not None else None, now)
                return count
        except asyncpg.UniqueViolationError:
            continue  # one of them was asked for anew this very moment: look again
    return 0


def _letter(*row: Any) -> Letter:
    *plain, error = row
    make: Callable[..., Letter] = Letter
    return make(*plain, msgspec.json.decode(error, type=ErrorWords) if error else None)


def _details(count: int, ids: Sequence[UUID] | None) -> dict[str, object]:
    return {"count": count, "ids": [str(one) for one in ids or ()][:PAGE]}


_CHOSEN = "j.state = 'dead' AND ($1 = '' OR j.job = $1) AND ($2::uuid[] IS NULL OR j.id = ANY ($2::uuid[]))"

_FILTER = """
j.state = $1 AND ($1 = 'dead' OR j.error IS NOT NULL) AND ($2 = '' OR j.job = $2)
"""

_LIST = f"""
SELECT j.tenant_id, coalesce(t.name, ''), j.id, j.job, j.attempts, j.postponed, j.created_at, j.run_at,
    j.error
FROM job j LEFT JOIN tenant t ON t.id = j.tenant_id
WHERE {_FILTER} AND ($3::uuid IS NULL OR j.id < $3)
ORDER BY j.id DESC LIMIT $4
"""  # noqa: S608 (made of constants)

_COUNT = f"SELECT count(*) FROM job j WHERE {_FILTER}"  # noqa: S608 (made of constants)

# Of several with one key only the newest is tried again, and none where another one waits already.
_RETRY = f"""
WITH locked AS (
    SELECT j.tenant_id, j.id, j.job, j.key FROM job j WHERE {_CHOSEN} FOR UPDATE
), chosen AS (
    SELECT l.tenant_id, l.id,
        l.key <> '' AND (
            row_number() OVER (PARTITION BY l.tenant_id, l.job, l.key ORDER BY l.id DESC) > 1
            OR EXISTS (SELECT FROM job p WHERE p.tenant_id = l.tenant_id AND p.job = l.job AND p.key = l.key
                       AND p.state IN ('ready', 'waiting'))) AS covered
    FROM locked l
), dropped AS (
    DELETE FROM job USING chosen c WHERE job.tenant_id = c.tenant_id AND job.id = c.id AND c.covered
), retried AS (
    UPDATE job SET state = 'ready', run_at = $3, attempts = 0, postponed = 0
    FROM chosen c WHERE job.tenant_id = c.tenant_id AND job.id = c.id AND NOT c.covered
)
SELECT count(*) FROM chosen
"""  # noqa: S608 (made of constants)
