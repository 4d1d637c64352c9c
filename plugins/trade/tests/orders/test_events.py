"""What orders tell of, and when."""

from decimal import Decimal

from headgate_trade.order_events import OrderCancelled, OrderPlaced
from headgate_trade.orders import OrderInput, OrderLineInput, cancel_order, place_order


async def placed(ctx, shop, **how):
    lines = (OrderLineInput(shop.mug, "box", Decimal(2)), OrderLineInput(shop.lamp, "pc", Decimal(6)))
    return await place_order(ctx, OrderInput(shop.customer, lines, **how), f"key {how}")


async def test_an_order_is_told_of_once(open_context, shop, services):
    async with open_context(shop.buyer) as ctx:
        order = await placed(ctx, shop)
        await placed(ctx, shop)  # the same key: the same order
    told = [body for name, body in services.told if name == "trade.order.placed"]
    assert told == [
        OrderPlaced(order.id, order.number, shop.customer, order.total.currency, order.total.amount, 2)
    ]


async def test_a_cancellation_is_told_of(open_context, shop, services):
    async with open_context(shop.buyer) as ctx:
        order = await placed(ctx, shop)
    async with open_context() as ctx:
        await cancel_order(ctx, order.id, "a mistake")
    assert ("trade.order.cancelled", OrderCancelled(order.id)) in services.told


async def test_a_replayed_history_is_no_news(open_context, shop, services):
    async with open_context() as ctx:
        await placed(ctx, shop, source="replay")
    assert [name for name, _ in services.told if name == "trade.order.placed"] == []
