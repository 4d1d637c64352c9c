import asyncio
import time
from datetime import timedelta

import asyncpg
import pytest
from headgate_kernel.jobs.claims import claim_due, renew
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.jobs.outcomes import done
from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.jobs.settling import settle
from headgate_kernel.jobs.worker import Worker
from headgate_sample.jobs import Trouble, Write

from .looking import notes_of, rows_of, until

HOUR = timedelta(hours=1)


@pytest.fixture
def working(kernel):
    """Runs a worker around a block."""

    class Working:
        def __init__(self, **options):
            self.options, self.grace = options, options.pop("grace", 1)

        async def __aenter__(self):
            self.worker = Worker(kernel, **self.options)
            self.worker.start()
            return self.worker

        async def __aexit__(self, *_):
            await self.worker.stop(self.grace)

    return Working


async def ask(kernel, tenant, *trouble):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.trouble", Trouble(*trouble))


async def test_a_commit_rings_and_the_job_runs_at_once(kernel, tenant, working):
    async with working():
        await asyncio.sleep(0.1)
        begun = time.perf_counter()
        async with kernel.context(tenant) as ctx:
            await ctx.enqueue("sample.write", Write("rung"))
        await until(lambda: notes_of(kernel, tenant), ["rung"], every=0.01)
        assert time.perf_counter() - begun < 0.4  # it looks by itself every half second only


async def test_a_job_that_another_process_was_asked_for_is_found_by_looking(kernel, tenant, working):
    async with working():
        async with kernel.databases.platform_scope() as db:  # as another process would: nobody rings here
            await db.execute(
                "INSERT INTO job (tenant_id, id, job, plugin, payload, run_at, created_at) VALUES "
                "($1, gen_random_uuid(), 'sample.write', 'sample', '{\"text\": \"found\"}', now(), now())",
                tenant.info.id,
            )
        await until(lambda: notes_of(kernel, tenant), ["found"])


async def test_many_workers_run_each_job_once(kernel, new_tenant, working):
    """Notes are unique, so a second run of a job would fail and be seen."""
    tenants = [await new_tenant() for _ in range(3)]
    for tenant in tenants:
        async with kernel.context(tenant) as ctx:
            for number in range(40):
                await ctx.enqueue("sample.write", Write(f"{number:02}"))
    async with working(), working(), working():
        for tenant in tenants:
            await until(lambda tenant=tenant: rows_of(kernel, tenant.info.id), [])
    for tenant in tenants:
        assert sorted(await notes_of(kernel, tenant)) == [f"{number:02}" for number in range(40)]


async def test_a_job_whose_worker_has_died_runs_again_when_its_lease_has_ended(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("again"))
    now = kernel.clock.now()
    await claim_due(kernel.databases, now=now, most=1, only=[tenant.info.id])
    assert await run_due_jobs(kernel, [tenant.info.id], now=now + timedelta(seconds=29)) == []
    await run_due_jobs(kernel, [tenant.info.id], now=now + timedelta(seconds=31))
    assert await notes_of(kernel, tenant) == ["again"]


async def test_a_worker_that_lost_its_lease_settles_nothing(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write())
    now = kernel.clock.now()
    (slow,) = (await claim_due(kernel.databases, now=now, most=1, only=[tenant.info.id])).jobs
    (quick,) = (await claim_due(kernel.databases, now=now + HOUR, most=1, only=[tenant.info.id])).jobs
    assert await renew(kernel.databases, [slow, quick], now=now) == {quick.id}
    assert await settle(kernel.databases, [done(slow)], now=now) == 1
    assert len(await rows_of(kernel, tenant.info.id)) == 1
    assert await settle(kernel.databases, [done(quick)], now=now) == 0
    assert await rows_of(kernel, tenant.info.id) == []


async def test_a_long_job_keeps_its_lease(kernel, tenant, working):
    await ask(kernel, tenant, "slow", 1.2, "long")
    async with working(lease=timedelta(seconds=0.4)), working(lease=timedelta(seconds=0.4)):
        await until(lambda: rows_of(kernel, tenant.info.id), [])
    assert await notes_of(kernel, tenant) == ["begun long", "ended long"]


async def test_a_job_that_was_taken_over_is_stopped_here(kernel, tenant, working):
    await ask(kernel, tenant, "slow", 1.5, "mine")
    async with working(lease=timedelta(seconds=0.3)):
        await until(lambda: notes_of(kernel, tenant), ["begun mine"])
        async with kernel.databases.platform_scope() as db:
            await db.execute(
                "UPDATE job SET fence = fence + 1, run_at = now() + interval '1 hour' WHERE tenant_id = $1",
                tenant.info.id,
            )
        await asyncio.sleep(2)
    assert await notes_of(kernel, tenant) == ["begun mine"]
    assert [row["state"] for row in await rows_of(kernel, tenant.info.id)] == ["running"]


async def test_when_it_is_stopped_a_worker_ends_what_it_can_and_hands_back_the_rest(kernel, tenant, working):
    await ask(kernel, tenant, "slow", 0.3, "short")
    await ask(kernel, tenant, "slow", 1.9, "long")
    async with working(grace=0.8):
        await until(lambda: notes_of(kernel, tenant), lambda notes: len(notes) == 2)
    assert sorted(await notes_of(kernel, tenant)) == ["begun long", "begun short", "ended short"]
    (row,) = await rows_of(kernel, tenant.info.id)
    assert (row["state"], row["attempts"]) == ("ready", 0)
    assert row["run_at"] <= kernel.clock.now()


async def test_slow_jobs_of_one_tenant_leave_a_place_for_another(kernel, tenant, other_tenant, working):
    for number in range(6):
        await ask(kernel, tenant, "slow", 1.5, str(number))
    async with working(slots=4):
        await until(lambda: notes_of(kernel, tenant), lambda notes: len(notes) == 3)
        begun = time.perf_counter()
        async with kernel.context(other_tenant) as ctx:
            await ctx.enqueue("sample.write", Write("at once"))
        await until(lambda: notes_of(kernel, other_tenant), ["at once"], every=0.01)
        assert time.perf_counter() - begun < 0.4


async def test_a_flood_of_one_tenant_is_taken_in_turn_with_another(kernel, tenant, other_tenant):
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "INSERT INTO job (tenant_id, id, job, plugin, payload, run_at, created_at) "
            "SELECT $1, gen_random_uuid(), 'sample.write', 'sample', '{}', now() - interval '1 day', now() "
            "FROM generate_series(1, 5000)",
            tenant.info.id,
        )
        await enqueue(
            db, other_tenant.info.id, "sample.write", Write(), now=kernel.clock.now(), plugin="sample"
        )
        both = [tenant.info.id, other_tenant.info.id]
    now = kernel.clock.now() + HOUR
    claims = await claim_due(kernel.databases, now=now, most=10, only=both)
    assert sorted({claim.tenant_id for claim in claims.jobs[:2]}) == sorted(both)
    assert 5 <= len(claims.jobs) <= 10


async def test_where_tenants_are_more_than_places_each_has_its_turn(kernel, new_tenant):
    tenants = [(await new_tenant()).info.id for _ in range(5)]
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        for tenant_id in tenants:
            for _ in range(3):
                await enqueue(db, tenant_id, "sample.write", Write(), now=now, plugin="sample")
    taken, after = [], -1
    for _ in range(3):
        claims = await claim_due(kernel.databases, now=now, most=2, after=after, only=tenants)
        taken += [claim.tenant_id for claim in claims.jobs]
        after = claims.next_after
    assert taken[:5] == sorted(tenants)


async def test_a_worker_outlives_the_loss_of_its_connections(kernel, tenant, working):
    async with working():
        await asyncio.sleep(0.2)
        admin = await asyncpg.connect(kernel.databases.server.admin)
        for _ in range(3):
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'headgate_platform'"
            )
            await asyncio.sleep(0.1)
        await admin.close()
        async with kernel.context(tenant) as ctx:
            await ctx.enqueue("sample.write", Write("after"))
        await until(lambda: notes_of(kernel, tenant), ["after"])
        await until(lambda: rows_of(kernel, tenant.info.id), [])
