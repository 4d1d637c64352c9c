"""Workers in processes of their own, which are killed and told to stop."""

import asyncio
import signal
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from headgate_sample.jobs import Trouble

from .looking import notes_of, rows_of, until

SCRIPT = Path(__file__).parent / "worker_process.py"


@pytest.fixture
def process(kernel, tmp_path):
    """Runs workers in processes; they are killed at the end of the block if they still live."""

    @asynccontextmanager
    async def run():
        server = kernel.databases.server
        started = await asyncio.create_subprocess_exec(
            sys.executable, str(SCRIPT), server.app, server.platform, str(tmp_path),
            stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        try:
            assert await started.stdout.readline() == b"ready\n"
            yield started
        finally:
            if started.returncode is None:
                started.kill()
            await started.wait()
            started._transport.close()

    return run


async def ask(kernel, tenant, *trouble):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.trouble", Trouble(*trouble))


async def test_a_job_whose_process_is_killed_runs_again_after_its_lease(kernel, tenant, process):
    await ask(kernel, tenant, "slow", 1.5, "long")
    async with process() as killed:
        await until(lambda: notes_of(kernel, tenant), ["begun long"])
        killed.send_signal(signal.SIGKILL)
        await killed.wait()
    (row,) = await rows_of(kernel, tenant.info.id)
    assert (row["state"], row["attempts"]) == ("running", 1)
    async with kernel.context(tenant) as ctx:  # notes are unique
        await ctx.db.execute("DELETE FROM sample_note WHERE tenant_id = $1", ctx.tenant.id)
    async with process():
        await until(lambda: rows_of(kernel, tenant.info.id), [])
    assert await notes_of(kernel, tenant) == ["begun long", "ended long"]


async def test_a_process_that_is_told_to_stop_ends_its_jobs_first(kernel, tenant, process):
    await ask(kernel, tenant, "slow", 1, "long")
    async with process() as stopped:
        await until(lambda: notes_of(kernel, tenant), ["begun long"])
        stopped.send_signal(signal.SIGTERM)
        assert await stopped.wait() == 0
    assert await notes_of(kernel, tenant) == ["begun long", "ended long"]
    assert await rows_of(kernel, tenant.info.id) == []


async def test_a_second_signal_makes_it_hand_them_back_at_once(kernel, tenant, process):
    await ask(kernel, tenant, "slow", 1.9, "long")
    async with process() as stopped:
        await until(lambda: notes_of(kernel, tenant), ["begun long"])
        stopped.send_signal(signal.SIGTERM)
        await asyncio.sleep(0.2)
        stopped.send_signal(signal.SIGTERM)
        assert await stopped.wait() == 0
    assert await notes_of(kernel, tenant) == ["begun long"]
    (row,) = await rows_of(kernel, tenant.info.id)
    assert (row["state"], row["attempts"]) == ("ready", 0)
