"""Warnings: both sides see them, owners get one mail for each level and month, and they end by themselves."""

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest
from headgate_kernel.jobs.own import KERNEL_JOBS, KERNEL_SCHEDULES
from headgate_kernel.notify.messages import JOB, SendMessage
from headgate_kernel.notify.wording import put_in_words
from headgate_kernel.quotas import usage_of
from headgate_kernel.quotas.meters import EVER
from headgate_kernel.quotas.notices import _FOLD, warn
from headgate_sdk.clock import ManualClock


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 3, 10, tzinfo=UTC))


@pytest.fixture
def look(kernel, clock):
    """Looks at some tenants' usage, as the job does at all, and gives the mails that were asked for."""

    async def at(*tenants) -> list[SendMessage]:
        ids = [tenant.info.id for tenant in tenants]
        clock.moment += timedelta(minutes=5)
        async with kernel.databases.platform_scope() as db:
            await db.execute("DELETE FROM job WHERE tenant_id = ANY($1)", ids)
            await warn(db, await usage_of(db, ids, now=clock.now()), now=clock.now())
            rows = await db.fetch(
                "SELECT payload FROM job WHERE tenant_id = ANY($1) AND job = $2 ORDER BY created_at", ids, JOB
            )
        return [msgspec.json.decode(row["payload"], type=SendMessage) for row in rows]

    return at


async def use(kernel, tenant, clock, meter, amount):
    async with kernel.context(tenant, clock=clock) as ctx:
        await ctx.use_quota(meter, amount)


async def warnings(kernel, tenant):
    return (await kernel.tenant(tenant.info.slug)).warnings


async def test_the_owner_is_written_to_once_near_and_once_at_what_is_included(
    kernel, tenant, give_plan, look, clock
):
    await give_plan(tenant, orders=(100, 120))
    await use(kernel, tenant, clock, "orders", 79)
    assert not await look(tenant)
    await use(kernel, tenant, clock, "orders", 1)
    (near,) = await look(tenant)
    assert near.message.to == f"owner@{tenant.info.slug}.example"
    assert not await look(tenant)
    assert await warnings(kernel, tenant) == {"orders": "near"}
    await use(kernel, tenant, clock, "orders", 20)
    (full,) = await look(tenant)
    assert full.message.values["level"] == "full"
    assert not await look(tenant)
    assert await warnings(kernel, tenant) == {"orders": "full"}
    for job, told in ((near, "nearly used up"), (full, "what your plan includes is used up")):
        words = put_in_words(job, kernel.catalogue, tenant.info)
        assert told in words.subject
        assert "At 120 no more is taken" in words.text


async def test_who_passes_both_levels_at_once_gets_one_mail(kernel, tenant, give_plan, look, clock):
    await give_plan(tenant, orders=(None, 10))
    await use(kernel, tenant, clock, "orders", 10)
    (mail,) = await look(tenant)
    assert mail.message.values["level"] == "full"


async def test_a_new_month_and_a_larger_plan_end_the_warning(kernel, tenant, give_plan, look, clock):
    plan = await give_plan(tenant, orders=(10, None))
    await use(kernel, tenant, clock, "orders", 10)
    assert await look(tenant)
    clock.moment += timedelta(days=25)
    assert not await look(tenant)
    assert await warnings(kernel, tenant) == {}
    await use(kernel, tenant, clock, "orders", 10)
    assert await look(tenant)
    await give_plan(tenant, key=plan.key, orders=(1000, None))
    assert await warnings(kernel, tenant) == {}
    assert not await look(tenant)


async def test_what_never_begins_anew_is_told_once_a_month_and_ends_when_it_is_less(
    kernel, tenant, give_plan, look, clock
):
    await give_plan(tenant, storage_bytes=(1000, None))
    await use(kernel, tenant, clock, "storage_bytes", 900)
    assert len(await look(tenant)) == 1
    await use(kernel, tenant, clock, "storage_bytes", -900)
    assert not await look(tenant)
    assert await warnings(kernel, tenant) == {}
    await use(kernel, tenant, clock, "storage_bytes", 900)
    assert not await look(tenant)  # told already this month
    assert await warnings(kernel, tenant) == {"storage_bytes": "near"}
    clock.moment += timedelta(days=30)
    assert len(await look(tenant)) == 1


async def test_one_tenants_use_warns_nobody_else(kernel, tenant, other_tenant, give_plan, look, clock):
    await give_plan(tenant, orders=(10, None))
    await give_plan(other_tenant, orders=(10, None))
    await use(kernel, other_tenant, clock, "orders", 10)
    (mail,) = await look(tenant, other_tenant)
    assert mail.message.tenant_id == other_tenant.info.id
    assert await warnings(kernel, tenant) == {}


async def test_the_usage_of_a_thousand_tenants_is_one_query(kernel, tenant, clock):
    async with kernel.databases.platform_scope() as db:
        made = await db.fetch(
            "INSERT INTO tenant (slug, name, currency, timezone, locale, brand_colour, created_at) "
            "SELECT 'many-' || n, 'Many', 'CNY', 'Asia/Shanghai', 'en', '#0b6e4f', now() "
            "FROM generate_series(1, 1000) n RETURNING id"
        )
        ids = [row["id"] for row in made]
        await db.execute(
            "INSERT INTO quota_use SELECT id, 'orders', '2026-03-01', slot, 5, NULL "
            "FROM unnest($1::integer[]) id, generate_series(0, 15) slot", ids,
        )  # fmt: skip
        seen = []
        kernel.databases.platform.on_statement = seen.append
        found = await usage_of(db, ids, now=clock.now())
        kernel.databases.platform.on_statement = None
        assert {usage[0].used for usage in found.values()} == {80}
        assert len(found) == 1000
        await db.rollback()


async def test_months_that_are_over_are_folded_and_keep_their_sums(kernel, tenant, clock):
    place = "WHERE tenant_id = $1 AND meter = 'orders'"
    await use(kernel, tenant, clock, "orders", 7)
    async with kernel.context(tenant, clock=clock) as ctx:
        await ctx.db.execute(f"UPDATE quota_use SET used = used + 2 {place} AND slot = 9", tenant.info.id)
    for today, rows in ((date(2026, 3, 31), 16), (date(2026, 4, 2), 1)):
        async with kernel.databases.platform_scope() as db:
            await db.execute(_FOLD, EVER, today)
            row = await db.fetch_row(f"SELECT count(*) AS n, sum(used)::int AS used FROM quota_use {place}",
                                     tenant.info.id)  # fmt: skip
        assert (row["n"], row["used"]) == (rows, 9)


def test_the_kernel_looks_by_itself():
    names = {job.name for job in KERNEL_JOBS}
    assert "headgate.quotas.warn" in names
    assert "headgate.quotas.warn" in {schedule.when.job for schedule in KERNEL_SCHEDULES}
