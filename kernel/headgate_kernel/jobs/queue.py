"""Ask for a job, in the transaction of the change that wants it."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.ids import new_id

from headgate_kernel.database.unit_of_work import UnitOfWork
from headgate_kernel.jobs.doorbell import ring_all

if TYPE_CHECKING:
    from headgate_sdk.database import Database

PLATFORM = 0
"""Stands for the platform where a tenant's number is asked for."""


async def enqueue(
    db: "Database",
    tenant_id: int,
    job: str,
    payload: msgspec.Struct,
    *,
    key: str = "",
    run_at: datetime | None = None,
    now: datetime,
    plugin: str = "",
) -> UUID:
    """Ask for a job; it is there once the transaction is committed.

    Two transactions that ask with the same key at the same time wait for each other, so a key names the thing
    that the job is about, never a whole tenant.

    Args:
        db: of the platform, or of this tenant.
        tenant_id: whose work it is; 0 for the platform's own.
        job: name of its type.
        payload: what it is told.
        key: while a job of this type with this key waits to begin, no other one is made.
        run_at: not before; at once by default.
        now: the time.
        plugin: whose job type it is; empty for the kernel's.

    Returns:
        Id of the job, which is that of the one that waits already if the key has one.
    """
    found: UUID = await db.fetch_value(
        _ENQUEUE, tenant_id, new_id(), job, plugin, key, msgspec.json.encode(payload).decode(),
        run_at or now, now,
    )  # fmt: skip
    if isinstance(db, UnitOfWork):
        db.after_commit(ring_all)
    return found


class NewJob(msgspec.Struct, frozen=True):
    """One of many jobs that are asked for together, without keys.

    Args:
        job: name of its type.
        plugin: whose job type it is; empty for the kernel's.
        payload: what it is told.
    """

    job: str
    plugin: str
    payload: msgspec.Struct


async def enqueue_many(db: "Database", tenant_id: int, jobs: Sequence[NewJob], *, now: datetime) -> None:
    """Ask for many jobs in one statement; see `enqueue`."""
    await db.execute(
        """
        INSERT INTO job (tenant_id, id, job, plugin, payload, run_at, created_at)
        SELECT $1, n.id, n.job, n.plugin, n.payload::jsonb, $6, $6
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[]) AS n (id, job, plugin, payload)
        """,
        tenant_id, [new_id() for _ in jobs], [one.job for one in jobs], [one.plugin for one in jobs],
        [msgspec.json.encode(one.payload).decode() for one in jobs], now,
    )  # fmt: skip
    if isinstance(db, UnitOfWork):
        db.after_commit(ring_all)


# The update locks the job that waits: no worker takes it before this transaction ends, so what it will do
# is done with this change in sight.
_ENQUEUE = """
INSERT INTO job (tenant_id, id, job, plugin, key, payload, run_at, created_at)
VALUES ($1, $2, $3, $4, $5, $6::jsonb, $7, $8)
ON CONFLICT (tenant_id, job, key) WHERE key <> '' AND state IN ('ready', 'waiting')
DO UPDATE SET run_at = least(job.run_at, excluded.run_at)
RETURNING id
"""
