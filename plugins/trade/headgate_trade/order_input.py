"""An order as it is asked for, and the key under which asking twice gives one order."""

import hashlib
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import Money

from headgate_trade.order_lines import OrderLineInput

MAX_KEY = 200


class OrderInput(msgspec.Struct, frozen=True):
    """An order as it is asked for.

    Args:
        customer_id: who buys.
        lines: at least one; the same SKU may come several times, at different agreed prices too.
        note: for the distributor.
        address: where to; empty means the customer's own.
        source: where it comes from: `mall`, `staff`, `api`, `import`.
        reference: the customer's or a foreign system's number of it.
    """

    customer_id: UUID
    lines: tuple[OrderLineInput, ...]
    note: str = ""
    address: str = ""
    source: str = "mall"
    reference: str = ""


class Placement(msgspec.Struct, frozen=True):
    """One order of a batch.

    Args:
        order: what is ordered.
        key: idempotency key: the same key of the same customer gives the same order.
        at: when it was placed; None is now. Another time is for the system only.
        by: who placed it, where the system places for people.
    """

    order: OrderInput
    key: str
    at: datetime | None = None
    by: str = ""


class PlacedOrder(msgspec.Struct, frozen=True):
    """What became of it; `replayed` when the key was used before and this is that order."""

    id: UUID
    number: str
    total: Money
    replayed: bool


async def find_by_key(ctx: Context, placement: Placement) -> PlacedOrder | None:
    """Find the order that a key stands for.

    Raises:
        Invalid: the key stands for a different order.
    """
    order = placement.order
    row = await ctx.db.fetch_row(
        "SELECT id, number, total, currency, request_hash FROM trade_order "
        "WHERE tenant_id = $1 AND customer_id = $2 AND idempotency_key = $3",
        ctx.tenant.id, order.customer_id, placement.key,
    )  # fmt: skip
    if row is None:
        return None
    if row["request_hash"] != request_hash(order):
        raise KeyReused(
            N_("This key was used for the order {number}, which is a different one. Use a new key."),
            field="Idempotency-Key", number=row["number"],
        )  # fmt: skip
    return PlacedOrder(row["id"], row["number"], Money(row["total"], row["currency"]), replayed=True)


async def find_cart_order(ctx: Context, customer_id: UUID, key: str) -> PlacedOrder | None:
    """Find the order that a cart became; the cart is empty by then, so there is nothing to compare."""
    row = await ctx.db.fetch_row(
        "SELECT id, number, total, currency FROM trade_order "
        "WHERE tenant_id = $1 AND customer_id = $2 AND idempotency_key = $3",
        ctx.tenant.id, customer_id, key,
    )  # fmt: skip
    if row is None:
        return None
    return PlacedOrder(row["id"], row["number"], Money(row["total"], row["currency"]), replayed=True)


class KeyReused(Invalid):
    """An idempotency key came again with another order."""

    code = "idempotency"


def request_hash(order: OrderInput) -> bytes:
    """Tell two orders apart: everything that was asked for, however its numbers are written."""
    lines = [
        (
            line.sku_id,
            line.unit,
            format(line.quantity.normalize(), "f"),
            None if line.agreed_price is None else format(line.agreed_price.normalize(), "f"),
        )
        for line in order.lines
    ]
    content = (order.customer_id, lines, order.note, order.address, order.source, order.reference)
    return hashlib.sha256(msgspec.json.encode(content)).digest()
