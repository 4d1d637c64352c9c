import asyncio
from decimal import Decimal

import pytest
from headgate_sdk.errors import InvalidFields
from headgate_sdk.ids import new_id
from headgate_trade.accounts import customer_account
from headgate_trade.ledger import ledger_differences
from headgate_trade.order_views import list_orders
from headgate_trade.orders import OrderInput, OrderLineInput, cancel_order, place_order
from headgate_trade.stock import StockChange, adjust_stock, stock_differences, stock_levels


async def attempt(open_context, shop, key, lines, customer="A"):
    order = OrderInput(shop.customers[customer], tuple(OrderLineInput(s, "pc", Decimal(q)) for s, q in lines))
    try:
        async with open_context() as ctx:
            return await place_order(ctx, order, key)
    except InvalidFields as refused:
        return refused


async def settle(open_context, shop):
    """Give the mug's stock, and insist that no sum is off."""
    async with open_context() as ctx:
        assert not await stock_differences(ctx)
        assert not await ledger_differences(ctx)
        return (await stock_levels(ctx, [shop.mug]))[shop.mug]


async def test_fifty_buyers_of_the_last_ten_get_exactly_ten(open_context, shop):
    async with open_context() as ctx:
        await adjust_stock(ctx, [StockChange(shop.mug, -90)])
    results = await asyncio.gather(
        *(attempt(open_context, shop, f"k{n}", [(shop.mug, 1)], "AB"[n % 2]) for n in range(50))
    )
    refused = [result for result in results if isinstance(result, InvalidFields)]
    assert (len(results) - len(refused), len(refused)) == (10, 40)
    assert {problem.params["available"] for result in refused for problem in result.problems} == {"0"}
    level = await settle(open_context, shop)
    assert (level.on_hand, level.reserved) == (10, 10)


async def test_one_key_at_once_from_many_sides_gives_one_order(open_context, shop):
    results = await asyncio.gather(
        *(attempt(open_context, shop, "same", [(shop.mug, 10)]) for _ in range(20))
    )
    assert len({result.id for result in results}) == 1
    assert [result.replayed for result in results].count(False) == 1
    assert (await settle(open_context, shop)).reserved == 10
    async with open_context() as ctx:
        assert len((await list_orders(ctx)).items) == 1
        assert (await customer_account(ctx, shop.customer)).pending.amount == 2550


async def test_orders_of_the_same_goods_in_opposite_order_do_not_block_each_other(open_context, shop):
    forwards, backwards = [(shop.mug, 1), (shop.lamp, 4)], [(shop.lamp, 4), (shop.mug, 1)]
    results = await asyncio.gather(
        *(attempt(open_context, shop, f"k{n}", (forwards, backwards)[n % 2], "AB"[n % 2]) for n in range(12))
    )
    assert not [result for result in results if isinstance(result, InvalidFields)]
    assert (await settle(open_context, shop)).reserved == 12


async def test_what_somebody_was_faster_for_is_told_with_what_is_left(open_context, shop):
    """The stock goes between the price read and the writing statement."""
    slow, fast = asyncio.Event(), asyncio.Event()

    async def wait_for_the_other(ctx, drafts):
        if drafts[0].lines[0].base_quantity == 60:
            slow.set()
            await fast.wait()
        return []

    async with open_context() as ctx:
        ctx._services.deciders.append(wait_for_the_other)
    loser = asyncio.create_task(attempt(open_context, shop, "slow", [(shop.mug, 60), (shop.lamp, 4)]))
    await slow.wait()
    winner = await attempt(open_context, shop, "fast", [(shop.mug, 70)], "B")
    fast.set()
    refused = await loser
    assert winner.total.amount == 70 * 255
    (problem,) = refused.problems
    assert (problem.row, problem.params["available"]) == (1, "30")
    assert (await settle(open_context, shop)).reserved == 70


async def test_a_failed_order_leaves_nothing_in_a_unit_of_work_that_goes_on(open_context, shop):
    async def sell_out():
        async with open_context() as other:
            await adjust_stock(other, [StockChange(shop.mug, -100)], document_id=new_id())

    async def take_all(ctx, drafts):
        await asyncio.create_task(sell_out())  # on a connection of its own
        return []

    async with open_context() as ctx:
        ctx._services.deciders.append(take_all)
        with pytest.raises(InvalidFields, match="out of stock"):
            await place_order(
                ctx, OrderInput(shop.customer, (OrderLineInput(shop.mug, "pc", Decimal(1)),)), "k1"
            )
    async with open_context() as ctx:
        assert not (await list_orders(ctx)).items
        assert (await customer_account(ctx, shop.customer)).pending.amount == 0


async def test_an_order_is_cancelled_once_by_two_at_a_time(open_context, shop):
    placed = await attempt(open_context, shop, "k1", [(shop.mug, 10)])

    async def cancel():
        try:
            async with open_context() as ctx:
                await cancel_order(ctx, placed.id, "changed my mind")
        except Exception as error:  # noqa: BLE001
            return type(error).__name__
        return "done"

    assert sorted(await asyncio.gather(cancel(), cancel())) == ["CannotCancel", "done"]
    assert (await settle(open_context, shop)).reserved == 0
