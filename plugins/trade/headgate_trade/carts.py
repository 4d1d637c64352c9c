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
from headgate_sdk.errors import Forbidden, HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import Money, line_amount

from headgate_trade.catalogue import Sku, get_skus
from headgate_trade.customers import Customer, buyer
from headgate_trade.order_lines import (
    CheckedLine,
    OrderLineInput,
    StockLeft,
    available_text,
    check_line,
)
from headgate_trade.orders import draft_of
from headgate_trade.prices import Price, PricedLine, PriceRequest, priced_lines
from headgate_trade.settings import tells_stock
from headgate_trade.units import tidy_price


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
    wanted = await stored_lines(ctx)
    if not wanted:
        return Cart(customer=customer, lines=(), total=Money(0, ctx.tenant.currency), count=0)
    priced = await priced_lines(ctx, customer.id, [PriceRequest(line.sku_id, line.unit) for line in wanted])
    skus = await get_skus(ctx, [line.sku_id for line in wanted])
    left = StockLeft(tells=tells_stock(ctx))
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


async def stored_lines(ctx: Context) -> list[OrderLineInput]:
    """Give what is in the cart, in the order in which it was put in."""
    rows = await ctx.db.fetch(
        "SELECT sku_id, unit, quantity FROM trade_cart_line WHERE tenant_id = $1 AND membership_id = $2 "
        "ORDER BY added_at, sku_id, unit",
        ctx.tenant.id, cart_owner(ctx),
    )  # fmt: skip
    return [OrderLineInput(row["sku_id"], row["unit"], tidy_price(row["quantity"])) for row in rows]


def cart_owner(ctx: Context) -> UUID:
    """Give the membership whose cart it is; nobody else has one."""
    if ctx.actor.membership_id is None:
        raise Forbidden(N_("Only a person has a cart."))
    return ctx.actor.membership_id
