import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from headgate_kernel.jobs.declared import check_jobs
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.jobs.own import KERNEL_SCHEDULES
from headgate_kernel.jobs.rules import Rule, next_day_time
from headgate_kernel.jobs.scheduler import Scheduler
from headgate_kernel.plugins.activation import activate, deactivate
from headgate_kernel.runtime import Kernel
from headgate_sample.jobs import JOBS, SCHEDULES, TROUBLE, WRITE
from headgate_sdk.clock import ManualClock
from headgate_sdk.jobs import JobType, Schedule

from .looking import notes_of, rows_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def clock(kernel):
    return ManualClock(NOON)


@pytest.fixture
def timed(kernel, clock) -> Kernel:
    """The kernel with a clock that stands still until it is set."""
    return Kernel(kernel.settings, kernel.databases, kernel.host, clock)


async def asked(kernel, tenant) -> Counter:
    """Count the plugin's jobs; the kernel has schedules of its own for each tenant."""
    rows = await rows_of(kernel, tenant.info.id)
    return Counter(row["job"] for row in rows if row["plugin"])


async def fire_all(scheduler: Scheduler) -> None:
    """Fire what is due of all tenants there are, those of other tests too; a call takes some at a time."""
    while await scheduler.fire_due():
        pass


def moments(daily_at: str, zone: str, start: datetime, count: int) -> list[str]:
    found = []
    for _ in range(count):
        start = next_day_time(daily_at, zone, start)
        found.append(start.isoformat(timespec="minutes"))
    return found


def test_a_daily_time_is_that_of_the_tenants_zone():
    assert moments("02:30", "Asia/Shanghai", NOON, 2) == ["2026-03-10T18:30+00:00", "2026-03-11T18:30+00:00"]


def test_a_time_that_clocks_leave_out_comes_once_on_that_day():
    """Berlin goes from 2:00 to 3:00 on 2026-03-29."""
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert moments("02:30", "Europe/Berlin", start, 3) == [
        "2026-03-29T01:30+00:00", "2026-03-30T00:30+00:00", "2026-03-31T00:30+00:00",
    ]  # fmt: skip


def test_a_time_that_clocks_show_twice_comes_once_on_that_day():
    """Berlin goes from 3:00 back to 2:00 on 2026-10-25."""
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert moments("02:30", "Europe/Berlin", start, 3) == [
        "2026-10-25T00:30+00:00", "2026-10-26T01:30+00:00", "2026-10-27T01:30+00:00",
    ]  # fmt: skip


def test_what_was_missed_is_made_up_for_once_and_the_rhythm_stays():
    rule = Rule(Schedule("a.b", every=timedelta(minutes=10)), "a", "{}", for_tenants=True)
    due = NOON
    assert rule.following("UTC", due, NOON + timedelta(minutes=47)) == NOON + timedelta(minutes=50)
    assert rule.following("UTC", due, NOON) == NOON + timedelta(minutes=10)


async def test_schedules_fire_in_time_and_not_before(timed, clock, tenant):
    scheduler = Scheduler(timed)
    await scheduler.note_rules()
    await fire_all(scheduler)
    assert await asked(timed, tenant) == {}
    clock.moment = datetime(2026, 3, 10, 18, 29, tzinfo=UTC)
    while await scheduler.fire_due():
        pass
    assert await asked(timed, tenant) == {"sample.sweep": 1}
    clock.moment += timedelta(minutes=1)
    while await scheduler.fire_due():
        pass
    assert (await asked(timed, tenant))["sample.nightly"] == 1  # 02:30 in Shanghai


async def test_many_schedulers_fire_each_schedule_once(timed, clock, new_tenant):
    tenants = [await new_tenant() for _ in range(4)]
    schedulers = [Scheduler(timed) for _ in range(4)]
    await asyncio.gather(*(scheduler.note_rules() for scheduler in schedulers))
    for day in range(1, 4):
        clock.moment = NOON + day * DAY
        await asyncio.gather(*(scheduler.fire_due() for scheduler in schedulers for _ in range(3)))
        for tenant in tenants:
            assert await asked(timed, tenant) == {"sample.sweep": 1, "sample.nightly": 1}
        async with timed.databases.platform_scope() as db:
            await db.execute("DELETE FROM job")


async def test_a_schedule_asks_for_no_second_job_while_the_first_waits_or_runs(timed, clock, tenant):
    scheduler = Scheduler(timed)
    await scheduler.note_rules()
    for state in ("ready", "running"):
        clock.moment += DAY
        await fire_all(scheduler)
        async with timed.databases.platform_scope() as db:
            await db.execute("UPDATE job SET state = $1", state)
    clock.moment += DAY
    await fire_all(scheduler)
    assert await asked(timed, tenant) == {"sample.sweep": 1, "sample.nightly": 1}


async def test_a_scheduled_job_runs_with_the_defaults_of_its_payload(timed, clock, tenant):
    scheduler = Scheduler(timed)
    await scheduler.note_rules()
    clock.moment += timedelta(minutes=11)
    await fire_all(scheduler)
    await run_due_jobs(timed, [tenant.info.id])
    assert await notes_of(timed, tenant) == ["swept"]
    assert await asked(timed, tenant) == {}


async def test_schedules_of_a_plugin_that_is_off_do_not_fire_and_begin_anew_when_it_is_on(
    timed, clock, tenant, other_tenant
):
    scheduler = Scheduler(timed)
    await scheduler.note_rules()
    async with timed.context(tenant) as ctx:
        await deactivate(ctx, timed.host, timed.steps, "sample")
    clock.moment += DAY
    await scheduler.note_rules()
    await fire_all(scheduler)
    assert await asked(timed, tenant) == {}
    assert (await asked(timed, other_tenant)).total() == 2
    async with timed.context(tenant) as ctx:
        await activate(ctx, timed.host, "sample")
    await scheduler.note_rules()
    await fire_all(scheduler)
    assert await asked(timed, tenant) == {}  # what was due while it was off is not made up for
    clock.moment += DAY
    await fire_all(scheduler)
    assert (await asked(timed, tenant)).total() == 2


async def test_a_schedule_follows_its_tenant_into_another_time_zone(timed, clock, tenant):
    scheduler = Scheduler(timed)
    await scheduler.note_rules()
    async with timed.databases.platform_scope() as db:
        await db.execute("UPDATE tenant SET timezone = 'UTC' WHERE id = $1", tenant.info.id)
    await scheduler.note_rules()
    async with timed.databases.platform_scope() as db:
        row = await db.fetch_row(
            "SELECT spec, next_at FROM job_schedule WHERE tenant_id = $1 AND job = 'sample.nightly'",
            tenant.info.id,
        )
    assert tuple(row) == ("daily at 02:30 UTC", datetime(2026, 3, 11, 2, 30, tzinfo=UTC))


async def test_the_kernels_own_schedules_fire_for_the_platform(timed, clock):
    scheduler = Scheduler(timed)
    await scheduler.note_rules()
    clock.moment += DAY
    while await scheduler.fire_due():
        pass
    own = {schedule.when.job for schedule in KERNEL_SCHEDULES if not schedule.each_tenant}
    assert "headgate.sessions.drop_expired" in own
    assert {row["job"] for row in await rows_of(timed, 0)} == own
    outcomes = await run_due_jobs(timed, [0])
    assert {outcome.claim.job for outcome in outcomes if outcome.state == "done"} == own


def test_schedules_that_could_not_work_are_refused_where_they_are_declared():
    for wrong, words in (
        ({}, "give either"),
        ({"every": timedelta(minutes=1), "daily_at": "02:30"}, "give either"),
        ({"every": timedelta(seconds=1)}, "10 seconds or more"),
        ({"daily_at": "2:30"}, "2:30"),
        ({"daily_at": "02:30:30"}, "must be like 02:30"),
        ({"daily_at": "25:00"}, "hour must be in"),
    ):
        with pytest.raises(ValueError, match=words):
            Schedule("sample.sweep", **wrong)


@pytest.mark.parametrize(
    ("plugin", "jobs", "schedules", "words"),
    [
        ("sample", (*JOBS, WRITE), (), "two job types have the same name"),
        ("other", JOBS, (), "must begin with other."),
        ("sample", JOBS, (*SCHEDULES, SCHEDULES[0]), "two schedules run the same job"),
        ("sample", (WRITE,), SCHEDULES[:1], "which is no job type"),
        ("sample", JOBS, (Schedule(TROUBLE.name, daily_at="02:30"),), "needs a default"),
    ],
    ids=["same name", "foreign name", "same job", "unknown job", "no defaults"],
)
def test_jobs_that_could_not_be_told_apart_or_run_are_refused(plugin, jobs, schedules, words):
    with pytest.raises(ValueError, match=words):
        check_jobs(plugin, [(plugin, job) for job in jobs], [(plugin, one) for one in schedules])


def test_a_job_type_has_room_for_an_attempt():
    with pytest.raises(ValueError, match="above zero"):
        JobType("a.b", WRITE.payload, WRITE.function, max_attempts=0)
