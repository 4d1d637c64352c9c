from datetime import timedelta
from uuid import UUID

import pytest
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.jobs.letters import PAGE, drop_letters, list_letters, retry_letters
from headgate_kernel.jobs.overview import overview
from headgate_kernel.jobs.queue import enqueue
from headgate_sample.jobs import Trouble, Write
from headgate_sdk.context import Actor

from .looking import notes_of, rows_of

OPERATOR = Actor("operator", "Op")


@pytest.fixture
def give_up(kernel):
    """Leaves dead letters at a tenant."""

    async def give(tenant, count=1, *, key="", kind="give up"):
        for _ in range(count):
            async with kernel.context(tenant) as ctx:
                await ctx.enqueue("sample.trouble", Trouble(kind), key=key)
            await run_due_jobs(kernel, [tenant.info.id])

    return give


async def letters(kernel, state="dead", **options):
    async with kernel.databases.platform_scope() as db:
        return await list_letters(db, state, **options)


async def retry(kernel, **which):
    async with kernel.databases.platform_scope() as db:
        return await retry_letters(db, actor=OPERATOR, now=kernel.clock.now(), **which)


async def drop(kernel, **which):
    async with kernel.databases.platform_scope() as db:
        return await drop_letters(db, actor=OPERATOR, now=kernel.clock.now(), **which)


async def test_a_dead_letter_says_whose_it_is_and_why(kernel, tenant, give_up):
    await give_up(tenant)
    (letter,) = (await letters(kernel)).items
    assert (letter.tenant, letter.job, letter.attempts) == (tenant.info.name, "sample.trouble", 1)
    assert letter.error.message == "There is no such thing over there."


async def test_what_is_tried_again_is_listed_with_its_reason_and_next_time(kernel, tenant, give_up):
    await give_up(tenant, kind="not ready")
    (letter,) = (await letters(kernel, "ready")).items
    assert letter.postponed == 1
    assert letter.run_at > kernel.clock.now()
    assert letter.error.fill(letter.error.message) == "The far side of Sample rests."


async def test_pages_come_by_key_newest_first(kernel, tenant):
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        for _ in range(PAGE + 3):
            await enqueue(db, tenant.info.id, "sample.write", Write(), now=now, plugin="sample")
        await db.execute("UPDATE job SET state = 'dead' WHERE tenant_id = $1", tenant.info.id)
    first = await letters(kernel)
    second = await letters(kernel, before=first.following)
    ids = [letter.id for letter in (*first.items, *second.items)]
    assert ids == sorted(ids, reverse=True)
    assert (len(first.items), len(second.items), first.total, second.following) == (PAGE, 3, PAGE + 3, None)


async def test_one_is_tried_again_with_all_its_attempts(kernel, tenant, give_up):
    await give_up(tenant, 2)
    chosen = (await letters(kernel)).items[0].id
    assert await retry(kernel, ids=[chosen]) == 1
    rows = {row["id"]: (row["state"], row["attempts"]) for row in await rows_of(kernel, tenant.info.id)}
    assert rows.pop(chosen) == ("ready", 0)
    assert set(rows.values()) == {("dead", 1)}


async def test_all_of_a_kind_are_tried_again_and_those_of_others_not(kernel, tenant, other_tenant, give_up):
    await give_up(tenant, 2)
    await give_up(other_tenant, 1)
    assert await retry(kernel, job="sample.write") == 0
    assert await retry(kernel, job="sample.trouble") == 3
    assert (await letters(kernel)).total == 0


async def test_of_several_with_one_key_one_is_tried_again(kernel, tenant, give_up):
    await give_up(tenant, 3, key="one")
    assert await retry(kernel) == 3
    assert [row["state"] for row in await rows_of(kernel, tenant.info.id)] == ["ready"]


async def test_where_one_with_the_key_waits_already_it_does_for_both(kernel, tenant, give_up):
    await give_up(tenant, key="one")
    async with kernel.context(tenant) as ctx:
        waits = await ctx.enqueue("sample.trouble", Trouble("give up"), key="one")
    await retry(kernel)
    assert [row["id"] for row in await rows_of(kernel, tenant.info.id)] == [waits]


async def test_what_is_thrown_away_is_gone(kernel, tenant, give_up):
    await give_up(tenant, 2)
    assert await drop(kernel, job="sample.trouble") == 2
    assert await rows_of(kernel, tenant.info.id) == []


async def test_what_is_not_dead_is_neither_retried_nor_thrown_away(kernel, tenant):
    later = kernel.clock.now() + timedelta(days=1)
    async with kernel.context(tenant) as ctx:
        waits = await ctx.enqueue("sample.write", Write(), run_at=later)
    assert (await retry(kernel, ids=[waits]), await drop(kernel, ids=[waits])) == (0, 0)
    assert [row["run_at"] for row in await rows_of(kernel, tenant.info.id)] == [later]


async def test_the_overview_counts_by_state_and_tenant(kernel, tenant, other_tenant, give_up):
    now = kernel.clock.now()
    await give_up(tenant, 2)
    await give_up(other_tenant, kind="not ready")
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.write", Write(), run_at=now - timedelta(minutes=5))
    async with kernel.databases.platform_scope() as db:
        found = await overview(db, kernel.clock.now())
    first, second = found.tenants
    assert (first.name, first.dead, first.due, first.oldest) == (
        tenant.info.name, 2, 1, now - timedelta(minutes=5),
    )  # fmt: skip
    assert (second.name, second.dead, second.due, second.later, second.oldest) == (
        other_tenant.info.name, 0, 0, 1, None,
    )  # fmt: skip
    assert (found.total.dead, found.total.due, found.total.later) == (2, 1, 1)
    assert [(kind.job, kind.count) for kind in found.dead] == [("sample.trouble", 2)]


# -- the operator's pages ----------------------------------------------------------------------------------


@pytest.fixture
async def console(kernel, browse, operator):
    """The operator, signed in at the console."""
    client = browse("console.localhost")
    answer = await client.post("/sign-in", data={"login": operator, "password": "correct horse battery"})
    assert answer.status_code == 303
    return client


async def deeds(kernel):
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT action, subject, details FROM platform_audit_entry WHERE action LIKE 'jobs.%' ORDER BY id"
        )
    return [tuple(row) for row in rows]


async def test_the_operator_sees_why_and_has_it_tried_again(kernel, tenant, give_up, console):
    await give_up(tenant)
    page = await console.get("/console/jobs/dead")
    assert "There is no such thing over there." in page.text
    letter = (await letters(kernel)).items[0].id
    answer = await console.post("/console/jobs/retry", data={"id": str(letter)})
    assert answer.headers["location"] == "/console/jobs/dead?retried=1"
    assert "1 jobs will be tried again." in (await console.get(answer.headers["location"])).text
    assert (await rows_of(kernel, tenant.info.id))[0]["state"] == "ready"


async def test_the_operator_reads_the_reason_in_their_language(kernel, tenant, console):
    async with kernel.context(tenant) as ctx:
        await ctx.enqueue("sample.trouble", Trouble("slow", 9))
    for _ in range(3):
        async with kernel.databases.platform_scope() as db:
            await db.execute("UPDATE job SET run_at = now() - interval '1 second'")
        await run_due_jobs(kernel, [tenant.info.id], now=kernel.clock.now() + timedelta(days=1))
        async with kernel.context(tenant) as ctx:
            await ctx.db.execute("DELETE FROM sample_note WHERE tenant_id = $1", ctx.tenant.id)
    console.cookies.set("headgate_locale", "zh_CN")
    assert "超过 2 秒没有完成，已被中止。" in (await console.get("/console/jobs/dead")).text


async def test_what_the_operator_does_stands_in_the_platforms_log(kernel, tenant, give_up, console):
    before = len(await deeds(kernel))
    await give_up(tenant, 2)
    await console.post("/console/jobs/retry", data={"kind": "sample.trouble"})
    await run_due_jobs(kernel, [tenant.info.id])
    await console.post("/console/jobs/drop", data={"every": "yes"})
    done = (await deeds(kernel))[before:]
    assert [(action, subject) for action, subject, _ in done] == [
        ("jobs.retry", "sample.trouble"), ("jobs.drop", "*"),
    ]  # fmt: skip
    assert all('"count"' in details for _, _, details in done)


@pytest.mark.parametrize(
    "form", [{}, {"every": "", "kind": ""}, {"id": "no id"}], ids=["empty", "blank", "wrong"]
)
async def test_a_form_that_names_no_job_changes_nothing(kernel, tenant, give_up, console, form):
    await give_up(tenant)
    for action in ("retry", "drop"):
        assert (await console.post(f"/console/jobs/{action}", data=form)).status_code == 422
    assert (await letters(kernel)).total == 1


@pytest.mark.parametrize(
    "path", ["/console/jobs", "/console/jobs/dead", "/console/jobs/again", "/console/messages"]
)
async def test_pages_stand_when_there_is_nothing(console, path):
    assert (await console.get(path)).status_code == 200


async def test_a_page_of_letters_leads_to_the_next(kernel, tenant, console):
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        for _ in range(PAGE + 1):
            await enqueue(db, tenant.info.id, "sample.write", Write(), now=now, plugin="sample")
        await db.execute("UPDATE job SET state = 'dead'")
        oldest: UUID = await db.fetch_value("SELECT min(id::text)::uuid FROM job")
    page = (await console.get("/console/jobs/dead?kind=sample.write")).text
    following = (await letters(kernel)).following
    assert f"/console/jobs/dead?kind=sample.write&amp;before={following}" in page
    assert str(oldest) not in page
    assert str(oldest) in (await console.get(f"/console/jobs/dead?before={following}")).text


async def test_a_job_that_was_mended_leaves_the_letters(kernel, tenant, give_up):
    await give_up(tenant)
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE job SET job = 'sample.write', payload = '{\"text\": \"mended\"}' WHERE tenant_id = $1",
            tenant.info.id,
        )
    await retry(kernel)
    await run_due_jobs(kernel, [tenant.info.id])
    assert await notes_of(kernel, tenant) == ["mended"]
