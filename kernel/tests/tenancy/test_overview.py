"""The list of all tenants: searched, filtered, sorted, a page at a time, whatever their number."""

import itertools
import os
from datetime import timedelta
from uuid import uuid4

import pytest
from headgate_kernel.jobs.kinds import NoDetails
from headgate_kernel.observe.traffic import Traffic
from headgate_kernel.tenancy import overview
from headgate_kernel.tenancy.figures import gather_figures
from headgate_kernel.tenancy.overview import TenantQuery, count_tenants, list_tenants
from headgate_kernel.tenancy.tenants import save_tenant
from headgate_sdk.blueprint import Profile
from headgate_sdk.errors import Invalid
from headgate_sdk.testing.operators import at_console, new_operator

_numbers = itertools.count(1)


@pytest.fixture
def word():
    """Stands in the names of one test's tenants and in no others."""
    return f"w{uuid4().hex[:10]}"


async def make(kernel, word, name, *, figures=None, state="active"):
    """Make a tenant with figures: orders today, hours since the last order, p95."""
    slug = f"o{os.getpid()}-{next(_numbers)}"
    now = kernel.clock.now()
    profile = Profile(slug=slug, name=f"{name} {word}", currency="CNY", timezone="Asia/Shanghai")
    async with kernel.databases.platform_scope() as db:
        tenant_id = await save_tenant(db, profile, domain="localhost", at=now)
        await db.execute("UPDATE tenant SET state = $2 WHERE id = $1", tenant_id, state)
        if figures:
            orders, hours, p95 = figures
            await db.execute(
                "INSERT INTO tenant_figure VALUES ($1, $2, $3, 100, 0, $4, $5)",
                tenant_id, orders, now - timedelta(hours=hours), p95, now,
            )  # fmt: skip
    return tenant_id


async def names(kernel, word, **query):
    async with kernel.databases.platform_scope() as db:
        page = await list_tenants(db, TenantQuery(q=word, **query))
    return [line.name.removesuffix(f" {word}") for line in page.lines]


@pytest.mark.parametrize(
    ("sort", "order"),
    [("name", ["Ann", "Bob", "Cid"]), ("orders", ["Bob", "Ann", "Cid"]), ("last", ["Ann", "Bob", "Cid"]),
     ("new", ["Cid", "Bob", "Ann"])],
)  # fmt: skip
async def test_sorting(kernel, word, sort, order):
    await make(kernel, word, "Ann", figures=(3, 1, 10))
    await make(kernel, word, "Bob", figures=(9, 2, 10))
    await make(kernel, word, "Cid")
    assert await names(kernel, word, sort=sort) == order


async def test_filters_show_what_they_say(kernel, word):
    well = await make(kernel, word, "Well", figures=(1, 1, 10))
    await make(kernel, word, "Slow", figures=(1, 1, 2000))
    await make(kernel, word, "Stopped", state="suspended")
    sick, given_up, full = [await make(kernel, word, name) for name in ("Sick", "Given up", "Full")]
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "INSERT INTO plugin_activation VALUES ($1, 'sample', 'quarantined', 'it broke', $2, 'x'),"
            "($3, 'sample', 'active', '', $2, 'x'), ($3, 'lone', 'off', '', $2, 'x')",
            sick, now, well,
        )  # fmt: skip
        await db.execute(
            "INSERT INTO job (tenant_id, id, job, payload, state, run_at, created_at) "
            "VALUES ($1, $2, 'x', '{}', 'dead', $3, $3)",
            given_up, uuid4(), now,
        )  # fmt: skip
        await db.execute(
            "INSERT INTO quota_notice VALUES ($1, 'orders', $2, 'near', true, $3)", full, now.date(), now
        )
        page = await list_tenants(db, TenantQuery(q=word))
    lines = {line.id: line for line in page.lines}
    assert (lines[sick].trouble, lines[given_up].dead_jobs, lines[full].levels) == (
        ["sample"],
        1,
        ["orders:near"],
    )
    assert (lines[well].trouble, lines[well].dead_jobs, lines[well].levels) == ([], 0, [])
    assert await names(kernel, word, show="slow") == ["Slow"]
    assert await names(kernel, word, show="suspended") == ["Stopped"]
    assert await names(kernel, word, show="trouble") == ["Given up", "Sick"]
    assert await names(kernel, word, show="full") == ["Full"]


async def test_pages_follow_each_other_without_gap_or_repetition(kernel, word, monkeypatch):
    monkeypatch.setattr(overview, "PAGE", 3)
    for number in range(10):
        await make(kernel, word, f"N{number:02}", figures=(number % 3, 1, 10))
    for sort in ("name", "orders", "last", "new"):
        seen, after = [], ""
        while True:
            async with kernel.databases.platform_scope() as db:
                page = await list_tenants(db, TenantQuery(q=word, sort=sort, after=after))
            assert page.total == 10
            seen += [line.id for line in page.lines]
            after = page.next
            if not after:
                break
        assert (len(seen), len(set(seen))) == (10, 10), sort


async def test_search_finds_parts_of_names_and_addresses_and_takes_no_patterns(kernel, word):
    await make(kernel, word, "100% Nuts_")
    assert await names(kernel, word) == ["100% Nuts_"]
    assert len(await names(kernel, f"nUTS_ {word}")) == 1
    assert await names(kernel, f"nut%_ {word}") == []
    assert await names(kernel, f"nut__ {word}") == []
    async with kernel.databases.platform_scope() as db:
        page = await list_tenants(db, TenantQuery(q=f"o{os.getpid()}-1."))
    assert page.total == 1


@pytest.mark.parametrize("after", ["x", "W10=", "bm90aGluZw==", "WyJuYW1lIiwgIngiXQ=="])
async def test_a_cursor_that_is_none_is_refused(kernel, after):
    with pytest.raises(Invalid):
        async with kernel.databases.platform_scope() as db:
            await list_tenants(db, TenantQuery(after=after))


async def test_the_counts_are_those_of_the_filters(kernel, word):
    async with kernel.databases.platform_scope() as db:
        before = await count_tenants(db)
    await make(kernel, word, "Slow", figures=(1, 1, 5000), state="suspended")
    async with kernel.databases.platform_scope() as db:
        after = await count_tenants(db)
    assert (after.all, after.slow, after.suspended) == (before.all + 1, before.slow + 1, before.suspended + 1)
    assert (after.trouble, after.full) == (before.trouble, before.full)


async def test_figures_are_gathered_from_plugins_and_from_traffic(kernel, tenant):
    now = kernel.clock.now()
    traffic = Traffic()
    for number in range(20):
        traffic.count(tenant.info.id, 0.3, failed=number == 0)
    async with kernel.databases.platform_scope() as db:
        await traffic.flush(db, now)
    await gather_figures(kernel, 0, NoDetails())
    async with kernel.databases.platform_scope() as db:
        page = await list_tenants(db, TenantQuery(q=tenant.info.slug + "."))
    (line,) = page.lines
    assert (line.orders_today, line.last_order_at.year) == (7, 2020)
    assert (line.requests, line.errors, line.p95_ms) == (20, 1, 500)


async def test_the_page_shows_them_and_an_empty_search_says_what_to_do(kernel, browse, word):
    await make(kernel, word, "Shown", figures=(12, 1, 10))
    console = await at_console(kernel, browse("console.localhost"), await new_operator(kernel))
    page = await console.get("/console/", params={"q": word})
    assert page.status_code == 200
    assert f"Shown {word}" in page.text
    assert ">12</td>" in page.text
    nothing = await console.get("/console/", params={"q": "no such tenant anywhere"})
    assert "Nothing matches" in nothing.text
