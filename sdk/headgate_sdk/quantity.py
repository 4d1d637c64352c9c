"""Quantities: one base unit a SKU, counted in integers; sales units are exact rational factors of it."""

from decimal import Decimal
from fractions import Fraction

import msgspec

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import FULL_WIDTH, NUMBER

MAX_BASE_QUANTITY = 10**9
"""Largest quantity of one line, in base units; more is a slip of the finger."""

MAX_DECIMALS = 18
MAX_DIGITS = 40


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
    cleaned = text.translate(FULL_WIDTH).strip()
    if not NUMBER.fullmatch(cleaned):
        raise Invalid(
            N_("'{text}' is not a quantity. Write a number like 12."), field=field, row=row, text=text[:40]
        )
    return Decimal(cleaned.replace(",", ""))


def to_base(quantity: Decimal, unit: Unit, *, field: str = "quantity", row: int | None = None) -> int:
    """Convert a quantity of a sales unit into integer base units, exactly.

    Raises:
        Invalid: zero, negative, too large, or not a whole number of base units; names the nearest valid ones.
    """
    if not quantity.is_finite():
        raise Invalid(
            N_("'{text}' is not a quantity. Write a number like 12."),
            field=field,
            row=row,
            text=str(quantity),
        )
    if quantity <= 0:
        raise Invalid(N_("The quantity must be more than zero."), field=field, row=row)
    if quantity.adjusted() > 12:
        raise Invalid(N_("The quantity is too large."), field=field, row=row)
    if quantity.adjusted() < -MAX_DECIMALS or len(quantity.as_tuple().digits) > MAX_DIGITS:
        raise Invalid(N_("The quantity has too many decimals."), field=field, row=row)
    above, below = quantity.as_integer_ratio()
    base, rest = divmod(above * unit.num, below * unit.den)
    if base > MAX_BASE_QUANTITY or (base == MAX_BASE_QUANTITY and rest):
        raise Invalid(N_("The quantity {quantity} is too large."), field=field, row=row, quantity=quantity)
    if rest:
        lower, upper = nearest_whole(quantity, unit)
        raise Invalid(
            N_("{quantity} {unit} cannot be divided so finely. The nearest are {lower} and {upper}."),
            field=field, row=row, quantity=quantity, unit=unit.name, lower=lower, upper=upper,
        )  # fmt: skip
    return base


def nearest_whole(quantity: Decimal, unit: Unit) -> tuple[str, str]:
    """Give the quantities of the unit just below and above that make whole base units, as text."""
    base = Fraction(quantity) * unit.factor
    below = Fraction(base.numerator // base.denominator)
    return quantity_text(below / unit.factor), quantity_text((below + 1) / unit.factor)


def quantity_text(value: Fraction) -> str:
    """Write an exact quantity: a plain decimal where there is one, else a fraction."""
    if value.denominator == 1:
        return str(value.numerator)
    twos, rest = _divide_out(value.denominator, 2)
    fives, rest = _divide_out(rest, 5)
    if rest != 1:
        return f"{value.numerator}/{value.denominator}"
    places = max(twos, fives)
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def _divide_out(number: int, prime: int) -> tuple[int, int]:
    times = 0
    while number % prime == 0:
        number, times = number // prime, times + 1
    return times, number
