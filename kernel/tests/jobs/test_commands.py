import asyncio

import pytest
from click.testing import CliRunner
from headgate_kernel.cli import CommandLine, build_cli
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sample.jobs import Trouble
from headgate_sdk.errors import Invalid

from .looking import rows_of


@pytest.fixture
def headgate(kernel, tmp_path):
    """Runs the command line on the tests' database; it has an event loop of its own."""
    server = kernel.databases.server
    environment = {
        "HEADGATE_APP_DATABASE_URL": server.app,
        "HEADGATE_PLATFORM_DATABASE_URL": server.platform,
        "HEADGATE_DATA_DIR": str(tmp_path),
    }

    async def run(*arguments):
        line = CommandLine(kernel.host)
        return await asyncio.to_thread(
            CliRunner().invoke, build_cli(kernel.host), arguments, obj=line, env=environment
        )

    return run


@pytest.fixture
async def dead(kernel, tenant):
    """A job that was given up."""
    async with kernel.context(tenant) as ctx:
        job = await ctx.enqueue("sample.trouble", Trouble("give up"))
    await run_due_jobs(kernel, [tenant.info.id])
    return job


async def test_the_status_tells_what_was_given_up_and_why(headgate, tenant, dead):
    output = (await headgate("jobs", "status")).output
    assert output.startswith("0 due, 0 for later, 0 running, 0 waiting for a plugin or tenant, 1 given up")
    assert f"{dead}  sample.trouble  {tenant.info.name}: There is no such thing over there." in output


@pytest.mark.parametrize("how", ["id", "--kind", "--all"])
async def test_what_was_given_up_is_tried_again(headgate, kernel, tenant, dead, how):
    which = {"id": [str(dead)], "--kind": ["--kind", "sample.trouble"], "--all": ["--all"]}[how]
    assert (await headgate("jobs", "retry", *which)).output == "1 will be tried again.\n"
    assert [row["state"] for row in await rows_of(kernel, tenant.info.id)] == ["ready"]


async def test_it_has_to_be_said_which_jobs_are_meant(headgate, dead):
    for which in ([], [str(dead), "--all"]):
        refused = await headgate("jobs", "retry", *which)
        assert isinstance(refused.exception, Invalid)


async def test_a_test_message_is_sent_at_once(headgate):
    sent = await headgate("messages", "test", "lin@command.example", "--locale", "en")
    assert sent.output.endswith("Sent to lin@command.example.\n")
    assert "If you read this, messages reach you." in sent.output
