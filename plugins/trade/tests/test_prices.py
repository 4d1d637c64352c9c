"""The one price function: which rule wins, what the trace says, and that a batch changes nothing."""

from datetime import timedelta
from decimal import Decimal

import pytest
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, Invalid, InvalidFields, NotFound
from headgate_sdk.ids import new_id
from headgate_trade.catalogue import SaveResult, save_skus, stop_sku
from headgate_trade.price_changes import (
    CustomerPrice,
    PriceListItem,
    TrackedPrice,
    import_tracked,
    set_customer_price,
    set_price_list_items,
)
from headgate_trade.prices import PriceRequest, priced_lines, resolve_prices
from headgate_trade.pricing_trace import read_trace, trace_json, with_agreed
from headgate_trade.terms import save_customer_group, save_price_level, save_price_list
from hypothesis import given, settings
from hypothesis import strategies as st

FIXED, TRACKED, LISTED, LEVEL = Decimal(15), Decimal("15.5"), Decimal(16), Decimal(4)
BASE = Decimal(17)  # of a box: 0.085 a piece


async def set_up(ctx, build, rules: str):
    """Make a SKU and a customer with rules by letter: fixed, tracked, list, base unit on the list, leVel."""
    sku_id = await build.make_sku(ctx)
    list_id = await save_price_list(ctx, "retail", "零售店")
    await save_customer_group(ctx, "retail", "零售店", list_id if set("lb") & set(rules) else None)
    await save_price_level(ctx, "gold", "金牌", LEVEL)
    customer_id = await build.make_customer(ctx, group="零售店", level="gold" if "v" in rules else "")
    if "f" in rules:
        await set_customer_price(ctx, [CustomerPrice(customer_id, sku_id, "盒", FIXED)])
    if "t" in rules:
        await import_tracked(ctx, [TrackedPrice(customer_id, sku_id, "盒", TRACKED, ctx.clock.now())])
    if "l" in rules:
        await set_price_list_items(ctx, [PriceListItem(list_id, sku_id, "盒", LISTED)])
    if "b" in rules:
        await set_price_list_items(ctx, [PriceListItem(list_id, sku_id, "个", Decimal("0.0825"))])
    return sku_id, customer_id


@pytest.mark.parametrize(
    ("rules", "rule", "price"),
    [
        ("ftlbv", "fixed", FIXED),
        ("tlbv", "tracked", TRACKED),
        ("lbv", "list", LISTED),
        ("bv", "list", Decimal("16.5")),
        ("v", "level", Decimal("16.32")),
        ("", "base", BASE),
        ("fv", "fixed", FIXED),
        ("tb", "tracked", TRACKED),
        ("fl", "fixed", FIXED),
    ],
)
async def test_the_first_rule_with_a_price_wins(ctx, build, rules, rule, price):
    sku_id, customer_id = await set_up(ctx, build, rules)
    found = (await resolve_prices(ctx, customer_id, [PriceRequest(sku_id, "盒")]))[0]
    assert (found.rule, found.unit_price, found.base_price, found.currency) == (rule, price, BASE, "CNY")
    assert [entry.rule for entry in found.trace] == ["fixed", "tracked", "list", "level", "base"]
    assert [entry.rule for entry in found.trace if entry.won] == [rule]
    assert all(entry.why for entry in found.trace)
    winner = next(entry for entry in found.trace if entry.won)
    assert winner.price == str(price)
    asked = {"f": "fixed", "t": "tracked", "l": "list", "b": "list", "v": "level"}
    assert {entry.rule for entry in found.trace if entry.price} == {asked[letter] for letter in rules} | {
        "base"
    }


@pytest.mark.parametrize(("unit", "price", "rule"), [("个", "0.0816", "level"), ("件", "326.4", "level")])
async def test_fixed_and_last_prices_hold_for_their_own_unit_only(ctx, build, unit, price, rule):
    sku_id, customer_id = await set_up(ctx, build, "ftv")
    found = (await resolve_prices(ctx, customer_id, [PriceRequest(sku_id, unit)]))[0]
    assert (found.unit_price, found.rule) == (Decimal(price), rule)


async def test_a_list_price_of_another_unit_than_the_base_prices_only_itself(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "l")
    found = await resolve_prices(
        ctx, customer_id, [PriceRequest(sku_id, unit) for unit in ("盒", "件", "个")]
    )
    assert [price.rule for price in found] == ["list", "base", "base"]


async def test_the_sources_are_named(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "ftlv")
    found = (await resolve_prices(ctx, customer_id, [PriceRequest(sku_id, "盒")]))[0]
    sources = {entry.rule: entry.source for entry in found.trace}
    assert sources == {
        "fixed": "System, 2026-03-01", "tracked": "2026-03-01", "list": "零售店",
        "level": "金牌 -4%", "base": "",
    }  # fmt: skip
    assert read_trace(trace_json(found.trace)) == found.trace
    agreed = with_agreed(found.trace, Decimal("14.20"), "许晓雯")
    assert (agreed[0].rule, agreed[0].price, [entry.won for entry in agreed]) == (
        "agreed", "14.20", [True, False, False, False, False, False],
    )  # fmt: skip


async def test_a_level_without_discount_leaves_the_base_price(ctx, build):
    sku_id = await build.make_sku(ctx)
    await save_price_level(ctx, "standard", "普通", Decimal(0))
    customer_id = await build.make_customer(ctx, level="普通")
    assert (await resolve_prices(ctx, customer_id, [PriceRequest(sku_id, "个")]))[0].rule == "base"


async def test_without_a_customer_there_are_base_prices(ctx, build):
    sku_id, _ = await set_up(ctx, build, "ftlv")
    found = (await resolve_prices(ctx, None, [PriceRequest(sku_id, "盒")]))[0]
    assert (found.rule, found.unit_price, len(found.trace)) == ("base", BASE, 1)


async def test_unknown_stopped_and_unit_are_refused_with_their_rows(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "")
    stopped = await build.make_sku(ctx, code="OLD")
    await stop_sku(ctx, stopped)
    requests = [
        PriceRequest(sku_id, "盒"), PriceRequest(new_id(), "盒"), PriceRequest(stopped, "盒"),
        PriceRequest(sku_id, "吨"),
    ]  # fmt: skip
    with pytest.raises(InvalidFields) as refused:
        await resolve_prices(ctx, customer_id, requests)
    assert [(problem.row, problem.field) for problem in refused.value.problems] == [
        (2, "sku_id"), (3, "sku_id"), (4, "unit"),
    ]  # fmt: skip
    with pytest.raises(Invalid) as one:
        await resolve_prices(ctx, customer_id, requests[1:2])
    assert one.value.row == 1
    lines = await priced_lines(ctx, customer_id, requests)
    assert [(line.status, line.price is None) for line in lines] == [
        ("active", False), ("unknown", True), ("stopped", False), ("active", True),
    ]  # fmt: skip


async def test_an_empty_batch_asks_nothing(ctx):
    assert await resolve_prices(ctx, None, []) == []


async def test_an_unknown_customer_is_not_priced_as_nobody(ctx, build):
    sku_id = await build.make_sku(ctx)
    with pytest.raises(NotFound):
        await resolve_prices(ctx, new_id(), [PriceRequest(sku_id, "盒")])


async def test_a_buyer_gets_the_prices_of_their_own_customer_only(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "f")
    other = await build.make_customer(ctx, "C2")
    buyer = await build.buyer_of(ctx, customer_id)
    assert (await resolve_prices(buyer, customer_id, [PriceRequest(sku_id, "盒")]))[0].unit_price == FIXED
    with pytest.raises(Forbidden):
        await resolve_prices(buyer, other, [PriceRequest(sku_id, "盒")])
    with pytest.raises(Forbidden):
        await priced_lines(buyer, other, [PriceRequest(sku_id, "盒")])
    warehouse = ctx.acting_as(Actor(kind="staff", permissions=frozenset({"trade.catalogue.read"})))
    with pytest.raises(Forbidden):
        await resolve_prices(warehouse, other, [PriceRequest(sku_id, "盒")])


async def test_stock_and_customer_come_with_the_prices(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "")
    postage = await build.make_sku(ctx, code="POST", stocked=False)
    warehouse = new_id()
    await ctx.db.execute(
        "INSERT INTO trade_warehouse VALUES ($1, $2, 'main', 'Main', true)", ctx.tenant.id, warehouse
    )
    await ctx.db.execute(
        "INSERT INTO trade_stock VALUES ($1, $2, $3, 500, 120)", ctx.tenant.id, warehouse, sku_id
    )
    line, other = await priced_lines(
        ctx, customer_id, [PriceRequest(sku_id, "盒"), PriceRequest(postage, "个")]
    )
    assert (line.on_hand, line.reserved, line.available, line.warehouse_id) == (500, 120, 380, warehouse)
    assert (other.on_hand, other.warehouse_id, other.stocked) == (0, None, False)
    assert line.customer is not None
    assert (line.customer.id, line.customer.code, line.unit.num) == (customer_id, "C1", 200)


async def test_the_same_thing_costs_the_same_in_any_batch(ctx, build):
    """List, cart and order ask for different batches: sizes, orders and repeats must not matter."""
    _, customer_id = await set_up(ctx, build, "tlv")
    await save_skus(ctx, [build.bolt(f"X{n}", base_price=Decimal(n) + Decimal("0.07")) for n in range(12)])
    ids = await build.sku_ids(ctx)
    await set_customer_price(ctx, [CustomerPrice(customer_id, ids["X1"], "件", FIXED)])
    everything = [
        PriceRequest(each, unit)
        for each in (await build.sku_ids(ctx)).values()
        for unit in ("个", "盒", "件")
    ]
    alone = {request: (await resolve_prices(ctx, customer_id, [request]))[0] for request in everything}
    batches = st.lists(st.sampled_from(everything), min_size=1, max_size=60)
    drawn: list[list[PriceRequest]] = []

    @settings(max_examples=60, deadline=None)
    @given(batches)
    def draw(batch):
        drawn.append(batch)

    draw()
    for batch in drawn:
        assert await resolve_prices(ctx, customer_id, batch) == [alone[request] for request in batch]
    assert len({price.rule for price in alone.values()}) > 2


async def test_setting_prices_counts_and_repeats_without_harm(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "")
    row = CustomerPrice(customer_id, sku_id, "盒", Decimal(15))
    assert await set_customer_price(ctx, [row]) == SaveResult(1, 0, 0)
    assert await set_customer_price(ctx, [row]) == SaveResult(0, 0, 1)
    assert await set_customer_price(
        ctx, [CustomerPrice(customer_id, sku_id, "盒", Decimal(14))]
    ) == SaveResult(0, 1, 0)
    removal = CustomerPrice(customer_id, sku_id, "盒", None)
    assert await set_customer_price(ctx, [removal]) == SaveResult(0, 1, 0)
    assert await set_customer_price(ctx, [removal]) == SaveResult(0, 0, 1)
    assert (await resolve_prices(ctx, customer_id, [PriceRequest(sku_id, "盒")]))[0].rule == "base"


async def test_bad_prices_are_refused_and_nothing_is_set(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "")
    good = CustomerPrice(customer_id, sku_id, "盒", Decimal(15))
    rows = [
        good, good, CustomerPrice(new_id(), sku_id, "盒", Decimal(1)),
        CustomerPrice(customer_id, new_id(), "盒", Decimal(1)),
        CustomerPrice(customer_id, sku_id, "吨", Decimal(1)),
        CustomerPrice(customer_id, sku_id, "件", Decimal(-3)),
    ]  # fmt: skip
    with pytest.raises(InvalidFields) as refused:
        await set_customer_price(ctx, rows)
    assert [(problem.row, problem.field) for problem in refused.value.problems] == [
        (2, "sku_id"), (3, "customer_id"), (4, "sku_id"), (5, "unit"), (6, "price"),
    ]  # fmt: skip
    assert (await resolve_prices(ctx, customer_id, [PriceRequest(sku_id, "盒")]))[0].rule == "base"


async def test_an_older_last_price_never_replaces_a_newer_one(ctx, build):
    sku_id, customer_id = await set_up(ctx, build, "t")
    earlier = TrackedPrice(customer_id, sku_id, "盒", Decimal(9), ctx.clock.now() - timedelta(days=1))
    later = TrackedPrice(customer_id, sku_id, "盒", Decimal(8), ctx.clock.now() + timedelta(days=1))
    assert await import_tracked(ctx, [earlier]) == SaveResult(0, 0, 1)
    assert await import_tracked(ctx, [later]) == SaveResult(0, 1, 0)
    assert (await resolve_prices(ctx, customer_id, [PriceRequest(sku_id, "盒")]))[0].unit_price == 8
