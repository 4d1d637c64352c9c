"""Counting in the transaction of the deed, and the limit that concurrent deeds never pass."""

import asyncio
import random
from datetime import UTC, datetime, timedelta

import pytest
from headgate_kernel.database.database import Databases
from headgate_kernel.quotas import own_usage, usage_of
from headgate_kernel.runtime import Kernel, migration_sources
from headgate_kernel.tenancy.plans import assign_plan
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import SYSTEM, Actor
from headgate_sdk.errors import QuotaExceeded

CLERK = Actor("staff", "Li")
BUYER = Actor("customer", "Zhou")


async def used(kernel, tenant, meter="orders"):
    async with kernel.databases.platform_scope() as db:
        usage = (await usage_of(db, [tenant.info.id], now=kernel.clock.now()))[tenant.info.id]
    return next(one.used for one in usage if one.meter.key == meter)


@pytest.fixture
async def wide(kernel):
    """The kernel with as many connections as a busy machine has."""
    databases = await Databases.connect(
        kernel.databases.server, migration_sources(kernel.host), most=32, most_platform=4
    )
    yield Kernel(kernel.settings, databases, kernel.host)
    await databases.app.close()
    await databases.platform.close()


async def test_what_is_undone_is_not_counted(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.use_quota("orders", 2)
    with pytest.raises(ZeroDivisionError):
        async with kernel.context(tenant) as ctx:
            await ctx.use_quota("orders", 5)
            raise ZeroDivisionError
    async with kernel.context(tenant) as ctx:
        with pytest.raises(ZeroDivisionError):
            async with ctx.db.savepoint():
                await ctx.use_quota("orders", 7)
                raise ZeroDivisionError
    assert await used(kernel, tenant) == 2


async def test_a_meter_that_nothing_knows_is_a_mistake_of_the_code(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        with pytest.raises(ValueError, match="there is no meter 'ordres'"):
            await ctx.use_quota("ordres")


async def test_without_a_plan_everything_is_counted_and_nothing_refused(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.use_quota("orders", 10**9)
    assert await used(kernel, tenant) == 10**9


async def test_the_soft_limit_stops_nobody(kernel, tenant, give_plan):
    await give_plan(tenant, orders=(2, None))
    for _ in range(5):
        async with kernel.context(tenant) as ctx:
            await ctx.use_quota("orders")
    async with kernel.context(tenant) as ctx:
        orders = (await own_usage(ctx))[0]
    assert (orders.used, orders.included, orders.state) == (5, 2, "full")


async def test_staff_hear_of_plan_limit_and_month_and_buyers_whom_to_call(kernel, tenant, give_plan):
    await give_plan(tenant, orders=(None, 1))
    clock = ManualClock(datetime(2026, 12, 31, 15, tzinfo=UTC))
    async with kernel.context(tenant, actor=CLERK, clock=clock) as ctx:
        await ctx.use_quota("orders")
    async with kernel.context(tenant, actor=CLERK, clock=clock) as ctx:
        with pytest.raises(QuotaExceeded) as to_staff:
            await ctx.use_quota("orders")
    async with kernel.context(tenant, actor=BUYER, clock=clock) as ctx:
        with pytest.raises(QuotaExceeded) as to_buyer:
            await ctx.use_quota("orders")
    assert "The plan Small gives 1 orders a month" in str(to_staff.value)
    assert "begins anew on 2027-01-01" in str(to_staff.value)
    assert (to_staff.value.status, to_staff.value.field) == (402, "orders")
    assert "Small" not in str(to_buyer.value)
    assert f"{tenant.info.name} cannot take this just now" in str(to_buyer.value)


async def test_a_month_begins_at_midnight_of_the_tenants_calendar(kernel, tenant, give_plan):
    await give_plan(tenant, orders=(None, 1))
    clock = ManualClock(datetime(2026, 10, 31, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    async with kernel.context(tenant, clock=clock) as ctx:
        await ctx.use_quota("orders")
        with pytest.raises(QuotaExceeded):
            async with ctx.db.savepoint():
                await ctx.use_quota("orders")
        clock.moment += timedelta(minutes=1)
        await ctx.use_quota("orders")
        assert (await own_usage(ctx))[0].used == 1


async def test_sixty_four_clients_never_pass_the_hard_limit_and_leave_nothing_unused(wide, tenant, give_plan):
    await give_plan(tenant, orders=(None, 150))
    chance = random.Random(8)
    done = refused = 0

    async def client(undo: list[bool]) -> None:
        nonlocal done, refused
        for undone in undo:
            try:
                async with wide.context(tenant, actor=CLERK) as ctx:
                    await ctx.use_quota("orders")
                    await ctx.db.execute("SELECT pg_sleep($1)", chance.random() / 200)
                    assert not undone, "undo"
                done += 1
            except AssertionError:
                pass
            except QuotaExceeded:
                refused += 1

    async with asyncio.timeout(60):
        await asyncio.gather(*(client([chance.random() < 0.2 for _ in range(5)]) for _ in range(64)))
    assert await used(wide, tenant) == done
    assert done == 150  # 64 clients wanted some 256 in all
    assert refused > 50


@pytest.mark.parametrize("hard", [1, 100_000])
async def test_a_smaller_plan_holds_from_its_commit_on_for_orders_under_way(wide, tenant, give_plan, hard):
    """None that counted before is lost, none that counts after gets past the new limit."""
    small = await give_plan(tenant, orders=(None, hard))
    await give_plan(tenant, orders=(None, 1_000_000))
    done = until = 0
    twenty = asyncio.Event()

    async def client() -> None:
        nonlocal done
        while not until or done < until + 20:
            try:
                async with wide.context(tenant, actor=CLERK) as ctx:
                    await ctx.use_quota("orders")
                    await asyncio.sleep(0.002)
                done += 1
                if done == 20:
                    twenty.set()
            except QuotaExceeded:
                return

    async def operator() -> None:
        nonlocal until
        await twenty.wait()
        async with wide.databases.platform_scope() as db:
            await assign_plan(db, tenant.info.id, small.key, actor=SYSTEM, now=wide.clock.now())
            until = await db.fetch_value(
                "SELECT sum(used)::int FROM quota_use WHERE tenant_id = $1", tenant.info.id
            )

    async with asyncio.timeout(60):
        await asyncio.gather(operator(), *(client() for _ in range(24)))
    assert done == await used(wide, tenant)
    assert done == until if hard == 1 else done >= until + 20


async def test_a_plan_below_what_is_used_deletes_nothing_and_refuses_more(kernel, tenant, give_plan):
    async with kernel.context(tenant) as ctx:
        await ctx.use_quota("orders", 40)
    await give_plan(tenant, orders=(None, 10))
    async with kernel.context(tenant) as ctx:
        with pytest.raises(QuotaExceeded):
            await ctx.use_quota("orders")
    assert await used(kernel, tenant) == 40
    await give_plan(tenant, orders=(None, 41))
    async with kernel.context(tenant) as ctx:
        await ctx.use_quota("orders")


async def test_what_is_given_back_can_be_used_again(kernel, tenant, give_plan):
    await give_plan(tenant, storage_bytes=(None, 1000))
    async with kernel.context(tenant) as ctx:
        await ctx.use_quota("storage_bytes", 1000)
    async with kernel.context(tenant) as ctx:
        await ctx.use_quota("storage_bytes", -700)
    async with kernel.context(tenant) as ctx:
        with pytest.raises(QuotaExceeded, match="gives 1 kB for pictures"):
            async with ctx.db.savepoint():
                await ctx.use_quota("storage_bytes", 701)
        await ctx.use_quota("storage_bytes", 700)
    assert await used(kernel, tenant, "storage_bytes") == 1000


async def test_members_are_counted_as_they_are_and_two_invitations_cannot_share_the_last_place(
    wide, tenant, give_plan
):
    there = await used(wide, tenant, "members")
    await give_plan(tenant, members=(None, there + 1))
    outcomes = []

    async def invite() -> None:
        try:
            async with wide.context(tenant) as ctx:
                await ctx.use_quota("members")
                await asyncio.sleep(0.05)
                await ctx.db.execute(
                    "INSERT INTO membership (tenant_id, id, person_id, login, name, kind) "
                    "VALUES ($1, gen_random_uuid(), gen_random_uuid(), 'x', 'X', 'staff')",
                    tenant.info.id,
                )
            outcomes.append("in")
        except QuotaExceeded as error:
            outcomes.append(error.meter)

    async with asyncio.timeout(30):
        await asyncio.gather(*(invite() for _ in range(6)))
    assert sorted(outcomes) == ["in", *["members"] * 5]
    async with wide.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1 AND login = 'x'",
                             tenant.info.id)  # fmt: skip
        await ctx.use_quota("members")
