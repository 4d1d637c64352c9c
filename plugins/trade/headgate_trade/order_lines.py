"""Lines of a cart or order, checked against the SKU's rules and the stock, and priced.

Cart and order use the same check, so that a cart that shows no problem can be placed, and all problems are
told together, each with its row.
"""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import check_price, line_amount
from headgate_sdk.quantity import quantity_text

from headgate_trade.prices import PricedLine
from headgate_trade.pricing_trace import TraceEntry, with_agreed
from headgate_trade.units import nearest_orderable, order_quantity

MAX_LINES = 5_000
MAX_AMOUNT = 10**15
"""Largest amount of a line or an order, in minor units."""
_STEP = Decimal("0.000001")


class OrderLineInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is ordered.

    Args:
        sku_id: of the SKU.
        unit: name of the sales unit.
        quantity: in that unit.
        agreed_price: of one unit, where it was agreed with the customer for this order; needs
            `trade.prices.override`. One that equals the price of the rules is no override.
    """

    sku_id: UUID
    unit: str
    quantity: Decimal
    agreed_price: Decimal | None = None


class CheckedLine(msgspec.Struct, frozen=True):
    """A line that can be ordered, at its final price.

    Args:
        priced: the SKU, its unit and what the rules say.
        quantity: in the sales unit.
        base_quantity: in base units.
        unit_price: of one sales unit, charged.
        amount: in minor units.
        rule: which rule gave the price; `agreed` for an override.
        trace: why.
    """

    priced: PricedLine
    quantity: Decimal
    base_quantity: int
    unit_price: Decimal
    amount: int
    rule: str
    trace: tuple[TraceEntry, ...]


class StockLeft:
    """What can still be promised while the lines of one cart or order are gone through in turn.

    Args:
        tells: a refusal may say how much there is.
    """

    def __init__(self, *, tells: bool = True) -> None:
        self._left: dict[UUID, int] = {}
        self._tells = tells

    def take(self, priced: PricedLine, base_quantity: int, row: int) -> None:
        """Set a line's quantity aside.

        Raises:
            Invalid: not enough is left; names the most that can be ordered.
        """
        if not priced.stocked:
            return
        left = self._left.setdefault(priced.sku_id, priced.available)
        if base_quantity > left:
            raise stock_short(priced, left, row, tells=self._tells)
        self._left[priced.sku_id] = left - base_quantity


def check_lines(
    priced: Sequence[PricedLine],
    wanted: Sequence[OrderLineInput],
    *,
    currency: str,
    agreed_by: str,
    tells_stock: bool = True,
) -> tuple[list[CheckedLine], list[HeadgateError]]:
    """Check lines and give those that can be ordered and everything that is wrong with the others.

    Args:
        priced: the price read of the same lines, in order.
        wanted: the lines.
        currency: of the tenant.
        agreed_by: who agreed on prices that are not the rules', for the trace.
        tells_stock: a refusal may say how much there is.
    """
    good: list[CheckedLine] = []
    problems: list[HeadgateError] = []
    left = StockLeft(tells=tells_stock)
    for row, (line, want) in enumerate(zip(priced, wanted, strict=True), start=1):
        try:
            good.append(check_line(line, want, row=row, left=left, currency=currency, agreed_by=agreed_by))
        except Invalid as problem:
            problem.params.setdefault("code", line.code)
            problems.append(problem)
    return good, problems


def check_line(
    line: PricedLine, want: OrderLineInput, *, row: int, left: StockLeft, currency: str, agreed_by: str
) -> CheckedLine:
    """Check one line.

    Raises:
        Invalid: what is wrong, with the row and the nearest that is possible.
    """
    problem = line.problem(row=row)
    if problem is not None:
        raise problem
    assert line.unit is not None
    assert line.price is not None
    check_quantity(want.quantity, row=row)
    base_quantity = order_quantity(
        want.quantity, line.unit, minimum=line.min_quantity, multiple=line.multiple, row=row
    )
    left.take(line, base_quantity, row)
    unit_price, rule, trace = line.price.unit_price, line.price.rule, line.price.trace
    if want.agreed_price is not None:
        agreed = check_price(want.agreed_price, field="agreed_price", row=row)
        if agreed != unit_price:
            unit_price, rule, trace = agreed, "agreed", with_agreed(trace, agreed, agreed_by)
    amount = line_amount(unit_price, want.quantity, currency)
    if amount > MAX_AMOUNT:
        raise Invalid(N_("The amount of this line is too large."), field="quantity", row=row)
    return CheckedLine(line, want.quantity, base_quantity, unit_price, amount, rule, trace)


def check_quantity(quantity: Decimal, *, row: int) -> None:
    """Refuse what is no number or could not be kept exactly.

    Raises:
        Invalid: says which.
    """
    if not quantity.is_finite():
        raise Invalid(
            N_("'{text}' is not a quantity. Write a number like 12."),
            field="quantity",
            row=row,
            text=str(quantity),
        )
    if quantity.adjusted() >= 12:
        raise Invalid(N_("The quantity is too large."), field="quantity", row=row)
    if quantity % _STEP:
        raise Invalid(
            N_("The quantity {quantity} has more than six decimals."),
            field="quantity",
            row=row,
            quantity=quantity,
        )


def stock_short(priced: PricedLine, left: int, row: int, *, tells: bool = True) -> Invalid:
    """Say that a line asks for more than there is, and how much there is if that may be told."""
    most = None
    if priced.unit is not None and left > 0:
        most, _ = nearest_orderable(left, priced.unit, minimum=priced.min_quantity, multiple=priced.multiple)
    if most is None or most == "0":
        return Invalid(
            N_("{code} {name} is out of stock."),
            field="quantity", row=row, code=priced.code, name=priced.name, available="0",
        )  # fmt: skip
    if not tells:
        return Invalid(
            N_("There is not so much of {code} {name} now. Take less, or ask us."),
            field="quantity", row=row, code=priced.code, name=priced.name,
        )  # fmt: skip
    return Invalid(
        N_("Of {code} {name} only {available} {unit} can be ordered now."),
        field="quantity", row=row, code=priced.code, name=priced.name, available=most, unit=priced.unit_name,
    )  # fmt: skip


def available_text(priced: PricedLine) -> str | None:
    """Write how much of a line's unit is available; None for what is not stocked."""
    if not priced.stocked or priced.unit is None:
        return None
    lower, _ = nearest_orderable(max(priced.available, 0), priced.unit, minimum=1, multiple=1)
    return lower or quantity_text(0 * priced.unit.factor)
