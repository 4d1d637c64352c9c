"""Changing the cart, and placing it."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields, TooLarge
from headgate_sdk.i18n import N_

from headgate_trade.carts import cart_owner, stored_lines
from headgate_trade.catalogue import Sku, get_skus
from headgate_trade.customers import buyer
from headgate_trade.order_input import OrderInput, PlacedOrder, find_cart_order
from headgate_trade.order_lines import OrderLineInput, check_quantity
from headgate_trade.orders import place_order
from headgate_trade.units import order_quantity

MAX_CART = 2_000
_NO_SUCH_ITEM = N_("There is no such item. It may have been removed.")


async def set_cart_line(ctx: Context, sku_id: UUID, unit: str, quantity: Decimal) -> None:
    """Set how much of a SKU is in the cart; 0 takes it out.

    Raises:
        Invalid: no such item, or a quantity that cannot be ordered; names the nearest that can.
    """
    if quantity == 0:
        await ctx.db.execute(
            "DELETE FROM trade_cart_line "
            "WHERE tenant_id = $1 AND membership_id = $2 AND sku_id = $3 AND unit = $4",
            ctx.tenant.id, cart_owner(ctx), sku_id, unit,
        )  # fmt: skip
        return
    await _put(ctx, [OrderLineInput(sku_id, unit, quantity)])


async def add_to_cart(ctx: Context, lines: Sequence[OrderLineInput]) -> None:
    """Add quantities to what is in the cart already; all of them, or nothing.

    Raises:
        Invalid: the one row that is wrong.
        InvalidFields: several are.
    """
    current = await quantities_in_cart(ctx)
    for line in lines:
        key = (line.sku_id, line.unit)
        current[key] = current.get(key, Decimal(0)) + line.quantity
    wanted = {(line.sku_id, line.unit): current[line.sku_id, line.unit] for line in lines}
    await _put(ctx, [OrderLineInput(sku_id, unit, quantity) for (sku_id, unit), quantity in wanted.items()])


async def clear_cart(ctx: Context) -> None:
    """Take everything out."""
    await ctx.db.execute(
        "DELETE FROM trade_cart_line WHERE tenant_id = $1 AND membership_id = $2",
        ctx.tenant.id,
        cart_owner(ctx),
    )


async def cart_count(ctx: Context) -> int:
    """Count the lines in the cart; 0 for somebody who has none."""
    if ctx.actor.membership_id is None:
        return 0
    return int(
        await ctx.db.fetch_value(
            "SELECT count(*) FROM trade_cart_line WHERE tenant_id = $1 AND membership_id = $2",
            ctx.tenant.id, ctx.actor.membership_id,
        )
    )  # fmt: skip


async def quantities_in_cart(ctx: Context) -> dict[tuple[UUID, str], Decimal]:
    """Give how much is in the cart, by SKU and unit."""
    return {(line.sku_id, line.unit): line.quantity for line in await stored_lines(ctx)}


async def place_cart(ctx: Context, key: str, note: str = "", address: str = "") -> PlacedOrder:
    """Place what is in the buyer's cart, and empty it.

    Args:
        ctx: a buyer.
        key: made when the checkout page was rendered; sending it again gives the order that it made.
        note: for the distributor.
        address: where to; empty means the customer's own.

    Raises:
        Invalid: the cart is empty.
        InvalidFields, Vetoed: as `place_order`.
    """
    customer = await buyer(ctx)
    lines = await stored_lines(ctx)
    if not lines:
        before = await find_cart_order(ctx, customer.id, key)
        if before is not None:
            return before
        raise Invalid(N_("The cart is empty. Put something into it first."), field="lines")
    order = OrderInput(customer.id, tuple(lines), note=note, address=address, source="mall")
    placed = await place_order(ctx, order, key)
    if not placed.replayed:
        await _take_out(ctx, lines)
    return placed


async def _take_out(ctx: Context, lines: Sequence[OrderLineInput]) -> None:
    """Take out what was placed; what another tab has put in meanwhile stays."""
    await ctx.db.execute(
        "DELETE FROM trade_cart_line c "
        "USING unnest($3::uuid[], $4::text[], $5::numeric[]) AS l(sku_id, unit, quantity) "
        "WHERE c.tenant_id = $1 AND c.membership_id = $2 AND c.sku_id = l.sku_id AND c.unit = l.unit "
        "AND c.quantity = l.quantity",
        ctx.tenant.id, cart_owner(ctx), [line.sku_id for line in lines], [line.unit for line in lines],
        [line.quantity for line in lines],
    )  # fmt: skip


async def _put(ctx: Context, lines: Sequence[OrderLineInput]) -> None:
    """Check quantities against the SKUs' rules, not the stock: what is short today may come in tomorrow."""
    skus = await get_skus(ctx, [line.sku_id for line in lines])
    problems: list[HeadgateError] = []
    for row, line in enumerate(lines, start=1):
        try:
            _check_rules(skus.get(line.sku_id), line, row)
        except Invalid as problem:
            problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise InvalidFields(problems)
    await ctx.db.execute(
        _PUT, ctx.tenant.id, cart_owner(ctx), [line.sku_id for line in lines], [line.unit for line in lines],
        [line.quantity for line in lines], ctx.clock.now(),
    )  # fmt: skip
    if await cart_count(ctx) > MAX_CART:
        raise TooLarge(N_("A cart holds at most {most} lines."), field="lines", most=MAX_CART)


def _check_rules(sku: Sku | None, line: OrderLineInput, row: int) -> None:
    unit = sku.unit_named(line.unit) if sku is not None else None
    if sku is None or unit is None:
        raise Invalid(_NO_SUCH_ITEM, field="sku_id", row=row)
    if sku.status != "active":
        raise Invalid(
            N_("{code} {name} is no longer sold. Please take it out."),
            field="sku_id", row=row, code=sku.code, name=sku.name,
        )  # fmt: skip
    check_quantity(line.quantity, row=row)
    order_quantity(line.quantity, unit.unit(), minimum=sku.min_quantity, multiple=sku.multiple, row=row)


_PUT = """
INSERT INTO trade_cart_line (tenant_id, membership_id, sku_id, unit, quantity, added_at)
SELECT $1, $2, l.sku_id, l.unit, l.quantity, $6
FROM unnest($3::uuid[], $4::text[], $5::numeric[]) AS l(sku_id, unit, quantity)
ON CONFLICT (tenant_id, membership_id, sku_id, unit) DO UPDATE SET quantity = excluded.quantity
"""
