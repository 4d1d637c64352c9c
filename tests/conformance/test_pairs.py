"""Plugins beside each other: alone, all on, all off, each off; an order's way without the optional ones."""

import itertools
from decimal import Decimal

import pytest
from headgate_kernel.plugins.discovery import closure
from headgate_kernel.plugins.host import PluginHost
from headgate_order_minimum.rules import RuleInput, replace_rules
from headgate_trade.api import ORDER, get_order, ledger_differences, stock_differences

from tests.shop import fill_shop, order_at

INSTALLED = tuple(plugin.manifest.id for plugin in PluginHost().installed)
SETS = sorted(
    {
        closure(wanted, PluginHost().installed)
        for wanted in (
            [],
            INSTALLED,
            *([plugin] for plugin in INSTALLED),
            *([other for other in INSTALLED if other != plugin] for plugin in INSTALLED),
            *itertools.combinations(INSTALLED, 2),
        )
    },
    key=sorted,
)


@pytest.fixture
async def shop(kernel, new_tenant):
    return await fill_shop(kernel, await new_tenant(), open_orders=False)


async def set_plugins(kernel, client, tenant, wanted):
    """Switch until exactly these are on, those that need others first when going off."""
    for plugin in reversed(INSTALLED):
        if plugin not in wanted:
            assert (
                await client.post(f"/settings/plugins/{plugin}", data={"state": "off"})
            ).status_code == 303
    for plugin in INSTALLED:
        if plugin in wanted:
            assert (await client.post(f"/settings/plugins/{plugin}", data={"state": "on"})).status_code == 303
    assert (await kernel.tenant(tenant.info.slug)).plugins == wanted


def menu_of(markup):
    side = markup.partition('<nav class="side"')[2].partition("</nav>")[0]
    return [part.partition('"')[0] for part in side.split('<a href="')[1:]]


@pytest.mark.parametrize("wanted", [pytest.param(one, id="+".join(sorted(one)) or "none") for one in SETS])
async def test_any_set_of_plugins_gives_a_working_front_door_and_menu(kernel, shop, client_for, wanted):
    owner, buyer = await client_for(shop.tenant, "owner"), await client_for(shop.tenant, "buyer")
    await set_plugins(kernel, owner, shop.tenant, wanted)
    for client in (owner, buyer, await client_for(shop.tenant, "")):
        answer = await client.get("/", follow_redirects=True)
        lost = client is buyer and "mall" not in wanted
        assert answer.status_code == (404 if lost else 200), answer.text[-1500:]
    hrefs = menu_of((await owner.get("/settings/plugins")).text)
    assert len(hrefs) == len(set(hrefs))
    assert "/settings/plugins" in hrefs
    for href in hrefs:
        if href != "/settings/flow" or "trade" in wanted:
            assert (await owner.get(href)).status_code == 200, href
    for address, plugin in (("/mall/", "mall"), ("/api/v1/mall/cart", "mall")):
        assert (await buyer.get(address)).status_code == (200 if plugin in wanted else 404), address
    assert (await owner.get("/api/v1/openapi.json")).status_code == 200


def test_no_two_routes_share_verb_and_path(app):
    taken = [
        (method, route.path_format)
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
    ]
    assert len(taken) == len(set(taken))


async def test_an_order_goes_its_way_without_the_optional_plugin(kernel, shop, client_for):
    """Its veto stands while the plugin is on, and neither veto nor trace of it when it is off."""
    async with kernel.context(shop.tenant) as ctx:
        await replace_rules(ctx, [RuleInput(None, Decimal(10_000)), RuleInput(shop.group, Decimal(10_000))])
    buyer, owner = await client_for(shop.tenant, "buyer"), await client_for(shop.tenant, "owner")
    refused = await buyer.post("/api/v1/mall/checkout", json={}, headers={"Idempotency-Key": "too little"})
    assert (refused.status_code, refused.json()["code"]) == (409, "vetoed")
    assert (await buyer.get("/api/v1/mall/cart")).json()["refusals"]
    await owner.post("/settings/plugins/order-minimum", data={"state": "off"})
    assert (await buyer.get("/api/v1/mall/cart")).json()["refusals"] == []
    placed = await buyer.post("/api/v1/mall/checkout", json={}, headers={"Idempotency-Key": "too little"})
    assert placed.status_code == 201, placed.text
    for role, step in (
        ("clerk", "sales_approval"), ("finance", "finance_approval"), ("warehouse", "outbound"),
        ("warehouse", "ship"),
    ):  # fmt: skip
        staff = await client_for(shop.tenant, role)
        done = await staff.post(f"/api/v1/orders/{placed.json()['id']}/steps/trade.{step}", json={})
        assert done.status_code == 200, done.text
    done = await buyer.post(f"/api/v1/mall/orders/{placed.json()['id']}/steps/trade.receive", json={})
    assert done.json()["order"]["state"] == "completed"
    async with kernel.context(shop.tenant) as ctx:
        assert not await stock_differences(ctx)
        assert not await ledger_differences(ctx)


async def test_a_plugin_that_open_orders_need_stays_on_and_says_why(kernel, shop, client_for):
    order_id = await order_at(kernel, shop, "new")
    owner = await client_for(shop.tenant, "owner")
    for plugin in ("order-minimum", "mall"):
        assert (await owner.post(f"/settings/plugins/{plugin}", data={"state": "off"})).status_code == 303
    refused = await owner.post("/settings/plugins/trade", data={"state": "off"})
    assert refused.status_code == 409
    assert "1 open orders still need steps" in refused.text
    assert (await owner.get("/desk/orders")).status_code == 200
    async with kernel.context(shop.tenant) as ctx:
        await ctx.workflow.complete_all(ORDER, order_id)
        assert (await get_order(ctx, order_id)).summary.state == "completed"
    assert (await owner.post("/settings/plugins/trade", data={"state": "off"})).status_code == 303
    assert (await owner.get("/desk/orders")).status_code == 404
