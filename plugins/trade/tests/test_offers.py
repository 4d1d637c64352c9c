"""Offers are the prices of the resolver, whatever the rules, with the stock beside them."""

from decimal import Decimal

import pytest
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, Invalid
from headgate_sdk.ids import new_id
from headgate_trade.catalogue import stop_sku
from headgate_trade.price_changes import (
    CustomerPrice,
    PriceListItem,
    TrackedPrice,
    import_tracked,
    set_customer_price,
    set_price_list_items,
)
from headgate_trade.prices import PriceRequest, list_offers, resolve_prices
from headgate_trade.stock import StockChange, receive_stock
from headgate_trade.terms import save_customer_group, save_price_level, save_price_list


async def test_each_rule_gives_the_same_price_as_to_an_order(ctx, build):
    skus = [await build.make_sku(ctx, code=f"S{n}", name=f"S{n}", barcode="") for n in range(6)]
    list_id = await save_price_list(ctx, "retail", "零售店")
    await save_customer_group(ctx, "retail", "零售店", list_id)
    await save_price_level(ctx, "gold", "金牌", Decimal(4))
    customer = await build.make_customer(ctx, group="零售店", level="gold")
    await set_customer_price(ctx, [CustomerPrice(customer, skus[0], "盒", Decimal(15))])
    await import_tracked(ctx, [TrackedPrice(customer, skus[1], "盒", Decimal("15.5"), ctx.clock.now())])
    await set_price_list_items(
        ctx,
        [
            PriceListItem(list_id, skus[2], "盒", Decimal(16)),
            PriceListItem(list_id, skus[3], "个", Decimal("0.0825")),
        ],
    )
    requests = [PriceRequest(sku, unit) for sku in skus for unit in ("盒", "个")]
    for who in (customer, None):
        offers = await list_offers(ctx, who, requests)
        prices = await resolve_prices(ctx, who, requests)
        assert [
            (o.price.sku_id, o.price.unit, o.price.unit_price, o.price.rule, o.price.base_price)
            for o in offers
        ] == [(p.sku_id, p.unit, p.unit_price, p.rule, p.base_price) for p in prices]
        assert {offer.price.trace for offer in offers} == {()}
    assert {price.rule for price in await resolve_prices(ctx, customer, requests)} >= {
        "fixed",
        "tracked",
        "list",
        "level",
    }


async def test_stock_is_what_can_be_promised(ctx, build):
    sku = await build.make_sku(ctx)
    empty = await build.make_sku(ctx, code="S2", name="S2", barcode="")
    await receive_stock(ctx, [StockChange(sku, 1000)], document_type="delivery", document_id=new_id())
    offers = await list_offers(ctx, None, [PriceRequest(sku, "盒"), PriceRequest(empty, "个")])
    assert [offer.available for offer in offers] == [1000, 0]


async def test_what_is_not_sold_is_told_as_by_the_resolver(ctx, build):
    sku = await build.make_sku(ctx)
    for request in (PriceRequest(new_id(), "盒"), PriceRequest(sku, "吨")):
        with pytest.raises(Invalid):
            await list_offers(ctx, None, [request])
    await stop_sku(ctx, sku)
    with pytest.raises(Invalid, match="no longer sold"):
        await list_offers(ctx, None, [PriceRequest(sku, "盒")])
    assert await list_offers(ctx, None, []) == []


async def test_a_buyer_gets_no_offers_of_another_customer(ctx, build):
    sku, customer = await build.make_sku(ctx), await build.make_customer(ctx)
    stranger = ctx.acting_as(
        Actor("customer", "Stranger", membership_id=new_id(), permissions=frozenset({"trade.catalogue.read"}))
    )
    with pytest.raises(Forbidden):
        await list_offers(stranger, customer, [PriceRequest(sku, "盒")])
