"""How each tenant is served, by the minute: requests, errors and a histogram of times, over all workers.

Counted in memory, and added to the database once in a while: what an operator looks at when somebody says
"it is slow today".
"""

from bisect import bisect_left
from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec
from headgate_sdk.database import Database

BOUNDS_MS = (5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Upper ends of the histogram's parts; the last part has none."""

KEPT = timedelta(days=2)


class Counted:
    """One tenant's requests since the last flush."""

    __slots__ = ("buckets", "errors", "requests")

    def __init__(self) -> None:
        self.requests = 0
        self.errors = 0
        self.buckets = [0] * (len(BOUNDS_MS) + 1)


class Served(msgspec.Struct, frozen=True):
    """How a tenant was served in a span of time.

    Args:
        requests: how many.
        errors: how many of them broke on our side.
        p95_ms: 95 of 100 took at most about this long; 0 without requests.
    """

    requests: int
    errors: int
    p95_ms: int


class Traffic:
    """Counts requests of this process by tenant."""

    def __init__(self) -> None:
        self._counted: dict[int, Counted] = {}

    def count(self, tenant_id: int, seconds: float, *, failed: bool) -> None:
        """Count one request."""
        counted = self._counted.get(tenant_id)
        if counted is None:
            counted = self._counted[tenant_id] = Counted()
        counted.requests += 1
        counted.errors += failed
        counted.buckets[bisect_left(BOUNDS_MS, seconds * 1000)] += 1

    async def flush(self, db: Database, now: datetime) -> int:
        """Add what was counted to the minute that ends; gives how many tenants had requests.

        Args:
            db: a platform scope.
            now: the time.
        """
        counted, self._counted = self._counted, {}
        if counted:
            minute = now.replace(second=0, microsecond=0)
            await db.execute_many(
                _ADD,
                [
                    (tenant, minute, one.requests, one.errors, one.buckets)
                    for tenant, one in sorted(counted.items())
                ],
            )
        return len(counted)


async def served(db: Database, tenant_ids: Collection[int], *, since: datetime) -> dict[int, Served]:
    """Tell how tenants were served lately; those without requests are left out.

    Args:
        db: a platform scope.
        tenant_ids: whose.
        since: from when on.
    """
    rows = await db.fetch(_READ, list(tenant_ids), since)
    return {row["tenant_id"]: Served(row["requests"], row["errors"], _p95(row["buckets"])) for row in rows}


async def forget_old_traffic(db: Database, now: datetime) -> None:
    """Drop minutes that nobody looks at any more."""
    await db.execute("DELETE FROM tenant_traffic WHERE minute < $1", now - KEPT)


def _p95(buckets: list[int]) -> int:
    wanted = sum(buckets) * 0.95
    so_far = 0
    for bound, count in zip(BOUNDS_MS, buckets, strict=False):
        so_far += count
        if so_far >= wanted:
            return bound
    return BOUNDS_MS[-1] * 2


_ADD = """
INSERT INTO tenant_traffic AS t (tenant_id, minute, requests, errors, buckets) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id, minute) DO UPDATE SET
    requests = t.requests + excluded.requests, errors = t.errors + excluded.errors,
    buckets = (SELECT array_agg(a + b ORDER BY n)
               FROM unnest(t.buckets, excluded.buckets) WITH ORDINALITY AS u (a, b, n))
"""

_READ = """
WITH minutes AS (
    SELECT tenant_id, requests, errors, buckets FROM tenant_traffic WHERE tenant_id = ANY($1) AND minute >= $2
)
SELECT s.tenant_id, s.requests, s.errors, p.buckets
FROM (
    SELECT tenant_id, sum(requests)::int AS requests, sum(errors)::int AS errors
    FROM minutes GROUP BY tenant_id
) s
JOIN (
    SELECT tenant_id, array_agg(total ORDER BY n) AS buckets
    FROM (
        SELECT m.tenant_id, u.n, sum(u.b)::int AS total
        FROM minutes m CROSS JOIN unnest(m.buckets) WITH ORDINALITY AS u (b, n) GROUP BY m.tenant_id, u.n
    ) parts GROUP BY tenant_id
) p ON p.tenant_id = s.tenant_id
"""
