"""What the buyers' JSON API sends: decimals as text, amounts with their currency, times in UTC."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.money import Money
from headgate_sdk.quantity import quantity_text
from headgate_trade.api import Cart, OrderDetail, OrderSummary, Sku, TraceEntry

from headgate_mall.http.buyers import told
from headgate_mall.packing import plain, steps_of
from headgate_mall.progress import Progress, progress_of
from headgate_mall.shelf import ShelfRow


class Amount(msgspec.Struct, frozen=True):
    """An amount of money.

    Args:
        amount: decimal text in the major unit, such as `12.50`.
        currency: ISO 4217 code.
    """

    amount: str
    currency: str


class UnitPrice(msgspec.Struct, frozen=True):
    """A sales unit with the buyer's price.

    Args:
        unit: name of the sales unit.
        base_units: base units in one of it, exact: `24`, `0.5` or `1/3`.
        price: the buyer's own, of one sales unit.
        base_price: before anything that is the buyer's own.
        rule: which rule gave the price.
        in_cart: what lies in the buyer's cart in this unit.
        least: the smallest quantity that can be ordered.
        step: quantities rise by this.
        usual: whether it is the unit offered first.
    """

    unit: str
    base_units: str
    price: str
    base_price: str
    rule: str
    in_cart: str
    least: str
    step: str
    usual: bool


class SkuView(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU as this buyer sees it.

    Args:
        id: of the SKU.
        code: the distributor's code.
        name: of the product.
        spec: what tells it from the product's other SKUs.
        barcode: digits; may be empty.
        maker_code: the maker's own code; may be empty.
        category_id: where it stands.
        category: name of the category.
        base_unit: unit in which stock is counted.
        stock: base units that can be ordered; null when no stock is kept.
        image_id: picture of the product.
        units: units in which it is sold, the usual one first.
    """

    id: UUID
    code: str
    name: str
    spec: str
    barcode: str
    maker_code: str
    category_id: UUID
    category: str
    base_unit: str
    stock: int | None
    image_id: UUID | None
    units: list[UnitPrice]


class CataloguePage(msgspec.Struct, frozen=True):
    """A page of the catalogue; `next` goes into `after` for the page that follows, null at the end."""

    items: list[SkuView]
    next: str | None
    currency: str


class PriceReason(msgspec.Struct, frozen=True):
    """Why a unit's price is what it is: every rule that was considered, in order."""

    unit: str
    trace: tuple[TraceEntry, ...]


class SkuDetail(msgspec.Struct, frozen=True):
    """One SKU with its description and the reasons of its prices."""

    sku: SkuView
    description: str
    reasons: list[PriceReason]


class CartLineView(msgspec.Struct, frozen=True):
    """A line of the cart; `problem` says what keeps it from being ordered, in the reader's language."""

    sku_id: UUID
    code: str
    name: str
    spec: str
    unit: str
    quantity: str
    base_quantity: int
    price: str | None
    amount: Amount
    problem: str


class CartView(msgspec.Struct, frozen=True):
    """The buyer's cart; an order can be placed when there are lines, and neither problems nor refusals."""

    lines: list[CartLineView]
    total: Amount
    refusals: list[str]


class OrderView(msgspec.Struct, frozen=True):
    """An order in a list; `waiting_for` are the names of its open steps."""

    id: UUID
    number: str
    placed_at: datetime
    total: Amount
    lines: int
    state: str
    waiting_for: list[str]


class OrderLineView(msgspec.Struct, frozen=True):
    """A line of an order at the price it was placed at."""

    sku_id: UUID
    code: str
    name: str
    spec: str
    unit: str
    quantity: str
    price: str
    rule: str
    amount: Amount


class StepEntry(msgspec.Struct, frozen=True):
    """One line of an order's timeline, in the reader's language."""

    label: str
    state: str
    who: str
    at: datetime | None
    note: str


class OpenStep(msgspec.Struct, frozen=True):
    """A step that is open; `mine` tells whether the caller can do it."""

    step: str
    name: str
    role: str
    mine: bool


class OrderDetailView(msgspec.Struct, frozen=True):
    """One order with its lines and its way; a step sends `seq` back, so that nobody acts on an old state."""

    order: OrderView
    lines: list[OrderLineView]
    note: str
    address: str
    timeline: list[StepEntry]
    open_steps: list[OpenStep]
    seq: int


class EntryView(msgspec.Struct, frozen=True):
    """One posting on the customer's account; what is owed grows by positive amounts."""

    at: datetime
    kind: str
    document_number: str
    document_id: UUID
    amount: Amount
    balance_after: Amount | None


class AccountView(msgspec.Struct, frozen=True):
    """What the customer owes, what orders on their way will add, and a page of postings, latest first."""

    balance: Amount
    pending: Amount
    entries: list[EntryView]
    next: str | None


def money_view(money: Money) -> Amount:
    """Write an amount."""
    return Amount(format(money.decimal(), "f"), money.currency)


def decimal_text(value: Decimal) -> str:
    """Write a price without an exponent."""
    return format(value, "f")


def sku_view(row: ShelfRow) -> SkuView:
    """Write a row of the shelf."""
    sku: Sku = row.sku
    units = []
    for choice in row.choices:
        steps = steps_of(sku, choice.unit, None)
        units.append(
            UnitPrice(
                unit=choice.unit.name,
                base_units=quantity_text(Fraction(choice.unit.num, choice.unit.den)),
                price=decimal_text(choice.price.unit_price),
                base_price=decimal_text(choice.price.base_price),
                rule=choice.price.rule,
                in_cart=plain(choice.quantity),
                least=steps.least,
                step=steps.step,
                usual=choice.unit.is_default,
            )
        )
    return SkuView(
        id=sku.id, code=sku.code, name=sku.name, spec=sku.spec, barcode=sku.barcode,
        maker_code=sku.maker_code, category_id=sku.category_id, category=sku.category,
        base_unit=sku.base_unit, stock=row.available, image_id=sku.image_id, units=units,
    )  # fmt: skip


def cart_view(ctx: Context, cart: Cart) -> CartView:
    """Write the cart, its problems in the reader's language."""
    currency = cart.total.currency
    lines = [
        CartLineView(
            sku_id=line.sku.id,
            code=line.sku.code,
            name=line.sku.name,
            spec=line.sku.spec,
            unit=line.unit,
            quantity=plain(line.quantity),
            base_quantity=line.base_quantity,
            price=decimal_text(line.price.unit_price) if line.price else None,
            amount=money_view(Money(line.amount, currency)),
            problem=told(ctx, line.problem, line.problem_params) if line.problem else "",
        )
        for line in cart.lines
    ]
    return CartView(lines, money_view(cart.total), [reason for _, reason in cart.vetoes])


def order_view(ctx: Context, order: OrderSummary) -> OrderView:
    """Write an order of a list."""
    waiting_for = [ctx.translate(name) for name in order.waiting_for]
    return OrderView(
        order.id,
        order.number,
        order.placed_at,
        money_view(order.total),
        order.line_count,
        order.state,
        waiting_for,
    )


def order_views(ctx: Context, orders: Sequence[OrderSummary]) -> list[OrderView]:
    """Write a list of orders."""
    return [order_view(ctx, order) for order in orders]


def order_detail_view(ctx: Context, order: OrderDetail) -> OrderDetailView:
    """Write one order with its way."""
    currency = order.summary.total.currency
    progress: Progress = progress_of(order, ctx.allowed, ctx.translate)
    lines = [
        OrderLineView(
            sku_id=line.sku_id,
            code=line.sku_code,
            name=line.sku_name,
            spec=line.spec,
            unit=line.unit,
            quantity=plain(line.quantity),
            price=decimal_text(line.unit_price),
            rule=line.price_rule,
            amount=money_view(Money(line.amount, currency)),
        )
        for line in order.lines
    ]
    open_steps = [
        OpenStep(step.step, ctx.translate(step.name), ctx.translate(step.actor_role), step in progress.mine)
        for step in progress.next
    ]
    timeline = [StepEntry(one.label, one.state, one.who, one.at, one.note) for one in progress.entries]
    return OrderDetailView(
        order_view(ctx, order.summary), lines, order.note, order.address, timeline, open_steps, progress.seq
    )
