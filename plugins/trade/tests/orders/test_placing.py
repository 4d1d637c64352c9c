from datetime import UTC, datetime
from decimal import Decimal

import pytest
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, Invalid, InvalidFields, NotFound, Vetoed
from headgate_sdk.ids import new_id
from headgate_sdk.orders import Veto
from headgate_trade.accounts import customer_account
from headgate_trade.cart_changes import add_to_cart, cart_count, place_cart, set_cart_line
from headgate_trade.carts import get_cart
from headgate_trade.ledger import ledger_differences
from headgate_trade.order_views import get_order, list_orders
from headgate_trade.orders import KeyReused, OrderInput, OrderLineInput, cancel_order, place_order
from headgate_trade.prices import PriceRequest, resolve_prices
from headgate_trade.stock import stock_differences, stock_levels


def line(sku_id, quantity, unit="pc", price=None):
    return OrderLineInput(sku_id, unit, Decimal(quantity), None if price is None else Decimal(price))


async def test_an_order_reserves_stock_and_holds_its_total(open_context, shop):
    async with open_context(shop.buyer) as ctx:
        placed = await place_order(
            ctx,
            OrderInput(shop.customer, (line(shop.mug, 2, "box"), line(shop.lamp, 6), line(shop.post, 1))),
            "k1",
        )
    assert placed.total.amount == 12 * 255 + 2000 + 1800  # 6 x 3.3333 = 19.9998, half-up
    assert not placed.replayed
    assert placed.number.startswith("260301-")
    async with open_context() as ctx:
        levels = await stock_levels(ctx, [shop.mug, shop.lamp])
        assert [(level.on_hand, level.reserved) for level in levels.values()] == [(100, 12), (50, 6)]
        account = await customer_account(ctx, shop.customer)
        assert (account.balance.amount, account.pending.amount) == (0, placed.total.amount)
        order = await get_order(ctx, placed.id)
        assert [(one.sku_code, one.amount, one.price_rule) for one in order.lines] == [
            ("MUG", 3060, "base"), ("LAMP", 2000, "base"), ("POST", 1800, "base"),
        ]  # fmt: skip
        assert order.placed_by_name == "Buyer A"
        assert not await stock_differences(ctx)
        assert not await ledger_differences(ctx)


async def test_an_order_number_carries_the_tenants_date(open_context, shop):
    late = ManualClock(datetime(2026, 7, 1, 23, 30, tzinfo=UTC))  # 2 July in London
    async with open_context(clock=late) as ctx:
        placed = await place_order(ctx, OrderInput(shop.customer, (line(shop.post, 1),)), "k1")
    assert placed.number.startswith("260702-")


async def test_everything_that_is_wrong_is_told_at_once_and_nothing_is_written(open_context, shop):
    lines = (
        line(shop.mug, 0),
        line(shop.mug, "1.5"),
        line(shop.lamp, 2),
        line(shop.lamp, 7),
        line(shop.skus["OLD"], 1),
        line(shop.mug, 1, "crate"),
        line(new_id(), 1),
        line(shop.mug, 101),
        line(shop.mug, "1e12"),
        line(shop.mug, "NaN"),
        line(shop.post, "0.0000001"),
    )
    async with open_context() as ctx:
        with pytest.raises(InvalidFields) as caught:
            await place_order(ctx, OrderInput(shop.customer, lines), "k1")
        assert [problem.row for problem in caught.value.problems] == list(range(1, 12))
        texts = [str(problem) for problem in caught.value.problems]
        assert "The nearest are 1 and 2" in texts[1]
        assert "The least is 4" in texts[2]
        assert "The nearest are 6 and 8" in texts[3]
        assert "no longer sold" in texts[4]
        assert "Of MUG Mug only 100 pc" in texts[7]
        assert not (await list_orders(ctx)).items
        assert (await stock_levels(ctx, [shop.mug]))[shop.mug].reserved == 0


async def test_lines_of_one_sku_share_its_stock(open_context, shop):
    async with open_context() as ctx:
        with pytest.raises(InvalidFields) as caught:
            await place_order(
                ctx, OrderInput(shop.customer, (line(shop.mug, 16, "box"), line(shop.mug, 5))), "k1"
            )
    (problem,) = caught.value.problems
    assert (problem.row, problem.params["available"]) == (2, "4")


async def test_agreed_prices_need_a_permission_and_are_kept_in_the_trace(open_context, shop):
    order = OrderInput(shop.customer, (line(shop.mug, 10, price="2.10"), line(shop.mug, 1, price="2.55")))
    async with open_context(shop.buyer) as ctx:
        with pytest.raises(Forbidden):
            await place_order(ctx, order, "k1")
    async with open_context() as ctx:
        placed = await place_order(ctx, order, "k1")
        first, second = (await get_order(ctx, placed.id)).lines
        assert (first.price_rule, first.amount, first.trace[0].rule) == ("agreed", 2100, "agreed")
        priced = [(entry.rule, entry.price, entry.won) for entry in first.trace if entry.price]
        assert priced == [("agreed", "2.10", True), ("base", "2.55", False)]
        assert second.price_rule == "base"  # it equals the price of the rules
        (now,) = await resolve_prices(ctx, shop.customer, [PriceRequest(shop.mug, "pc")])
        assert (now.rule, now.unit_price) == ("tracked", Decimal("2.55"))  # the last line of the SKU


async def test_the_last_line_decides_the_tracked_price(open_context, shop):
    async with open_context() as ctx:
        await place_order(
            ctx, OrderInput(shop.customer, (line(shop.mug, 1), line(shop.mug, 1, price="1.99"))), "k1"
        )
        (now,) = await resolve_prices(ctx, shop.customer, [PriceRequest(shop.mug, "pc")])
    assert (now.rule, now.unit_price) == ("tracked", Decimal("1.99"))


async def test_the_same_key_gives_the_same_order_even_when_the_stock_is_gone(open_context, shop):
    order = OrderInput(shop.customer, (line(shop.mug, 100),))
    async with open_context() as ctx:
        first = await place_order(ctx, order, "k1")
    async with open_context() as ctx:
        again = await place_order(ctx, order, "k1")
    assert (again.id, again.number, again.total, again.replayed) == (
        first.id,
        first.number,
        first.total,
        True,
    )
    async with open_context() as ctx:
        assert (await stock_levels(ctx, [shop.mug]))[shop.mug].reserved == 100
        assert (await customer_account(ctx, shop.customer)).pending == first.total


async def test_the_same_key_with_another_order_is_refused(open_context, shop):
    async with open_context() as ctx:
        await place_order(ctx, OrderInput(shop.customer, (line(shop.mug, 1),)), "k1")
        with pytest.raises(KeyReused) as caught:
            await place_order(ctx, OrderInput(shop.customer, (line(shop.mug, 2),)), "k1")
    assert (caught.value.code, caught.value.status) == ("idempotency", 422)


async def test_another_customers_key_is_another_key(open_context, shop):
    async with open_context() as ctx:
        first = await place_order(ctx, OrderInput(shop.customers["A"], (line(shop.mug, 1),)), "k1")
        second = await place_order(ctx, OrderInput(shop.customers["B"], (line(shop.mug, 1),)), "k1")
    assert first.id != second.id


async def test_a_plugin_may_veto_with_a_reason(open_context, shop, services):
    async def too_small(ctx, drafts):
        return [
            Veto(n, "Order at least {least}.", {"least": "50"})
            for n, d in enumerate(drafts)
            if d.total.amount < 5000
        ]

    services.deciders.append(too_small)
    async with open_context() as ctx:
        with pytest.raises(Vetoed) as caught:
            await place_order(ctx, OrderInput(shop.customer, (line(shop.mug, 1),)), "k1")
        assert (caught.value.plugin, str(caught.value)) == ("plugin-0", "Order at least 50.")
        assert not (await list_orders(ctx)).items
        await place_order(ctx, OrderInput(shop.customer, (line(shop.mug, 20),)), "k1")


async def test_a_buyer_reaches_only_their_own_customer(open_context, shop):
    async with open_context(shop.buyers["B"]) as ctx:
        with pytest.raises((Forbidden, NotFound)):
            await place_order(ctx, OrderInput(shop.customers["A"], (line(shop.mug, 1),)), "k1")
    async with open_context(shop.buyers["A"]) as ctx:
        placed = await place_order(ctx, OrderInput(shop.customers["A"], (line(shop.mug, 1),)), "k1")
        assert [order.id for order in (await list_orders(ctx)).items] == [placed.id]
    async with open_context(shop.buyers["B"]) as ctx:
        with pytest.raises(NotFound):
            await get_order(ctx, placed.id)
        with pytest.raises(NotFound):
            await cancel_order(ctx, placed.id, "not mine")
        with pytest.raises(NotFound):
            await customer_account(ctx, shop.customers["A"])
        assert not (await list_orders(ctx)).items
        assert not (await list_orders(ctx, customer_id=shop.customers["A"])).items


async def test_staff_need_the_permission_to_order_for_a_customer(open_context, shop):
    async with open_context(
        Actor("staff", "Clerk", new_id(), permissions=frozenset({"trade.orders.read"}))
    ) as ctx:
        with pytest.raises(Forbidden):
            await place_order(ctx, OrderInput(shop.customer, (line(shop.mug, 1),)), "k1")


async def test_a_cart_becomes_an_order_once(open_context, shop):
    async with open_context(shop.buyer) as ctx:
        await set_cart_line(ctx, shop.mug, "box", Decimal(1))
        await add_to_cart(ctx, [line(shop.mug, 1, "box"), line(shop.lamp, 4)])
        cart = await get_cart(ctx)
        assert cart.placeable
        assert (cart.count, cart.total.amount) == (2, 12 * 255 + 1333)
    async with open_context(shop.buyer) as ctx:
        placed = await place_cart(ctx, "k1", note="Ring twice")
        assert placed.total == cart.total
        assert await cart_count(ctx) == 0
    async with open_context(shop.buyer) as ctx:
        again = await place_cart(ctx, "k1", note="Ring twice")
        assert (again.id, again.replayed) == (placed.id, True)
        with pytest.raises(Invalid, match="cart is empty"):
            await place_cart(ctx, "k2")


async def test_a_cart_tells_what_cannot_be_ordered(open_context, shop):
    async with open_context(shop.buyer) as ctx:
        with pytest.raises(Invalid, match="The nearest are 6 and 8"):
            await set_cart_line(ctx, shop.lamp, "pc", Decimal(7))
        with pytest.raises(Invalid):
            await set_cart_line(ctx, shop.mug, "pc", Decimal("1.5"))
        await set_cart_line(ctx, shop.mug, "pc", Decimal(200))
        cart = await get_cart(ctx)
        assert not cart.placeable
        assert cart.lines[0].problem == "Of {code} {name} only {available} {unit} can be ordered now."
        assert cart.lines[0].available == "100"
        with pytest.raises(InvalidFields):
            await place_cart(ctx, "k1")
        await set_cart_line(ctx, shop.mug, "pc", Decimal(0))
        assert not (await get_cart(ctx)).lines
