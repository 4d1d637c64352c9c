"""Quantities: one base unit a SKU, counted in integers; sales units are exact rational factors of it."""

from decimal import Decimal
from fractions import Fraction

import msgspec

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

MAX_BASE_QUANTITY = 10**9
"""Largest quantity of one line, in base units; more is a slip of the finger."""


class Unit(msgspec.Struct, frozen=True):
    """A unit in which a SKU is sold or bought.

    Args:
        name: as people say it: 箱, 件, kg.
        num: numerator of the factor: one of this unit is `num / den` base units.
        den: denominator of the factor.
    """

    name: str
    num: int = 1
    den: int = 1

    @property
    def factor(self) -> Fraction:
        """Base units in one of this unit, exactly."""
        return Fraction(self.num, self.den)


def parse_quantity(text: str, *, field: str = "quantity", row: int | None = None) -> Decimal:
    """Read a quantity as people write it: `12`, `1.5`, `1,000`, full-width digits.

    Raises:
        Invalid: not a number; names field and row.
    """
    cleaned = text.translate(_FULL_WIDTH).strip().replace(",", "")
    try:
        value = Decimal(cleaned)
    except ArithmeticError:
        raise Invalid(
            N_("'{text}' is not a quantity. Write a number like 12."), field=field, row=row, text=text[:40]
        ) from None
    if not value.is_finite():
        raise Invalid(N_("'{text}' is not a quantity. Write a number like 12."), field=field, row=row, text=text)
    return value


def to_base(quantity: Decimal, unit: Unit, *, field: str = "quantity", row: int | None = None) -> int:
    """Convert a quantity of a sales unit into integer base units, exactly.

    Raises:
        Invalid: zero, negative, too large, or not a whole number of base units; names the nearest valid ones.
    """
    if quantity <= 0:
        raise Invalid(N_("The quantity must be more than zero."), field=field, row=row)
    if quantity.adjusted() > 12:
        raise Invalid(N_("The quantity is too large."), field=field, row=row)
    base = Fraction(quantity) * unit.factor
    if base > MAX_BASE_QUANTITY:
        raise Invalid(N_("The quantity {quantity} is too large."), field=field, row=row, quantity=quantity)
    if base.denominator != 1:
        lower, upper = nearest_whole(quantity, unit)
        raise Invalid(
            N_("{quantity} {unit} cannot be divided so finely. The nearest are {lower} and {upper}."),
            field=field, row=row, quantity=quantity, unit=unit.name, lower=lower, upper=upper,
        )  # fmt: skip
    return int(base)


def nearest_whole(quantity: Decimal, unit: Unit) -> tuple[str, str]:
    """Give the quantities of the unit just below and above that make whole base units, as text."""
    base = Fraction(quantity) * unit.factor
    below = Fraction(base.numerator // base.denominator)
    return quantity_text(below / unit.factor), quantity_text((below + 1) / unit.factor)


def quantity_text(value: Fraction) -> str:
    """Write an exact quantity: a plain decimal where there is one, else a fraction."""
    denominator = value.denominator
    for prime in (2, 5):
        while denominator % prime == 0:
            denominator //= prime
    if denominator != 1:
        return f"{value.numerator}/{value.denominator}"
    return format((Decimal(value.numerator) / Decimal(value.denominator)).normalize(), "f")


_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－", "0123456789.,-")
