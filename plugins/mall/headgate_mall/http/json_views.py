"""How the buyers' JSON API writes what the use cases give."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache

from headgate_sdk.context import Context
from headgate_sdk.money import Money
from headgate_sdk.quantity import quantity_text
from headgate_trade.api import AttributeValue, Cart, OrderDetail, OrderSummary, Sku

from headgate_mall.http.buyers import told
from headgate_mall.http.json_schemas import (
    Amount,
    AttributeView,
    CartLineView,
    CartView,
    OpenStep,
    OrderDetailView,
    OrderLineView,
    OrderView,
    SkuView,
    StepEntry,
    UnitPrice,
)
from headgate_mall.packing import plain, steps_of
from headgate_mall.progress import Progress, progress_of
from headgate_mall.shelf import ShelfRow


def money_view(money: Money) -> Amount:
    """Write an amount."""
    return Amount(format(money.decimal(), "f"), money.currency)


def decimal_text(value: Decimal) -> str:
    """Write a price without an exponent."""
    return format(value, "f")


@lru_cache(maxsize=10_000)
def factor_text(num: int, den: int) -> str:
    """Write how many base units are in a sales unit."""
    return quantity_text(Fraction(num, den))


def sku_view(row: ShelfRow) -> SkuView:
    """Write a row of the shelf."""
    sku: Sku = row.sku
    units = []
    for choice in row.choices:
        steps = steps_of(sku, choice.unit, None)
        units.append(
            UnitPrice(
                unit=choice.unit.name,
                base_units=factor_text(choice.unit.num, choice.unit.den),
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
        base_unit=sku.base_unit, stock=row.available, stock_state=row.stock.state, image_id=sku.image_id,
        units=units,
    )  # fmt: skip


def attribute_views(attributes: Sequence[AttributeValue]) -> list[AttributeView]:
    """Write the attributes that have a value."""
    return [
        AttributeView(one.attribute.key, one.attribute.name, one.attribute.type, one.text, one.attribute.unit)
        for one in attributes
        if one.text
    ]


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
