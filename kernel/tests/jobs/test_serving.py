import asyncio

import msgspec
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.runtime import Kernel
from headgate_sample.jobs import Write
from headgate_sdk.testing.application import running

from .looking import notes_of, rows_of, until


@pytest.fixture
def serving(kernel):
    """Runs the application with jobs on or off."""

    def run(*, jobs):
        other = Kernel(msgspec.structs.replace(kernel.settings, jobs=jobs), kernel.databases, kernel.host)
        return running(create_app(other.settings, kernel=other))

    return run


async def ask(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("served"))


async def test_a_serving_process_runs_jobs_too(kernel, tenant, serving):
    async with serving(jobs=True):
        await ask(kernel, tenant)
        await until(lambda: notes_of(kernel, tenant), ["served"])
    assert await rows_of(kernel, tenant.info.id) == []


async def test_jobs_can_be_kept_out_of_serving_processes(kernel, tenant, serving):
    async with serving(jobs=False):
        await ask(kernel, tenant)
        await asyncio.sleep(1.2)
    assert [row["state"] for row in await rows_of(kernel, tenant.info.id)] == ["ready"]


async def test_the_clock_of_a_serving_process_drops_expired_sessions(kernel, serving):
    async def schedules():
        async with kernel.databases.platform_scope() as db:
            return [row["job"] for row in await db.fetch("SELECT job FROM job_schedule WHERE tenant_id = 0")]

    async with serving(jobs=True):
        await until(schedules, lambda jobs: "headgate.sessions.drop_expired" in jobs)
