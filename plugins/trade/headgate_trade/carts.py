"""The buyer's cart: what is in it, at today's prices, and what keeps it from being placed.

A cart keeps SKU, unit and quantity only. Prices, stock and rules are looked up each time by the functions
that orders use, so that a cart without problems can be placed for the total that it shows.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk import hooks
from headgate_sdk.context import Context
from headgate_sdk.errors import Forbidden, HeadgateError, Invalid, InvalidFields, TooLarge
from headgate_sdk.i18n import N_
from headgate_sdk.money import Money, line_amount

from headgate_trade.catalogue import Sku, get_skus
from headgate_trade.customers import Customer, buyer
from headgate_trade.order_input import OrderInput, PlacedOrder, find_cart_order
from headgate_trade.order_lines import (
    CheckedLine,
    OrderLineInput,
    StockLeft,
    available_text,
    check_line,
    check_quantity,
)
from headgate_trade.orders import draft_of, place_order
from headgate_trade.prices import Price, PricedLine, PriceRequest, priced_lines
from headgate_trade.units import order_quantity, tidy_price

MAX_CART = 2_000
_NO_SUCH_ITEM = N_("There is no such item. It may have been removed.")


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the cart.

    Args:
        sku: what.
        unit: name of the sales unit.
        quantity: in that unit.
        base_quantity: in base units; 0 when the quantity is not valid.
        price: None when it cannot be sold in this unit any more.
        amount: in minor units.
        available: how much of the unit there is, as text; None for what is not stocked.
        problem: English msgid of what is wrong; None when it can be ordered.
        problem_params: values for it.
    """

    sku: Sku
    unit: str
    quantity: Decimal
    base_quantity: int
    price: Price | None
    amount: int
    available: str | None
    problem: str | None = None
    problem_params: dict[str, object] = {}


class CartProblem(msgspec.Struct, frozen=True):
    """What keeps the cart from being placed: a msgid, its values and the one-based line, if one is meant."""

    message: str
    params: dict[str, object]
    row: int | None


class Cart(msgspec.Struct, frozen=True, kw_only=True):
    """The cart as it stands now.

    Args:
        customer: for whom it is.
        lines: in the order in which they were put in.
        total: of all lines.
        count: how many lines.
        problems: of the lines; the same as in `lines`.
        vetoes: plugins and what they object to, in the reader's language; asked when the lines are in order.
    """

    customer: Customer
    lines: tuple[CartLine, ...]
    total: Money
    count: int
    problems: tuple[CartProblem, ...] = ()
    vetoes: tuple[tuple[str, str], ...] = ()

    @property
    def placeable(self) -> bool:
        """Whether it can be placed as it is."""
        return bool(self.lines) and not self.problems and not self.vetoes


async def get_cart(ctx: Context) -> Cart:
    """Give the buyer's cart with today's prices, stock and everything that is wrong with it."""
    customer = await buyer(ctx)
    wanted = await _stored_lines(ctx)
    if not wanted:
        return Cart(customer=customer, lines=(), total=Money(0, ctx.tenant.currency), count=0)
    priced = await priced_lines(ctx, customer.id, [PriceRequest(line.sku_id, line.unit) for line in wanted])
    skus = await get_skus(ctx, [line.sku_id for line in wanted])
    left = StockLeft()
    lines: list[CartLine] = []
    problems: list[CartProblem] = []
    checked: list[CheckedLine] = []
    for row, (line, want) in enumerate(zip(priced, wanted, strict=True), start=1):
        try:
            good = check_line(line, want, row=row, left=left, currency=ctx.tenant.currency, agreed_by="")
        except Invalid as problem:
            problems.append(CartProblem(problem.message, problem.params, row))
            lines.append(_problem_line(ctx, skus[want.sku_id], line, want, problem))
        else:
            checked.append(good)
            lines.append(
                CartLine(
                    sku=skus[want.sku_id], unit=want.unit, quantity=want.quantity,
                    base_quantity=good.base_quantity, price=line.price, amount=good.amount,
                    available=available_text(line),
                )
            )  # fmt: skip
    total = Money(sum(line.amount for line in lines), ctx.tenant.currency)
    vetoes = [] if problems else await _vetoes(ctx, customer, checked, total)
    return Cart(
        customer=customer, lines=tuple(lines), total=total, count=len(lines), problems=tuple(problems),
        vetoes=tuple(vetoes),
    )  # fmt: skip


def _problem_line(
    ctx: Context, sku: Sku, priced: PricedLine, want: OrderLineInput, problem: HeadgateError
) -> CartLine:
    amount = 0 if priced.price is None else line_amount(
        priced.price.unit_price, want.quantity, ctx.tenant.currency
    )  # fmt: skip
    return CartLine(
        sku=sku, unit=want.unit, quantity=want.quantity, base_quantity=0, price=priced.price, amount=amount,
        available=available_text(priced), problem=problem.message, problem_params=problem.params,
    )  # fmt: skip


async def _vetoes(
    ctx: Context, customer: Customer, checked: Sequence[CheckedLine], total: Money
) -> list[tuple[str, str]]:
    draft = draft_of(customer.id, customer.group_id, checked, total)
    answers = await ctx.hooks.decide(hooks.headgate_check_orders, [draft])
    return [
        (plugin, ctx.translate(veto.reason, **veto.params)) for plugin, vetoes in answers for veto in vetoes
    ]


async def set_cart_line(ctx: Context, sku_id: UUID, unit: str, quantity: Decimal) -> None:
    """Set how much of a SKU is in the cart; 0 takes it out.

    Raises:
        Invalid: no such item, or a quantity that cannot be ordered; names the nearest that can.
    """
    if quantity == 0:
        await ctx.db.execute(
            "DELETE FROM trade_cart_line WHERE tenant_id = $1 AND membership_id = $2 AND sku_id = $3 AND unit = $4",
            ctx.tenant.id, _member(ctx), sku_id, unit,
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
        "DELETE FROM trade_cart_line WHERE tenant_id = $1 AND membership_id = $2", ctx.tenant.id, _member(ctx)
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
    return {(line.sku_id, line.unit): line.quantity for line in await _stored_lines(ctx)}


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
    lines = await _stored_lines(ctx)
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


async def _stored_lines(ctx: Context) -> list[OrderLineInput]:
    rows = await ctx.db.fetch(
        "SELECT sku_id, unit, quantity FROM trade_cart_line WHERE tenant_id = $1 AND membership_id = $2 "
        "ORDER BY added_at, sku_id, unit",
        ctx.tenant.id, _member(ctx),
    )  # fmt: skip
    return [OrderLineInput(row["sku_id"], row["unit"], tidy_price(row["quantity"])) for row in rows]


async def _take_out(ctx: Context, lines: Sequence[OrderLineInput]) -> None:
    """Take out what was placed; what another tab has put in meanwhile stays."""
    await ctx.db.execute(
        "DELETE FROM trade_cart_line c USING unnest($3::uuid[], $4::text[], $5::numeric[]) AS l(sku_id, unit, quantity) "
        "WHERE c.tenant_id = $1 AND c.membership_id = $2 AND c.sku_id = l.sku_id AND c.unit = l.unit "
        "AND c.quantity = l.quantity",
        ctx.tenant.id, _member(ctx), [line.sku_id for line in lines], [line.unit for line in lines],
        [line.quantity for line in lines],
    )  # fmt: skip


async def _put(ctx: Context, lines: Sequence[OrderLineInput]) -> None:
    """Check quantities against the SKUs' rules, not the stock: what is short today may come in tomorrow."""
    skus = await get_skus(ctx, [line.sku_id for line in lines])
    problems: list[HeadgateError] = []
    for row, line in enumerate(lines, start=1):
        sku = skus.get(line.sku_id)
        unit = sku.unit_named(line.unit) if sku is not None else None
        try:
            if sku is None or unit is None:
                raise Invalid(_NO_SUCH_ITEM, field="sku_id", row=row)
            if sku.status != "active":
                raise Invalid(
                    N_("{code} {name} is no longer sold. Please take it out."),
                    field="sku_id", row=row, code=sku.code, name=sku.name,
                )  # fmt: skip
            check_quantity(line.quantity, row=row)
            order_quantity(
                line.quantity, unit.unit(), minimum=sku.min_quantity, multiple=sku.multiple, row=row
            )
        except Invalid as problem:
            problems.append(problem)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise InvalidFields(problems)
    await ctx.db.execute(
        _PUT, ctx.tenant.id, _member(ctx), [line.sku_id for line in lines], [line.unit for line in lines],
        [line.quantity for line in lines], ctx.clock.now(),
    )  # fmt: skip
    if await cart_count(ctx) > MAX_CART:
        raise TooLarge(N_("A cart holds at most {most} lines."), field="lines", most=MAX_CART)


def _member(ctx: Context) -> UUID:
    if ctx.actor.membership_id is None:
        raise Forbidden(N_("Only a person has a cart."))
    return ctx.actor.membership_id


_PUT = """
INSERT INTO trade_cart_line (tenant_id, membership_id, sku_id, unit, quantity, added_at)
SELECT $1, $2, l.sku_id, l.unit, l.quantity, $6
FROM unnest($3::uuid[], $4::text[], $5::numeric[]) AS l(sku_id, unit, quantity)
ON CONFLICT (tenant_id, membership_id, sku_id, unit) DO UPDATE SET quantity = excluded.quantity
"""
