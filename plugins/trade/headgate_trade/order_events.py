"""What orders tell of: placed, come to a milestone, cancelled."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.events import EventType
from headgate_sdk.i18n import N_

from headgate_trade.order_writer import CheckedOrder


class OrderPlaced(msgspec.Struct, frozen=True):
    """An order was placed.

    Args:
        order_id: of the order.
        number: as people call it.
        customer_id: who buys.
        currency: of the amount.
        amount: in the currency's smallest unit.
        lines: how many.
    """

    order_id: UUID
    number: str
    customer_id: UUID
    currency: str
    amount: int
    lines: int


class OrderReached(msgspec.Struct, frozen=True):
    """An order has come to a milestone.

    Args:
        order_id: of the order.
        milestone: `released`, `issued`, `received` or `completed`.
    """

    order_id: UUID
    milestone: str


class OrderCancelled(msgspec.Struct, frozen=True):
    """An order was cancelled.

    Args:
        order_id: of the order.
    """

    order_id: UUID


PLACED = EventType("trade.order.placed", OrderPlaced, N_("An order was placed"))
REACHED = EventType("trade.order.reached", OrderReached, N_("An order has come to a milestone"))
CANCELLED = EventType("trade.order.cancelled", OrderCancelled, N_("An order was cancelled"))

EVENTS = (PLACED, REACHED, CANCELLED)


async def tell_placed(ctx: Context, orders: Sequence[CheckedOrder]) -> None:
    """Tell of orders that were placed; those of a replayed history are old news."""
    fresh = [order for order in orders if order.source != "replay"]
    await ctx.emit(
        PLACED,
        *(
            OrderPlaced(
                order.id, order.number, order.customer.id, order.total.currency, order.total.amount,
                len(order.lines),
            )
            for order in fresh
        ),
    )  # fmt: skip
