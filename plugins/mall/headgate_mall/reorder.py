"""Order again: an earlier order beside today's prices, stock and range, each difference told in time."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_trade.api import (
    OrderLine,
    OrderLineInput,
    Price,
    PriceRequest,
    Sku,
    add_to_cart,
    available,
    get_order,
    get_skus,
    resolve_prices,
    tells_stock,
)

from headgate_mall.packing import orderable

Change = Literal["stopped", "unit_gone", "quantity", "short", "dearer", "cheaper"]


class ReorderLine(msgspec.Struct, frozen=True):
    """A line of an earlier order as it would be today.

    Args:
        line: as it was ordered.
        changes: what differs today.
        price: today's, in the unit it was ordered in; None when it cannot be ordered any more.
        available: base units in stock; None when stock is not kept, it cannot be ordered any more, or the
            buyer may not know how much there is.
        base_unit: in which stock counts.
    """

    line: OrderLine
    changes: tuple[Change, ...] = ()
    price: Decimal | None = None
    available: int | None = None
    base_unit: str = ""

    @property
    def possible(self) -> bool:
        """Whether it can be put into the cart at all."""
        return self.price is not None


async def look_again(ctx: Context, customer_id: UUID, order_id: UUID) -> list[ReorderLine]:
    """Compare an earlier order of the customer with today.

    Raises:
        NotFound: no such order of this customer.
    """
    order = await get_order(ctx, order_id)
    return await compare(ctx, customer_id, order.lines)


async def compare(ctx: Context, customer_id: UUID, lines: Sequence[OrderLine]) -> list[ReorderLine]:
    """Compare lines with today: one question for SKUs, one for prices, one for stock."""
    skus = await get_skus(ctx, list({line.sku_id for line in lines}))
    possible = [line for line in lines if not obstacle(line, skus)]
    requests = [PriceRequest(line.sku_id, line.unit) for line in possible]
    prices = await resolve_prices(ctx, customer_id, requests) if requests else []
    stocked = {line.sku_id for line in possible if skus[line.sku_id].stocked}
    stock = await available(ctx, list(stocked)) if stocked else {}
    return compare_lines(lines, skus, prices, stock, tells=tells_stock(ctx))


def obstacle(line: OrderLine, skus: Mapping[UUID, Sku]) -> Change | None:
    """Tell why a line cannot be ordered any more as it was, if so."""
    sku = skus.get(line.sku_id)
    if sku is None or sku.status != "active":
        return "stopped"
    unit = sku.unit_named(line.unit)
    if unit is None:
        return "unit_gone"
    return None if orderable(sku, unit, line.quantity) else "quantity"


def compare_lines(
    lines: Sequence[OrderLine],
    skus: Mapping[UUID, Sku],
    prices: Sequence[Price],
    stock: Mapping[UUID, int],
    *,
    tells: bool = True,
) -> list[ReorderLine]:
    """Mark each line with what differs today; stock is shared by lines of the same SKU."""
    today = {(price.sku_id, price.unit): price.unit_price for price in prices}
    wanted: dict[UUID, int] = {}
    result = []
    for line in lines:
        gone = obstacle(line, skus)
        if gone:
            result.append(ReorderLine(line, (gone,)))
            continue
        sku = skus[line.sku_id]
        wanted[sku.id] = wanted.get(sku.id, 0) + line.base_quantity
        count = stock.get(sku.id, 0) if sku.stocked else None
        price = today[line.sku_id, line.unit]
        changes: list[Change] = []
        if price != line.unit_price:
            changes.append("dearer" if price > line.unit_price else "cheaper")
        if count is not None and wanted[sku.id] > count:
            changes.append("short")
        result.append(ReorderLine(line, tuple(changes), price, count if tells else None, sku.base_unit))
    return result


async def order_again(ctx: Context, customer_id: UUID, order_id: UUID) -> list[ReorderLine]:
    """Put what can still be ordered of an earlier order into the cart, in the units it was ordered in.

    Raises:
        NotFound: no such order of this customer.
    """
    lines = await look_again(ctx, customer_id, order_id)
    wanted = [
        OrderLineInput(sku_id=one.line.sku_id, unit=one.line.unit, quantity=one.line.quantity)
        for one in lines
        if one.possible
    ]
    if wanted:
        await add_to_cart(ctx, wanted)
    return lines
