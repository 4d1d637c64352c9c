"""Buyers see as much of the stock as their distributor shows, on every page, in the API and in refusals."""

from decimal import Decimal

import pytest
from headgate_kernel.tenancy.plugin_settings import save_settings
from headgate_mall.shelf import band, stock_view
from headgate_sdk.testing.tenants import actor_of
from headgate_trade.api import SkuUnit, TradeSettings, set_cart_line
from headgate_trade.catalogue import SkuInput, UnitInput, list_skus, save_skus
from headgate_trade.customer_changes import link_member
from headgate_trade.customers import CustomerInput, list_customers, save_customers
from headgate_trade.stock import StockChange, receive_stock

HELD = 1234


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, 1),
        (4, 2),
        (5, 5),
        (9, 5),
        (10, 10),
        (19, 10),
        (49, 20),
        (50, 50),
        (199, 100),
        (1234, 1000),
        (5000, 5000),
    ],
)
def test_a_band_is_the_round_figure_below(count, shown):
    assert band(count) == shown


@pytest.mark.parametrize(
    ("mode", "count", "state", "message", "n"),
    [
        ("exact", 123, "ok", "In stock {n} {unit}", 123), ("exact", 3, "wait", "Only {n} {unit} left", 3),
        ("band", 123, "ok", "In stock, {n} {unit} or more", 100), ("band", 3, "wait", "Few left", 0),
        ("flag", 123, "ok", "In stock", 0), ("flag", 3, "ok", "In stock", 0),
        ("exact", 0, "stop", "Out of stock", 0), ("band", 0, "stop", "Out of stock", 0),
        ("flag", 0, "stop", "Out of stock", 0), ("off", 0, "", "", 0), ("off", 123, "", "", 0),
    ],
)  # fmt: skip
def test_each_way_of_showing_tells_so_much_and_no_more(mode, count, state, message, n):
    class Bolt:
        min_quantity = 1

    view = stock_view(count, SkuUnit("个", 1, 1, True), Bolt, TradeSettings(stock_display=mode))
    assert (view.state, view.message, view.count) == (state, message, n)


def test_from_how_many_on_there_are_few_is_the_distributors_choice():
    class Bolt:
        min_quantity = 1

    box = SkuUnit("盒", 200, 1, True)
    assert stock_view(900, box, Bolt, TradeSettings(few=5)).state == "wait"
    assert stock_view(900, box, Bolt, TradeSettings(few=4)).state == "ok"


@pytest.fixture
async def bolt(kernel, tenant):
    """A bolt of which there are 1234, and a buyer who may order it."""
    async with kernel.context(tenant) as ctx:
        await save_skus(
            ctx,
            [SkuInput(code="B1", name="螺栓", category="螺栓", base_unit="个", base_price=Decimal(1),
                      units=(UnitInput("盒", 200),))],
        )  # fmt: skip
        sku = (await list_skus(ctx)).items[0]
        await receive_stock(
            ctx, [StockChange(sku.id, HELD)], document_type="opening", document_id=sku.id, kind="opening"
        )
        await save_customers(ctx, [CustomerInput(code="C1", name="Shop")])
        customer = (await list_customers(ctx)).items[0]
        member = await ctx.db.fetch_value(
            "SELECT id FROM membership WHERE tenant_id = $1 AND login LIKE 'buyer@%'", ctx.tenant.id
        )
        await link_member(ctx, member, customer.id)
    return sku


async def show(kernel, tenant, mode):
    async with kernel.context(tenant) as ctx:
        await save_settings(kernel, ctx, "trade", {"stock_display": mode})
    kernel.directory.forget(tenant.info.id)


@pytest.mark.parametrize("mode", ["band", "flag", "off"])
async def test_how_much_there_is_stands_nowhere_a_buyer_looks(kernel, tenant, client_for, bolt, mode):
    await show(kernel, tenant, mode)
    buyer = await client_for(tenant, "buyer")
    fresh = await kernel.tenant(tenant.info.slug)
    async with kernel.context(fresh, actor=await actor_of(kernel, fresh, "buyer")) as ctx:
        await set_cart_line(ctx, bolt.id, "个", Decimal(9000))  # far too much
    answers = [
        await buyer.get(path)
        for path in (
            "/mall/catalogue", f"/mall/sku/{bolt.id}", f"/mall/sku/{bolt.id}/row?unit=盒", "/mall/cart",
            "/api/v1/mall/catalogue", f"/api/v1/mall/skus/{bolt.id}", "/api/v1/mall/cart",
        )
    ]  # fmt: skip
    answers.append(
        await buyer.post("/api/v1/mall/checkout", json={}, headers={"Idempotency-Key": "too much"})
    )
    assert [answer.status_code for answer in answers] == [200] * 7 + [422]
    for answer in answers:
        assert not [text for text in ("1234", "1,234", "1200", "1,200") if text in answer.text], answer.url
    assert "There is not so much" in answers[-1].text
    assert answers[4].json()["items"][0]["stock"] is None


async def test_as_it_comes_buyers_see_how_much_there_is(tenant, client_for, bolt):
    buyer = await client_for(tenant, "buyer")
    sku = (await buyer.get("/api/v1/mall/catalogue")).json()["items"][0]
    assert (sku["stock"], sku["stock_state"]) == (HELD, "ok")
    assert "1,234" in (await buyer.get("/mall/catalogue")).text


async def test_staff_see_it_always(kernel, tenant, client_for, bolt):
    await show(kernel, tenant, "off")
    page = (await (await client_for(tenant, "warehouse")).get("/desk/stock")).text
    assert "1,234" in page
