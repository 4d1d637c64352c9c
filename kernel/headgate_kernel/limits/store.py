"""The shared state in the database: one row for each tenant, locked while a worker takes its part."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.ids import TenantId

from headgate_kernel.limits.state import Ask, Grant, Hold, Shared, take
from headgate_kernel.tenancy.plan_terms import RequestLimits

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

ALIVE_SECONDS = 6
"""A worker that says nothing for so long has lost what it took."""

PRESSED_SECONDS = 2
"""For so long the others are asked to give back what they do not need, when somebody found too little."""

_HOLDS = msgspec.json.Decoder(dict[str, Hold])


class Request(msgspec.Struct, frozen=True):
    """What is asked for a tenant."""

    tenant_id: TenantId
    limits: RequestLimits
    ask: Ask


async def exchange(db: "Database", worker: UUID, requests: Sequence[Request]) -> dict[TenantId, Grant]:
    """Take or give back for several tenants at once; the rows stay locked until the transaction ends.

    Args:
        db: a platform scope.
        worker: who asks.
        requests: one for each tenant.
    """
    by_tenant = {request.tenant_id: request for request in requests}
    rows = await db.fetch(_LOCK, list(by_tenant))
    if len(rows) < len(by_tenant):
        bursts = [request.limits.burst for request in by_tenant.values()]
        await db.execute(_MAKE, list(by_tenant), bursts)
        rows = await db.fetch(_LOCK, list(by_tenant))
    held = {row["tenant_id"]: _HOLDS.decode(row["holds"]) for row in rows}
    alive = await _alive(db, rows, held.values())
    grants: dict[TenantId, Grant] = {}
    after: list[tuple[TenantId, float, float, str, bool]] = []
    for row in rows:
        request = by_tenant[row["tenant_id"]]
        shared, grant = take(
            Shared(row["tokens"], row["at"], held[row["tenant_id"]]), request.limits, str(worker),
            request.ask, alive=alive, now=row["now"],
        )  # fmt: skip
        grants[request.tenant_id] = grant
        holds = msgspec.json.encode(shared.holds).decode()
        after.append((request.tenant_id, shared.tokens, shared.at, holds, grant.short))
    await db.execute(_STORE, *(list(column) for column in zip(*after, strict=True)), PRESSED_SECONDS)
    return grants


async def _alive(
    db: "Database", rows: "Sequence[Record]", held: Iterable[Mapping[str, Hold]]
) -> frozenset[str]:
    """Give the workers that live, of those that hold anything.

    The list that came with the rows may be older than they are, since they were waited for: who seems dead is
    asked after once more.
    """
    alive = frozenset(str(one) for row in rows for one in row["alive"])
    doubtful = {worker for holds in held for worker in holds} - alive
    if doubtful:
        again = await db.fetch(_STILL_ALIVE, [UUID(worker) for worker in doubtful])
        alive |= {str(row["id"]) for row in again}
    return alive


async def beat(db: "Database", worker: UUID) -> None:
    """Say that the worker lives, and forget those that have said nothing for long."""
    await db.execute(_BEAT, worker, ALIVE_SECONDS)


async def retire(db: "Database", worker: UUID) -> None:
    """Say that the worker is gone: whatever it still held is free at once."""
    await db.execute("DELETE FROM limit_worker WHERE id = $1", worker)


async def pressed(db: "Database", tenant_ids: Sequence[TenantId]) -> set[TenantId]:
    """Give those of the tenants for which somebody found too little just now."""
    rows = await db.fetch(_PRESSED, list(tenant_ids))
    return {row["tenant_id"] for row in rows}


_LOCK = """
SELECT s.tenant_id, s.tokens, extract(epoch FROM s.at)::float8 AS at, s.holds,
       extract(epoch FROM clock_timestamp())::float8 AS now,
       ARRAY(SELECT w.id FROM limit_worker w WHERE w.alive_until > clock_timestamp()) AS alive
FROM limit_state s WHERE s.tenant_id = ANY($1::integer[])
ORDER BY s.tenant_id FOR NO KEY UPDATE OF s
"""
_STILL_ALIVE = """
SELECT id FROM limit_worker WHERE id = ANY($1::uuid[]) AND alive_until > clock_timestamp()
"""
_MAKE = """
INSERT INTO limit_state (tenant_id, tokens, at)
SELECT n.id, n.burst, clock_timestamp() FROM unnest($1::integer[], $2::integer[]) AS n(id, burst)
ORDER BY n.id ON CONFLICT DO NOTHING
"""
_STORE = """
UPDATE limit_state s SET tokens = n.tokens, at = to_timestamp(n.at), holds = n.holds,
    pressed_until = CASE WHEN n.short THEN clock_timestamp() + make_interval(secs => $6)
                         ELSE s.pressed_until END
FROM unnest($1::integer[], $2::float8[], $3::float8[], $4::jsonb[], $5::boolean[])
    AS n(tenant_id, tokens, at, holds, short)
WHERE s.tenant_id = n.tenant_id
"""
_BEAT = """
WITH gone AS (DELETE FROM limit_worker WHERE alive_until < clock_timestamp() - interval '1 hour')
INSERT INTO limit_worker (id, alive_until) VALUES ($1, clock_timestamp() + make_interval(secs => $2))
ON CONFLICT (id) DO UPDATE SET alive_until = excluded.alive_until
"""
_PRESSED = """
SELECT tenant_id FROM limit_state WHERE tenant_id = ANY($1::integer[]) AND pressed_until > clock_timestamp()
"""
