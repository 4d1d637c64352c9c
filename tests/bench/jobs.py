"""The queue: how many jobs a worker gets done, fair to each tenant, and who waits behind a flood."""

import asyncio
import time
from statistics import median

import asyncpg
from headgate_kernel.jobs.kinds import KernelJob, NoDetails
from headgate_kernel.jobs.own import KERNEL_JOBS
from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.jobs.worker import Worker
from headgate_kernel.runtime import Kernel

from tests.bench.measuring import Line, measure, rate_line, spread

NAME = "headgate.bench.nothing"
FLOOD = 5_000
TENANTS = 50
BATCH = 100
WAIT_BUDGET_MS = 50
RATE_BUDGET = 5_000


class Tally:
    """What has been done, and when."""

    def __init__(self) -> None:
        self._done: list[tuple[int, float]] = []
        self._wanted = 0
        self._reached = asyncio.Event()

    def clear(self) -> None:
        """Begin anew."""
        self._done.clear()

    def note(self, tenant_id: int) -> None:
        """Count a job."""
        self._done.append((tenant_id, time.perf_counter()))
        if len(self._done) >= self._wanted:
            self._reached.set()

    async def reach(self, count: int) -> None:
        """Wait until so many are done."""
        self._wanted = count
        self._reached.clear()
        if len(self._done) < count:
            async with asyncio.timeout(60):
                await self._reached.wait()

    def first_of(self, tenant_id: int) -> float:
        """Tell when a tenant's first job was done."""
        return next(at for tenant, at in self._done if tenant == tenant_id)


_tally = Tally()


async def _nothing(kernel: Kernel, tenant_id: int, payload: NoDetails) -> None:
    _tally.note(tenant_id)


async def job_lines(kernel: Kernel, *, rounds: int) -> list[Line]:
    """Measure, on a database with at least fifty tenants."""
    KERNEL_JOBS.append(KernelJob(NAME, NoDetails, _nothing))
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT id FROM tenant ORDER BY id LIMIT $1", TENANTS)
    tenants = [row["id"] for row in rows]
    raw = await asyncpg.connect(kernel.databases.server.platform)
    try:
        taken = await measure(
            {"ours": lambda: _rate(kernel, tenants), "raw": lambda: _raw_rate(kernel, raw, tenants)}, rounds
        )
    finally:
        await raw.close()
    name = f"raw SKIP LOCKED by {BATCH}"
    rate = rate_line(f"jobs of {len(tenants)} tenants in turn", taken["ours"], taken["raw"], name)
    waits = [await _wait(kernel, tenants[0], tenants[-1]) for _ in range(rounds)]
    return [
        Line(
            what=rate.what, ours=rate.ours, reference=rate.reference, ratio=rate.ratio,
            budget=f">= {RATE_BUDGET:,}/s", met=median(taken["ours"]) >= RATE_BUDGET,
        ),
        Line(
            what=f"a job's wait behind {FLOOD:,} of another tenant", ours=f"{spread(waits, 1)} ms",
            reference="", ratio="", budget=f"<= {WAIT_BUDGET_MS} ms", met=median(waits) <= WAIT_BUDGET_MS,
        ),
    ]  # fmt: skip


async def _rate(kernel: Kernel, tenants: list[int]) -> float:
    count = await _fill(kernel, tenants)
    _tally.clear()
    worker = Worker(kernel)
    began = time.perf_counter()
    worker.start()
    await _tally.reach(count)
    await worker.stop(1)
    await _expect_empty(kernel)
    return count / (time.perf_counter() - began)


async def _raw_rate(kernel: Kernel, raw: asyncpg.Connection, tenants: list[int]) -> float:
    """What one connection does at most: take some, take them away, whoever they belong to."""
    count = await _fill(kernel, tenants)
    began = time.perf_counter()
    while rows := await raw.fetch(_RAW_TAKE, BATCH):
        await raw.execute(_RAW_REMOVE, [row["tenant_id"] for row in rows], [row["id"] for row in rows])
    return count / (time.perf_counter() - began)


async def _wait(kernel: Kernel, flooding: int, other: int) -> float:
    """Have one job asked for while a flood is worked off; gives the time to its run in ms."""
    _tally.clear()
    worker = Worker(kernel)
    worker.start()
    await _fill(kernel, [flooding])
    await _tally.reach(FLOOD // 10)
    async with kernel.databases.platform_scope() as db:
        await enqueue(db, other, NAME, NoDetails(), now=kernel.clock.now())
    asked = time.perf_counter()
    await _tally.reach(FLOOD + 1)
    await worker.stop(1)
    return (_tally.first_of(other) - asked) * 1000


async def _fill(kernel: Kernel, tenants: list[int]) -> int:
    """Ask for about as many jobs as a flood has; gives how many."""
    each = FLOOD // len(tenants)
    async with kernel.databases.platform_scope() as db:
        await db.execute(_FILL, tenants, NAME, each, kernel.clock.now())
    return each * len(tenants)


async def _expect_empty(kernel: Kernel) -> None:
    async with kernel.databases.platform_scope() as db:
        left = await db.fetch_value("SELECT count(*) FROM job WHERE job = $1", NAME)
    if left:
        raise RuntimeError(f"{left} jobs were done and are still in the queue")


_FILL = """
INSERT INTO job (tenant_id, id, job, payload, run_at, created_at)
SELECT t, gen_random_uuid(), $2, '{}', $4, $4 FROM unnest($1::int[]) AS t CROSS JOIN generate_series(1, $3)
"""
_RAW_TAKE = """
UPDATE job SET state = 'running', run_at = now() + interval '30 seconds', fence = job.fence + 1
FROM (SELECT tenant_id, id FROM job WHERE state IN ('ready', 'running') AND run_at <= now()
      LIMIT $1 FOR UPDATE SKIP LOCKED) AS taken
WHERE job.tenant_id = taken.tenant_id AND job.id = taken.id RETURNING job.tenant_id, job.id
"""
_RAW_REMOVE = """
DELETE FROM job USING unnest($1::int[], $2::uuid[]) AS done (tenant_id, id)
WHERE job.tenant_id = done.tenant_id AND job.id = done.id
"""
