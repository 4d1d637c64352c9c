"""Counts the requests of the JSON API by tenant, in memory, and adds them up in the database now and then.

A count that is not exact to the last request is enough here: a killed worker loses those of a few seconds,
and a hard limit holds from a few seconds after it was passed.
"""

import asyncio
import logging
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.ids import TenantId, new_id

from headgate_kernel.database.pool import CONNECTION_ERRORS
from headgate_kernel.quotas.refusals import api_refusal
from headgate_kernel.quotas.slots import SLOTS

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.database.database import Databases
    from headgate_kernel.tenancy.directory import Tenant

log = logging.getLogger(__name__)

FLUSH_SECONDS = 3.0


class ApiCount:
    """A worker's counts.

    Args:
        databases: of the process.
    """

    def __init__(self, databases: "Databases") -> None:
        self._databases = databases
        self._counts: dict[TenantId, int] = {}
        self._hard: dict[TenantId, int] = {}
        self._used_up: dict[TenantId, int] = {}
        self._slot = slot_of(new_id())
        self._writing: asyncio.Task[None] | None = None

    def note(self, tenant: "Tenant") -> None:
        """Count a request that is let through.

        Raises:
            QuotaExceeded: the month's requests are used up.
        """
        tenant_id, hard = tenant.info.id, tenant.terms.limits.api_requests.hard
        if hard is not None and self._used_up.get(tenant_id, 0) >= hard:
            raise api_refusal(tenant.terms, tenant.info.locale, hard)
        self._counts[tenant_id] = self._counts.get(tenant_id, 0) + 1
        if hard is not None:
            self._hard[tenant_id] = hard
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_down(), context=Context())

    async def stop(self) -> None:
        """Write down what was counted."""
        writing, self._writing = self._writing, None
        if writing is not None:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await self._flush()

    async def _write_down(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_SECONDS)
            await self._flush()

    async def _flush(self) -> None:
        counts, self._counts = self._counts, {}
        asked = counts | dict.fromkeys(self._used_up.keys() - counts.keys(), 0)
        if not asked:
            return
        try:
            async with self._databases.platform_scope() as db:
                totals = await _add_up(db, asked, self._slot)
        except CONNECTION_ERRORS:
            log.warning("API requests of the last seconds were not counted", exc_info=True)
            return
        # asked for again each time, so that a new month or plan is seen
        self._used_up = {
            tenant_id: used
            for tenant_id, used in totals.items()
            if used >= self._hard.get(tenant_id, used + 1)
        }


def slot_of(worker: UUID) -> int:
    """Give the slot in which a worker counts, so that it seldom waits for another."""
    return worker.int % SLOTS


async def _add_up(db: "Database", used: dict[TenantId, int], slot: int) -> dict[TenantId, int]:
    """Add counts to what there is; gives each tenant's total of its month."""
    ids, counts = list(used), list(used.values())
    await db.execute(_ADD, ids, counts, slot)
    return {row["tenant_id"]: row["used"] for row in await db.fetch(_TOTALS, ids)}


_ADD = """
INSERT INTO quota_use AS q (tenant_id, meter, period, slot, used, share)
SELECT t.id, 'api_requests', date_trunc('month', now() AT TIME ZONE t.timezone)::date, $3, n.used, NULL
FROM unnest($1::integer[], $2::bigint[]) AS n(id, used)
JOIN tenant t ON t.id = n.id
WHERE n.used > 0
ORDER BY t.id
ON CONFLICT (tenant_id, meter, period, slot) DO UPDATE SET used = q.used + excluded.used, share = NULL
"""
_TOTALS = """
SELECT q.tenant_id, sum(q.used)::bigint AS used
FROM tenant t
JOIN quota_use q ON q.tenant_id = t.id AND q.meter = 'api_requests'
    AND q.period = date_trunc('month', now() AT TIME ZONE t.timezone)::date
WHERE t.id = ANY($1::integer[])
GROUP BY q.tenant_id
"""
