import asyncio
from datetime import timedelta

import asyncpg
import pytest
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.jobs.queue import enqueue
from headgate_sample.jobs import Trouble, Write

from .looking import notes_of, rows_of


async def test_a_job_is_there_when_the_change_is_committed_and_not_otherwise(kernel, tenant):
    with pytest.raises(RuntimeError):
        async with kernel.context(tenant) as ctx:
            await ctx.enqueue("sample.write", Write("undone"))
            raise RuntimeError
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("kept"))
    await run_due_jobs(kernel, [tenant.info.id])
    assert await notes_of(kernel, tenant) == ["kept"]


async def test_a_job_that_is_done_leaves_the_queue(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("once"))
    assert len(await run_due_jobs(kernel, [tenant.info.id])) == 1
    assert await rows_of(kernel, tenant.info.id) == []


async def test_a_job_does_not_run_before_its_time(kernel, tenant):
    later = kernel.clock.now() + timedelta(hours=1)
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("later"), run_at=later)
    assert await run_due_jobs(kernel, [tenant.info.id]) == []
    await run_due_jobs(kernel, [tenant.info.id], now=later)
    assert await notes_of(kernel, tenant) == ["later"]


async def test_while_one_with_the_key_waits_no_other_is_made(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        first = await ctx.enqueue("sample.write", Write("first"), key="one")
    async with kernel.context(tenant) as ctx:
        again = await ctx.enqueue("sample.write", Write("again"), key="one")
        other = await ctx.enqueue("sample.write", Write("other"), key="two")
    assert again == first != other
    await run_due_jobs(kernel, [tenant.info.id])
    assert await notes_of(kernel, tenant) == ["first", "other"]


async def test_a_key_is_free_again_once_its_job_has_begun(kernel, tenant):
    """What is asked for while it runs may be about something that it has not seen."""
    for text in ("first", "second"):
        async with kernel.context(tenant) as ctx:
            await ctx.enqueue("sample.write", Write(text), key="one")
        await run_due_jobs(kernel, [tenant.info.id])
    assert await notes_of(kernel, tenant) == ["first", "second"]


async def test_a_job_asked_for_again_is_not_begun_before_that_change_is_committed(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("seen"), key="one")
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("seen"), key="one")
        assert await asyncio.create_task(run_due_jobs(kernel, [tenant.info.id])) == []
    assert len(await run_due_jobs(kernel, [tenant.info.id])) == 1


async def test_the_platform_asks_for_jobs_of_its_own_and_of_tenants(kernel, tenant):
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        await enqueue(db, tenant.info.id, "sample.write", Write("by the platform"), now=now, plugin="sample")
    await run_due_jobs(kernel, [tenant.info.id])
    assert await notes_of(kernel, tenant) == ["by the platform"]


async def test_a_tenants_transaction_asks_for_no_job_of_anybody_else(kernel, tenant, other_tenant):
    for whose in (0, other_tenant.info.id):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with kernel.context(tenant) as ctx:
                await enqueue(ctx.db, whose, "headgate.notify.forget", Write(), now=kernel.clock.now())


async def test_a_tenants_transaction_neither_takes_nor_changes_jobs(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("safe"))
    for statement in ("DELETE FROM job", "UPDATE job SET state = 'dead'", "UPDATE job SET payload = '{}'"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with kernel.context(tenant) as ctx:
                await ctx.db.execute(f"{statement} WHERE tenant_id = $1", tenant.info.id)


async def test_only_declared_jobs_can_be_asked_for_with_what_they_take(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        with pytest.raises(LookupError, match=r"no plugin has declared the job type sample\.nothing"):
            await ctx.enqueue("sample.nothing", Write())
        with pytest.raises(TypeError, match=r"sample\.write takes Write, not Trouble"):
            await ctx.enqueue("sample.write", Trouble("crash"))
