"""Sales units of a SKU: reading factors, pricing a unit, and which quantities may be ordered.

Stock is counted in base units; a box of 200 is the factor 200/1, 斤 of a SKU that is counted in grams is
500/1, a third of a roll is 1/3. Prices of a unit follow from the base unit's price by the same exact factor
and are rounded once, half-up, to six decimals.
"""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from math import gcd, lcm

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import PRICE_DIGITS
from headgate_sdk.quantity import Unit, quantity_text, to_base

MAX_FACTOR = 10**9
MAX_NAME = 20
_PRICE_STEP = Decimal(1).scaleb(-PRICE_DIGITS)
_QUANTITY_SCALE = 10**6
"""Quantities are kept with six decimals, so only multiples that fit are offered as nearest ones."""


def parse_factor(text: str, *, field: str = "factor", row: int | None = None) -> Fraction:
    """Read how many base units one sales unit holds: `200`, `0.5` or `1/3`.

    Raises:
        Invalid: not a positive number, or absurdly large; names field and row.
    """
    try:
        factor = Fraction(text.strip().replace(",", "").translate(_FULL_WIDTH))
    except (ValueError, ZeroDivisionError):
        raise Invalid(
            N_("'{text}' is not a unit factor. Write how many base units it holds, like 12 or 1/3."),
            field=field, row=row, text=text[:40],
        ) from None  # fmt: skip
    if factor <= 0 or factor.numerator > MAX_FACTOR or factor.denominator > MAX_FACTOR:
        raise Invalid(
            N_("The unit factor {text} must be more than zero and at most {most}."),
            field=field, row=row, text=text[:40], most=MAX_FACTOR,
        )  # fmt: skip
    return factor


def check_units(base_unit: str, units: Sequence[Unit], *, row: int | None = None) -> None:
    """Insist that units have names of their own and sensible factors.

    Raises:
        Invalid: names the unit, field and row.
    """
    seen = {base_unit}
    for name in (base_unit, *(unit.name for unit in units)):
        if not name.strip() or len(name) > MAX_NAME:
            raise Invalid(
                N_("A unit needs a name of 1 to {most} characters."), field="unit", row=row, most=MAX_NAME
            )
    for unit in units:
        if unit.name in seen:
            raise Invalid(
                N_("The unit {unit} is listed twice. Leave one of them out."),
                field="unit", row=row, unit=unit.name,
            )  # fmt: skip
        seen.add(unit.name)
        if not (0 < unit.num <= MAX_FACTOR and 0 < unit.den <= MAX_FACTOR):
            raise Invalid(
                N_("The unit factor {text} must be more than zero and at most {most}."),
                field="unit", row=row, text=f"{unit.num}/{unit.den}", most=MAX_FACTOR,
            )  # fmt: skip


def price_of_unit(base_price: Decimal, num: int, den: int = 1) -> Decimal:
    """Price one sales unit from the price of the base unit, rounded half-up to six decimals."""
    if num == den:
        return base_price
    return (base_price * num / den).quantize(_PRICE_STEP, ROUND_HALF_UP)


def tidy_price(price: Decimal) -> Decimal:
    """Drop zeros behind the last digit that counts: 2.550000 is 2.55, 100.000000 is 100."""
    return price.normalize() + 0  # which writes 1E+2 as 100


def order_quantity(
    quantity: Decimal,
    unit: Unit,
    *,
    minimum: int = 1,
    multiple: int = 1,
    field: str = "quantity",
    row: int | None = None,
) -> int:
    """Turn an ordered quantity into base units, and insist on the SKU's minimum and multiple.

    Args:
        quantity: in the sales unit.
        unit: the sales unit.
        minimum: base units at least.
        multiple: base units must divide by it.
        field: named in the error.
        row: named in the error.

    Raises:
        Invalid: names the nearest quantities that may be ordered, in the sales unit.
    """
    base = to_base(quantity, unit, field=field, row=row)
    if base >= minimum and base % multiple == 0:
        return base
    lower, upper = nearest_orderable(base, unit, minimum=minimum, multiple=multiple)
    if lower is None:
        raise Invalid(
            N_("{quantity} {unit} is less than can be ordered. The least is {upper}."),
            field=field, row=row, quantity=quantity, unit=unit.name, upper=upper,
        )  # fmt: skip
    raise Invalid(
        N_("{quantity} {unit} cannot be ordered. The nearest are {lower} and {upper}."),
        field=field, row=row, quantity=quantity, unit=unit.name, lower=lower, upper=upper,
    )  # fmt: skip


def nearest_orderable(base: int, unit: Unit, *, minimum: int, multiple: int) -> tuple[str | None, str]:
    """Give the orderable quantities just below (None under the minimum) and above, in the sales unit."""
    step = lcm(multiple, unit.num // gcd(unit.num, unit.den * _QUANTITY_SCALE))
    least = -(-minimum // step) * step
    below = base // step * step
    lower = quantity_text(Fraction(below) / unit.factor) if below >= least else None
    return lower, quantity_text(Fraction(max(below + step, least)) / unit.factor)


_FULL_WIDTH = str.maketrans("０１２３４５６７８９．／", "0123456789./")
