"""Admitting requests in one process, and several beside each other on one database."""

import asyncio
import time

import pytest
from headgate_kernel.limits import Limits, holding, keeper, limits
from headgate_kernel.tenancy.plan_terms import RequestLimits
from headgate_sdk.errors import QuotaExceeded, TooManyRequests


class Statements:
    """Counts what is sent to the database."""

    def __init__(self, databases):
        self.count = 0
        databases.platform.on_statement = self._hear

    def _hear(self, _):
        self.count += 1


@pytest.fixture
async def statements(kernel):
    yield Statements(kernel.databases)
    kernel.databases.platform.on_statement = None


@pytest.fixture
async def open_limits(kernel):
    """Workers of their own on the database of the test."""
    opened = []

    def make() -> Limits:
        opened.append(Limits(kernel.databases))
        return opened[-1]

    yield make
    for one in opened:
        await one.stop()


async def on_plan(kernel, give_plan, tenant, **figures):
    await give_plan(
        tenant, requests=RequestLimits(**({"per_second": 20, "burst": 100, "at_once": 20} | figures))
    )
    return await kernel.tenant(tenant.info.slug)


async def admitted(worker, tenant, requests, **how):
    """Begin and end requests one after the other; gives how many were let through."""
    through = 0
    for _ in range(requests):
        try:
            leave = await worker.admit(tenant, **how)
        except TooManyRequests:
            continue
        leave()
        through += 1
    return through


async def test_a_tenant_without_a_plan_is_not_limited_and_costs_no_query(tenant, open_limits, statements):
    assert await admitted(open_limits(), tenant, 1000, api=True) == 1000
    assert statements.count == 0


async def test_switched_off_nothing_is_limited(kernel, tenant, give_plan):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1, burst=1)
    assert await admitted(Limits(kernel.databases, on=False), tenant, 100) == 100


async def test_the_burst_is_let_through_and_then_the_rate(kernel, tenant, give_plan, open_limits):
    tenant = await on_plan(kernel, give_plan, tenant)
    worker = open_limits()
    began = time.monotonic()
    first = await admitted(worker, tenant, 200)
    assert 80 <= first <= 80 + 20 * (time.monotonic() - began) + 1  # a fifth is kept for critical requests
    more = 0
    while time.monotonic() - began < 2:
        more += await admitted(worker, tenant, 1)
        await asyncio.sleep(0.005)
    assert first + more <= 80 + 20 * (time.monotonic() - began) + 1
    assert first + more >= 0.95 * (80 + 20 * 2)


async def test_a_steady_tenant_asks_the_database_seldom(kernel, tenant, give_plan, open_limits, statements):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=200, burst=800)
    worker = open_limits()
    await admitted(worker, tenant, 1)
    before = statements.count
    for _ in range(150):
        (await worker.admit(tenant))()
        await asyncio.sleep(0.01)
    assert statements.count - before < 150 * 0.5


async def test_a_flood_is_refused_from_memory(kernel, tenant, give_plan, open_limits, statements):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=5, burst=10)
    worker = open_limits()
    await admitted(worker, tenant, 50)
    before = statements.count
    assert await admitted(worker, tenant, 2000) <= 5
    assert statements.count - before < 50


async def test_a_refusal_says_when_to_try_again(kernel, tenant, give_plan, open_limits):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1, burst=2)
    worker = open_limits()
    with pytest.raises(TooManyRequests) as refused:
        for _ in range(5):
            await worker.admit(tenant)
    assert refused.value.status == 429
    assert 1 <= refused.value.retry_after <= 3


async def test_critical_requests_go_on_when_all_others_are_refused(kernel, tenant, give_plan, open_limits):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1, burst=50)
    worker = open_limits()
    await admitted(worker, tenant, 200)
    assert await admitted(worker, tenant, 5) == 0
    assert await admitted(worker, tenant, 10, critical=True) == 10
    assert await admitted(worker, tenant, 5) == 0


async def test_slots_are_shared_and_wait_for_each_other(kernel, tenant, give_plan, open_limits, monkeypatch):
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.3)
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1000, burst=5000, at_once=10)
    workers = [open_limits(), open_limits()]
    under_way = [await workers[number % 2].admit(tenant) for number in range(8)]
    for worker in workers:
        with pytest.raises(TooManyRequests):
            await worker.admit(tenant)
    critical = [await workers[number % 2].admit(tenant, critical=True) for number in range(2)]
    with pytest.raises(TooManyRequests):
        await workers[0].admit(tenant, critical=True)
    waiting = asyncio.create_task(workers[0].admit(tenant))
    await asyncio.sleep(0.05)
    under_way.pop(0)()
    (await waiting)()
    for leave in (*under_way, *critical):
        leave()


async def test_a_slot_that_comes_free_goes_to_a_critical_request_first(
    kernel, tenant, give_plan, open_limits
):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1000, burst=5000, at_once=4)
    worker = open_limits()
    under_way = [await worker.admit(tenant) for _ in range(3)] + [await worker.admit(tenant, critical=True)]
    begun = []

    async def begin(name, *, critical=False):
        leave = await worker.admit(tenant, critical=critical)
        begun.append(name)
        return leave

    waiting = [asyncio.create_task(begin(name)) for name in ("first", "second")]
    await asyncio.sleep(0.05)
    urgent = [asyncio.create_task(begin("urgent", critical=True)) for _ in range(2)]
    await asyncio.sleep(0.05)
    assert begun == []
    under_way.pop(0)()  # of an ordinary request
    under_way.pop()()  # the one kept for critical ones
    for task in urgent:
        (await asyncio.wait_for(task, 1))()
    assert begun[:2] == ["urgent", "urgent"]
    for task in asyncio.as_completed(waiting):
        (await task)()
    for leave in under_way:
        leave()


async def test_a_request_that_gives_up_waiting_keeps_no_slot(kernel, tenant, give_plan, open_limits):
    tenant = await on_plan(kernel, give_plan, tenant, at_once=2)
    worker = open_limits()
    leave = await worker.admit(tenant)
    for _ in range(3):
        waiting = asyncio.create_task(worker.admit(tenant))
        await asyncio.sleep(0.02)
        waiting.cancel()
        await asyncio.wait({waiting})
    leave()
    (await asyncio.wait_for(worker.admit(tenant), 1))()


async def test_what_an_idle_worker_holds_is_given_back_when_another_needs_it(
    kernel, tenant, give_plan, open_limits, monkeypatch
):
    monkeypatch.setattr(keeper, "TICK_SECONDS", 0.05)
    monkeypatch.setattr(holding, "RECENT_SECONDS", 0.1)
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1000, burst=5000, at_once=10)
    idle, busy = open_limits(), open_limits()
    for leave in [await idle.admit(tenant) for _ in range(8)]:
        leave()
    under_way = [await busy.admit(tenant) for _ in range(8)]  # all that ordinary requests may have
    assert len(under_way) == 8


async def test_what_a_dead_worker_held_comes_free(kernel, tenant, give_plan, open_limits, monkeypatch):
    monkeypatch.setattr("headgate_kernel.limits.keeper.ALIVE_SECONDS", 1.5)
    monkeypatch.setattr("headgate_kernel.limits.store.ALIVE_SECONDS", 1)
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1000, burst=5000, at_once=5)
    killed, other = open_limits(), open_limits()
    for _ in range(4):
        await killed.admit(tenant)
    killed.keeper._ticking.cancel()  # it says nothing any more
    monkeypatch.setattr(limits, "WAIT_SECONDS", 0.1)
    with pytest.raises(TooManyRequests):
        await other.admit(tenant)
    await asyncio.sleep(1.1)
    for _ in range(4):
        await other.admit(tenant)


async def test_a_worker_that_was_silent_begins_anew_with_nothing(kernel, tenant, give_plan, open_limits):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1, burst=100)
    worker = open_limits()
    await admitted(worker, tenant, 1)
    held = worker.keeper._holdings[tenant.info.id]
    assert held.tokens > 0
    worker.keeper._valid_until = time.monotonic() - 1  # as after a pause of the whole process
    worker.keeper.holding(tenant.info.id, tenant.terms.requests, time.monotonic())
    assert (held.tokens, held.slots) == (0, 0)


async def test_stopping_gives_everything_back(kernel, tenant, give_plan, open_limits):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1000, burst=5000, at_once=5)
    worker = open_limits()
    for _ in range(4):
        await worker.admit(tenant)
    await worker.stop()
    other = open_limits()
    for _ in range(4):
        await other.admit(tenant)


async def test_another_plan_holds_from_the_next_request_on(kernel, tenant, give_plan, open_limits):
    small = await on_plan(kernel, give_plan, tenant, per_second=1, burst=10)
    worker = open_limits()
    assert await admitted(worker, small, 100) <= 10
    large = await on_plan(kernel, give_plan, tenant, per_second=1000, burst=2000)
    await asyncio.sleep(0.1)
    assert await admitted(worker, large, 100) >= 90


async def test_requests_go_on_while_the_state_cannot_be_asked(kernel, tenant, give_plan, open_limits, caplog):
    tenant = await on_plan(kernel, give_plan, tenant, per_second=1, burst=2)
    worker = open_limits()

    class Away:
        def platform_scope(self):
            raise OSError("the server is away")

    worker.keeper._databases = Away()
    assert await admitted(worker, tenant, 20) == 20
    assert "request limits cannot be asked for" in caplog.text
    worker.keeper._databases = kernel.databases
    assert await admitted(worker, tenant, 20) <= 3


async def test_api_requests_are_counted_by_the_month_and_refused_when_used_up(
    kernel, tenant, give_plan, open_limits, monkeypatch
):
    monkeypatch.setattr("headgate_kernel.limits.api_count.FLUSH_SECONDS", 0.05)
    await give_plan(tenant, api_requests=(None, 30))
    tenant = await kernel.tenant(tenant.info.slug)
    worker = open_limits()
    await admitted(worker, tenant, 40)
    await admitted(worker, tenant, 20, api=True)
    await asyncio.sleep(0.2)
    await admitted(worker, tenant, 10, api=True)
    await asyncio.sleep(0.2)
    with pytest.raises(QuotaExceeded, match="The plan Small gives 30 API requests a month"):
        await worker.admit(tenant, api=True)
    await admitted(worker, tenant, 5)
    await give_plan(tenant, key=tenant.plan, api_requests=(None, 31))
    tenant = await kernel.tenant(tenant.info.slug)
    await asyncio.sleep(0.2)
    assert await admitted(worker, tenant, 1, api=True) == 1
    async with kernel.databases.platform_scope() as db:
        counted = await db.fetch_value(
            "SELECT sum(used)::int FROM quota_use WHERE tenant_id = $1 AND meter = 'api_requests'",
            tenant.info.id,
        )
    assert counted == 30
