from datetime import timedelta

import msgspec
import pytest
from headgate_kernel.jobs.claims import claim_due
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.jobs.outcomes import ErrorWords
from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.jobs.waiting import resume_waiting
from headgate_kernel.plugins.activation import activate, deactivate
from headgate_sample.jobs import Trouble, Write

from .looking import notes_of, rows_of

HOUR = timedelta(hours=1)


async def ask(kernel, tenant, *trouble, key=""):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.trouble", Trouble(*trouble), key=key)


async def only_row(kernel, tenant):
    (row,) = await rows_of(kernel, tenant.info.id)
    return row


def error_of(row) -> ErrorWords:
    return msgspec.json.decode(row["error"], type=ErrorWords)


async def run_for(kernel, tenant, hours):
    """Let the worker look again and again for some hours."""
    now = kernel.clock.now()
    return [
        outcome
        for hour in range(hours * 2)
        for outcome in await run_due_jobs(kernel, [tenant.info.id], now=now + hour * HOUR)
    ]


async def test_a_far_side_that_is_not_ready_is_asked_again_later_and_is_no_fault(kernel, tenant):
    await ask(kernel, tenant, "not ready")
    await run_for(kernel, tenant, 12)
    row = await only_row(kernel, tenant)
    assert (row["state"], row["attempts"], row["postponed"]) == ("ready", 0, 24)
    assert error_of(row) == ErrorWords(
        "not_ready", "The far side of {name} rests.", {"name": "Sample", "field": "", "row": "None"}
    )


async def test_it_rests_longer_each_time_with_jitter_up_to_a_limit(kernel, tenant):
    await ask(kernel, tenant, "not ready")
    rests = []
    now = kernel.clock.now()
    for _ in range(12):
        await run_due_jobs(kernel, [tenant.info.id], now=now)
        row = await only_row(kernel, tenant)
        rests.append((row["run_at"] - now).total_seconds())
        now = row["run_at"]
    limits = [min(5 * 2**n, 900) for n in range(12)]
    assert all(limit / 2 <= rest <= limit * 1.5 for rest, limit in zip(rests, limits, strict=True))
    assert len({rest / limit for rest, limit in zip(rests, limits, strict=True)}) > 6


@pytest.mark.parametrize("kind", ["crash", "exit", "auth"])
async def test_any_other_error_is_tried_again_a_few_times_and_then_given_up(kernel, tenant, kind):
    await ask(kernel, tenant, kind)
    outcomes = await run_for(kernel, tenant, 12)
    assert [outcome.state for outcome in outcomes] == ["ready", "ready", "dead"]
    assert (await only_row(kernel, tenant))["attempts"] == 3


async def test_what_can_never_succeed_is_given_up_at_once(kernel, tenant):
    await ask(kernel, tenant, "give up")
    (outcome,) = await run_due_jobs(kernel, [tenant.info.id])
    assert outcome.state == "dead"


async def test_an_error_that_was_not_written_for_people_keeps_its_words_to_itself(kernel, tenant):
    await ask(kernel, tenant, "crash")
    await run_due_jobs(kernel, [tenant.info.id])
    row = await only_row(kernel, tenant)
    assert "hunter2" not in row["error"]
    assert error_of(row).params["kind"] == "KeyError"
    assert error_of(row).params["place"].startswith("headgate_sample/jobs.py:")


async def test_a_job_is_stopped_when_it_takes_too_long(kernel, tenant):
    await ask(kernel, tenant, "slow", 60, "a")
    (outcome,) = await run_due_jobs(kernel, [tenant.info.id])
    assert outcome.error == ErrorWords(
        "timeout", "It took longer than {seconds} seconds and was stopped.", {"seconds": "2"}
    )
    assert await notes_of(kernel, tenant) == ["begun a"]


async def test_a_job_whose_workers_die_is_given_up_in_the_end(kernel, tenant):
    await ask(kernel, tenant, "slow", 0, "a")
    now = kernel.clock.now()
    for _ in range(3):  # each takes it and is never heard of again
        claims = await claim_due(kernel.databases, now=now, most=1, only=[tenant.info.id])
        assert len(claims.jobs) == 1
        now += HOUR
    (outcome,) = await run_due_jobs(kernel, [tenant.info.id], now=now)
    assert (outcome.state, outcome.error.code) == ("dead", "worker_lost")
    assert await notes_of(kernel, tenant) == []


async def test_a_job_that_fails_while_it_was_asked_for_again_goes_on_as_one(kernel, tenant):
    await ask(kernel, tenant, "crash", key="one")
    now = kernel.clock.now() + HOUR
    claims = await claim_due(kernel.databases, now=now, most=1, only=[tenant.info.id])
    await ask(kernel, tenant, "crash", key="one")
    from headgate_kernel.jobs.outcomes import failed
    from headgate_kernel.jobs.settling import settle

    words = ErrorWords("x", "It broke.")
    lost = await settle(kernel.databases, [failed(claims.jobs[0], words, max_attempts=3)], now=now)
    row = await only_row(kernel, tenant)
    assert (lost, row["attempts"], row["state"], error_of(row)) == (0, 1, "ready", words)


async def test_jobs_of_a_plugin_that_is_off_wait_and_go_on_when_it_is_on(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("waits"))
        await deactivate(ctx, kernel.host, kernel.steps, "sample")
    await run_due_jobs(kernel, [tenant.info.id])
    row = await only_row(kernel, tenant)
    assert (row["state"], row["attempts"]) == ("waiting", 0)
    assert await resume_waiting(kernel) == 0
    async with kernel.context(tenant) as ctx:
        await activate(ctx, kernel.host, "sample")
    assert await resume_waiting(kernel) == 1
    await run_due_jobs(kernel, [tenant.info.id])
    assert await notes_of(kernel, tenant) == ["waits"]


async def test_jobs_of_a_suspended_tenant_wait(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write("waits"))
    await set_state(kernel, tenant, "suspended")
    await run_due_jobs(kernel, [tenant.info.id])
    assert (await only_row(kernel, tenant))["state"] == "waiting"
    await set_state(kernel, tenant, "active")
    await resume_waiting(kernel)
    await run_due_jobs(kernel, [tenant.info.id])
    assert await notes_of(kernel, tenant) == ["waits"]


async def test_jobs_of_a_tenant_that_is_no_more_are_dropped(kernel):
    nobody = 2_000_000_000
    async with kernel.databases.platform_scope() as db:
        await enqueue(db, nobody, "sample.write", Write(), now=kernel.clock.now(), plugin="sample")
    await run_due_jobs(kernel, [nobody])
    assert await rows_of(kernel, nobody) == []


async def test_what_this_version_does_not_know_is_tried_again(kernel, tenant):
    """A newer version may run beside this one during an update."""
    async with kernel.databases.platform_scope() as db:
        await enqueue(db, tenant.info.id, "headgate.from.tomorrow", Write(), now=kernel.clock.now())
    (outcome,) = await run_due_jobs(kernel, [tenant.info.id])
    assert (outcome.state, outcome.error.code) == ("ready", "unknown_job")


async def test_what_does_not_fit_its_type_is_given_up(kernel, tenant):
    async with kernel.databases.platform_scope() as db:
        await enqueue(
            db, tenant.info.id, "sample.trouble", Write("x"), now=kernel.clock.now(), plugin="sample"
        )
    (outcome,) = await run_due_jobs(kernel, [tenant.info.id])
    assert (outcome.state, outcome.error.code) == ("dead", "bad_payload")


async def set_state(kernel, tenant, state):
    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE tenant SET state = $2 WHERE id = $1", tenant.info.id, state)
        await db.execute(
            "UPDATE tenant_revision SET revision = revision + 1 WHERE tenant_id = $1", tenant.info.id
        )
