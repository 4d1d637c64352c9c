"""Plans: applying the file, giving one to a tenant, what it opens and closes, looking ahead."""

import msgspec
import pytest
from headgate_kernel.plugins.activation import activate, list_plugins
from headgate_kernel.tenancy.directory import runnable
from headgate_kernel.tenancy.plan_preview import preview_plan
from headgate_kernel.tenancy.plan_terms import MeterLimit, MeterLimits, Plan, PlanName
from headgate_kernel.tenancy.plans import apply_plans, assign_plan, find_plan, list_plans, plan_of
from headgate_sdk.context import SYSTEM
from headgate_sdk.errors import Conflict, NotFound

NAME = PlanName("Some", "某")


@pytest.fixture
def apply(kernel):
    """Applies plans beside those of other tests, in a transaction that the caller ends."""

    async def run(db, *plans, keep=True):
        others = [one.plan for one in await list_plans(db)] if keep else []
        given = {plan.key for plan in plans}
        return await apply_plans(
            db,
            [*(one for one in others if one.key not in given), *plans],
            actor=SYSTEM,
            now=kernel.clock.now(),
        )

    return run


async def revision(db, tenant):
    return await db.fetch_value("SELECT revision FROM tenant_revision WHERE tenant_id = $1", tenant.info.id)


async def test_applying_tells_what_is_new_and_changed_and_does_nothing_twice(kernel, apply):
    async with kernel.databases.platform_scope() as db:
        await apply(db, Plan("first", NAME, "*"))
        one, two = Plan("one", NAME, "*"), Plan("two", NAME, ("sample",))
        assert (await apply(db, one, two)).added == ("one", "two")
        again = await apply(db, one, two)
        assert (again.added, again.changed, again.removed, again.tenants) == ((), (), (), 0)
        wider = msgspec.structs.replace(two, plugins="*")
        assert (await apply(db, one, wider)).changed == ("two",)
        assert (await find_plan(db, "two")).plugins == "*"
        assert await db.fetch_value(
            "SELECT count(*) FROM platform_audit_entry "
            "WHERE action = 'plans.apply' AND details->>'changed' LIKE $1",
            '%"two"%',
        ) == 1  # fmt: skip
        await db.rollback()


async def test_tenants_without_a_choice_are_on_the_first_plan(kernel, apply, tenant):
    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE tenant SET plan = NULL")
        await apply(db, Plan("zero", NAME, "*"), Plan("one", NAME, "*"), keep=False)
        assert (await plan_of(db, tenant.info.id)).key == "zero"
        before = await revision(db, tenant)
        await apply(db, Plan("one", NAME, "*"), Plan("zero", NAME, "*"), keep=False)
        assert (await plan_of(db, tenant.info.id)).key == "one"
        assert await revision(db, tenant) == before + 1
        first = (await list_plans(db))[0]
        assert (first.plan.key, first.is_default) == ("one", True)
        assert first.tenants == await db.fetch_value("SELECT count(*) FROM tenant")
        await db.rollback()


async def test_a_plan_that_a_tenant_is_on_cannot_leave_the_file(kernel, apply, tenant, give_plan):
    plan = await give_plan(tenant)
    async with kernel.databases.platform_scope() as db:
        with pytest.raises(
            Conflict, match=f"The plan {plan.key} is not in the file, but {tenant.info.slug} is on it"
        ):
            others = [one.plan for one in await list_plans(db) if one.plan.key != plan.key]
            await apply_plans(db, others, actor=SYSTEM, now=kernel.clock.now())
        await db.rollback()


async def test_a_change_of_terms_reaches_every_worker_by_the_tenants_revision(kernel, tenant, give_plan):
    plan = await give_plan(tenant)
    async with kernel.databases.platform_scope() as db:
        before = await revision(db, tenant)
    await give_plan(tenant, key=plan.key, orders=(5, None))
    async with kernel.databases.platform_scope() as db:
        assert await revision(db, tenant) > before
    assert (await kernel.tenant(tenant.info.slug)).terms.limits.orders.soft == 5


async def test_a_plan_is_given_once_and_noted(kernel, tenant, give_plan, other_tenant):
    plan = await give_plan(other_tenant)
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        assert await assign_plan(db, tenant.info.id, plan.key, actor=SYSTEM, now=now)
        assert not await assign_plan(db, tenant.info.id, plan.key, actor=SYSTEM, now=now)
        rows = await db.fetch(
            "SELECT details FROM platform_audit_entry WHERE action = 'tenant.plan' AND subject = $1",
            tenant.info.slug,
        )
    assert [msgspec.json.decode(row["details"])["after"] for row in rows] == [plan.key]
    assert (await kernel.tenant(tenant.info.slug)).plan == plan.key


@pytest.mark.parametrize(
    ("key", "words"), [("nothing", "There is no plan called nothing"), ("", "no plan called")]
)
async def test_an_unknown_plan_is_told_with_those_that_there_are(kernel, tenant, give_plan, key, words):
    plan = await give_plan(tenant)
    async with kernel.databases.platform_scope() as db:
        with pytest.raises(NotFound, match=words) as told:
            await assign_plan(db, tenant.info.id, key, actor=SYSTEM, now=kernel.clock.now())
        await db.rollback()
    assert plan.key in str(told.value)


async def test_what_the_plan_does_not_allow_rests_with_all_that_needs_it(
    kernel, new_tenant, give_plan, client_for
):
    tenant = await new_tenant("sample", "sample-extra")
    client = await client_for(tenant, "owner")
    assert (await client.get("/api/v1/sample/notes")).status_code == 200
    await give_plan(tenant, plugins=("lone",))
    assert (await kernel.tenant(tenant.info.slug)).plugins == frozenset()
    assert (await client.get("/api/v1/sample/notes")).status_code == 404
    await give_plan(tenant, plugins="*")
    assert (await kernel.tenant(tenant.info.slug)).plugins == {"sample", "sample-extra"}
    assert (await client.get("/api/v1/sample/notes")).status_code == 200


async def test_switching_on_what_the_plan_does_not_allow_is_refused_with_its_name(
    kernel, new_tenant, give_plan
):
    tenant = await new_tenant("lone")
    await give_plan(tenant, plugins=("lone",))
    async with kernel.context(tenant) as ctx:
        with pytest.raises(Conflict, match="The plan Small does not include") as refused:
            await activate(ctx, kernel.host, "sample-extra")  # which needs sample
        states = {view.plugin.manifest.id: view for view in await list_plugins(ctx, kernel.host)}
    assert "operator" in str(refused.value)
    assert states["sample"].state == "not_in_plan"
    assert "The plan Small does not include" in states["sample"].reason
    assert states["lone"].state == "active"


async def test_the_page_of_such_a_plugin_says_so_and_has_no_switch(kernel, new_tenant, give_plan, client_for):
    tenant = await new_tenant("lone")
    await give_plan(tenant, plugins=("lone",))
    client = await client_for(tenant, "owner")
    page = await client.get("/settings/plugins/sample")
    assert "The plan Small does not include" in page.text
    assert 'name="state"' not in page.text
    forced = await client.post("/settings/plugins/sample", data={"state": "on"})
    assert forced.status_code == 409
    assert "The plan Small does not include" in forced.text


def test_runnable_leaves_out_what_the_plan_does_not_allow_and_what_needs_it(kernel):
    active = frozenset({"sample", "sample-extra", "lone"})
    assert runnable(active, kernel.host) == active
    assert runnable(active, kernel.host, Plan("p", NAME, ("sample-extra", "lone"))) == {"lone"}


async def test_looking_ahead_tells_what_stops_what_returns_and_what_is_beyond(kernel, new_tenant, give_plan):
    tenant = await new_tenant("sample", "lone")
    await give_plan(tenant, plugins=("lone",), orders=(None, 100))
    async with kernel.context(tenant) as ctx:
        await ctx.use_quota("orders", 50)
    after = Plan(
        "after", NAME, ("sample",), limits=MeterLimits(orders=MeterLimit(40, 60), members=MeterLimit(hard=1))
    )
    async with kernel.databases.platform_scope() as db:
        seen = await preview_plan(db, kernel.host, tenant.info.id, after, now=kernel.clock.now())
        assert (await plan_of(db, tenant.info.id)).key != "after"
    lone, sample = (kernel.host.by_id[one].manifest.name for one in ("lone", "sample"))
    assert (seen.resting, seen.returning) == ((lone,), (sample,))
    assert [(one.meter.key, one.state) for one in seen.beyond] == [("orders", "full"), ("members", "stopped")]


async def test_a_tenant_may_know_its_own_plan_and_nobody_elses(kernel, tenant, other_tenant, give_plan):
    await give_plan(tenant)
    theirs = await give_plan(other_tenant)
    async with kernel.context(tenant) as ctx:
        rows = await ctx.db.fetch("SELECT key FROM headgate_own_plan()")
        held = await ctx.db.fetch("SELECT key FROM headgate_hold_own_plan()")
    assert [row["key"] for row in rows] == [row["key"] for row in held] != [theirs.key]
