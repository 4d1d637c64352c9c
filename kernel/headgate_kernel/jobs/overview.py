"""How the queue stands: what waits where, since when, and what was given up."""

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from headgate_sdk.database import Database

TENANTS_SHOWN = 50


class QueueOfTenant(msgspec.Struct, frozen=True):
    """The jobs of one tenant.

    Args:
        tenant_id: 0 is the platform.
        slug: empty for the platform, and for a tenant that is no more.
        name: likewise.
        due: ready, and their time has come.
        later: ready for a later time, those that are tried again among them.
        running: in the hands of a worker.
        waiting: for their plugin or tenant.
        dead: given up.
        oldest: since when the oldest of the due ones waits; None without any.
    """

    tenant_id: int
    slug: str
    name: str
    due: int
    later: int
    running: int
    waiting: int
    dead: int
    oldest: datetime | None


class DeadOfKind(msgspec.Struct, frozen=True):
    """The dead letters of one type of job."""

    job: str
    count: int


class Overview(msgspec.Struct, frozen=True):
    """The whole queue.

    Args:
        total: of all tenants together.
        tenants: those with the most trouble and the longest waits first.
        dead: given up, by type of job.
        hidden: how many tenants with jobs are not among `tenants`.
    """

    total: QueueOfTenant
    tenants: list[QueueOfTenant]
    dead: list[DeadOfKind]
    hidden: int


async def overview(db: "Database", now: datetime) -> Overview:
    """Count the queue.

    Args:
        db: a platform scope.
        now: the time.
    """
    rows = await db.fetch_as(QueueOfTenant, _TENANTS, now)
    dead = await db.fetch_as(
        DeadOfKind, "SELECT job, count(*) FROM job WHERE state = 'dead' GROUP BY job ORDER BY 2 DESC, 1"
    )
    waits = [row.oldest for row in rows if row.oldest is not None]
    total = QueueOfTenant(
        tenant_id=0, slug="", name="",
        due=sum(row.due for row in rows), later=sum(row.later for row in rows),
        running=sum(row.running for row in rows), waiting=sum(row.waiting for row in rows),
        dead=sum(row.dead for row in rows), oldest=min(waits, default=None),
    )  # fmt: skip
    rows.sort(key=lambda row: (-row.dead, row.oldest or now, row.tenant_id))
    return Overview(total, rows[:TENANTS_SHOWN], dead, max(0, len(rows) - TENANTS_SHOWN))


_TENANTS = """
SELECT j.tenant_id, coalesce(t.slug, ''), coalesce(t.name, ''),
    j.due, j.later, j.running, j.waiting, j.dead, j.oldest
FROM (
    SELECT tenant_id,
        count(*) FILTER (WHERE state = 'ready' AND run_at <= $1) AS due,
        count(*) FILTER (WHERE state = 'ready' AND run_at > $1) AS later,
        count(*) FILTER (WHERE state = 'running') AS running,
        count(*) FILTER (WHERE state = 'waiting') AS waiting,
        count(*) FILTER (WHERE state = 'dead') AS dead,
        min(run_at) FILTER (WHERE state = 'ready' AND run_at <= $1) AS oldest
    FROM job GROUP BY tenant_id
) AS j LEFT JOIN tenant t ON t.id = j.tenant_id
"""
