"""What both sides see of plan and usage: the distributor's page and notice, the operator's list."""

import pytest
from headgate_kernel.quotas import usage_of
from headgate_kernel.quotas.notices import warn
from headgate_kernel.tenancy.plan_terms import RequestLimits
from headgate_kernel.web.session_cookie import SESSION_COOKIE


@pytest.fixture
async def console(kernel, operator, browse):
    """A browser of somebody who runs the platform."""
    async with kernel.databases.platform_scope() as db:
        person = await db.fetch_value("SELECT person_id FROM person_login WHERE login = $1", operator)
    client = browse("console.localhost")
    client.cookies.set(SESSION_COOKIE, await kernel.sessions.open(person, None, None, "tests"))
    return client


async def use(kernel, tenant, **meters):
    async with kernel.context(tenant) as ctx:
        for meter, amount in meters.items():
            await ctx.use_quota(meter, amount)
    async with kernel.databases.platform_scope() as db:
        now = kernel.clock.now()
        await warn(db, await usage_of(db, [tenant.info.id], now=now), now=now)
    kernel.directory.forget(tenant.info.id)


async def test_the_owner_sees_what_is_used_and_what_happens_at_each_limit(
    kernel, tenant, give_plan, client_for
):
    await give_plan(
        tenant, orders=(100, 120), storage_bytes=(None, 2_000_000), members=(50, None),
        requests=RequestLimits(per_second=77, burst=300, at_once=33),
    )  # fmt: skip
    await use(kernel, tenant, orders=90)
    page = (await (await client_for(tenant, "owner")).get("/settings/plan")).text
    assert "90 of 100" in page
    assert "Nearly used up" in page
    assert "Beyond it work goes on up to 120" in page
    assert "At 2 MB no more is taken." in page
    assert "Beyond it work goes on; your operator sees it" in page
    assert "no limit" in page  # API requests
    assert ">77<" in page
    assert "Plans are given by your operator" in page


async def test_at_the_limit_the_page_says_so_first(kernel, tenant, give_plan, client_for):
    await give_plan(tenant, orders=(None, 5))
    await use(kernel, tenant, orders=5)
    page = (await (await client_for(tenant, "owner")).get("/settings/plan")).text
    assert "Orders this month: the limit is reached, and more is refused." in page


async def test_without_a_plan_the_page_tells_that_nothing_is_limited(kernel, tenant, client_for):
    async with kernel.databases.platform_scope() as db:
        planned = await db.fetch_value("SELECT count(*) FROM plan")
    page = (await (await client_for(tenant, "owner")).get("/settings/plan")).text
    assert ("Your operator has set no plan" in page) == (not planned)


async def test_those_who_may_not_see_the_plan_see_neither_page_nor_notice(
    kernel, tenant, give_plan, client_for
):
    await give_plan(tenant, orders=(1, None))
    await use(kernel, tenant, orders=1)
    reader = await client_for(tenant, "reader")
    assert (await reader.get("/settings/plan")).status_code == 403
    assert "See the plan" not in (await reader.get("/sample/notes")).text
    owner = await client_for(tenant, "owner")
    assert "What your plan includes is used up: Orders this month." in (await owner.get("/sample/notes")).text
    assert "See the plan" not in (await owner.get("/settings/plan")).text


async def test_the_console_shows_plans_and_who_is_near_their_end(kernel, tenant, give_plan, console):
    plan = await give_plan(tenant, orders=(10, 20), requests=RequestLimits(per_second=7, burst=70, at_once=9))
    await use(kernel, tenant, orders=9)
    page = (await console.get("/console/plans")).text
    assert f"<code>{plan.key}</code>" in page
    assert "10 included, 20 at most" in page
    assert "7 a second, 70 at one go, 9 at the same moment" in page
    assert tenant.info.name in page
    assert "9 of 10" in page


async def test_an_operator_looks_ahead_before_changing_a_plan(
    kernel, new_tenant, other_tenant, give_plan, console
):
    tenant = await new_tenant("sample", "lone")
    await give_plan(tenant)
    narrow = await give_plan(other_tenant, plugins=("lone",), orders=(None, 3))
    await use(kernel, tenant, orders=8)
    page = await console.get(f"/console/plans/{tenant.info.slug}", params={"plan": narrow.key})
    assert "These plugins stop for its people; their data stays: Sample" in page.text
    assert (
        "Orders this month: 8 are there, 3 are the most. Nothing is deleted, but no more is taken."
        in page.text
    )
    assert (await kernel.tenant(tenant.info.slug)).plan != narrow.key
    done = await console.post(f"/console/plans/{tenant.info.slug}", data={"plan": narrow.key})
    assert done.status_code == 303
    assert (await kernel.tenant(tenant.info.slug)).plan == narrow.key
    same = await console.get(f"/console/plans/{tenant.info.slug}")
    assert "This is the plan that it is on" in same.text


async def test_unknown_tenants_and_plans_are_told(kernel, tenant, give_plan, console):
    await give_plan(tenant)
    assert (await console.get("/console/plans/nobody-here")).status_code == 404
    unknown = await console.get(f"/console/plans/{tenant.info.slug}", params={"plan": "none-such"})
    assert unknown.status_code == 404
    assert "There is no plan called none-such" in unknown.text
