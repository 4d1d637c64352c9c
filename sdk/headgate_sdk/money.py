"""Money: integers in the currency's minor unit. Prices: decimals. Rounding: only here, half-up, by name."""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Context, Decimal

import msgspec

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

EXPONENTS = {
    **dict.fromkeys(
        ("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV",
         "XAF", "XOF", "XPF"), 0,
    ),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}  # fmt: skip
"""Digits of the minor unit by ISO 4217 code, where they are not two."""

SYMBOLS = {"CNY": "¥", "GBP": "£", "EUR": "€", "USD": "$", "HKD": "HK$", "JPY": "¥", "KRW": "₩", "KWD": "KD"}

PRICE_DIGITS = 6
MAX_PRICE = Decimal(10) ** 12

NUMBER = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)(\.[0-9]*)?|[+-]?\.[0-9]+")
"""A number as people write it; a comma only groups thousands: `12,5` is asked about and not read as 125."""

# wide enough that nothing is rounded on the way to the one rounding that is meant
_exact = Context(prec=200)


class Money(msgspec.Struct, frozen=True, order=True):
    """An amount of one currency.

    Args:
        amount: in the minor unit (分, penny), may be negative.
        currency: ISO 4217 code.
    """

    amount: int
    currency: str

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount + other.amount, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.amount - other.amount, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.amount, self.currency)

    def _same(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise ValueError(f"{self.currency} and {other.currency} do not add up")

    def decimal(self) -> Decimal:
        """Give the amount in the major unit, exactly."""
        return to_major(self.amount, self.currency)


def exponent(currency: str) -> int:
    """Give the number of digits of the currency's minor unit (ISO 4217)."""
    return EXPONENTS.get(currency, 2)


def to_major(amount: int, currency: str) -> Decimal:
    """Turn minor units into a decimal of the major unit, exactly."""
    return _exact.scaleb(Decimal(amount), -exponent(currency))


def round_to_minor(value: Decimal, currency: str) -> int:
    """Round a decimal of the major unit half-up to minor units."""
    return int(_exact.scaleb(value, exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP, _exact))


def line_amount(unit_price: Decimal, quantity: Decimal | int, currency: str) -> int:
    """Amount of an order line in minor units: price times quantity, rounded half-up once, here."""
    return round_to_minor(_exact.multiply(unit_price, quantity), currency)


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split `total` minor units by weights so that the parts sum to it (largest remainder).

    Args:
        total: minor units, may be negative.
        weights: non-negative, at least one above zero.
    """
    whole = sum(weights)
    if whole <= 0 or min(weights) < 0:
        raise ValueError("weights must be non-negative and not all zero")
    sign = -1 if total < 0 else 1
    shares = [divmod(abs(total) * weight, whole) for weight in weights]
    parts = [share for share, _ in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: (-shares[i][1], i))
    for i in by_remainder[: abs(total) - sum(parts)]:
        parts[i] += 1
    return [sign * part for part in parts]


def parse_price(text: str, *, field: str = "price", row: int | None = None) -> Decimal:
    """Read a unit price as people write it: `12.5`, `1,234.50`, `￥12`, full-width digits.

    Raises:
        Invalid: not a number, negative, more than six decimals, or absurdly large; names field and row.
    """
    cleaned = text.translate(FULL_WIDTH).strip().lstrip("¥£$€").strip()
    if not NUMBER.fullmatch(cleaned):
        raise Invalid(
            N_("'{text}' is not a price. Write it like 12.50."), field=field, row=row, text=text[:40]
        )
    return check_price(Decimal(cleaned.replace(",", "")), field=field, row=row)


def check_price(value: Decimal, *, field: str = "price", row: int | None = None) -> Decimal:
    """Accept a unit price: finite, not negative, at most six decimals, below 10^12.

    Raises:
        Invalid: names what is wrong, the field and the row.
    """
    if not value.is_finite():
        raise Invalid(
            N_("'{text}' is not a price. Write it like 12.50."), field=field, row=row, text=str(value)
        )
    if value < 0:
        raise Invalid(N_("A price cannot be negative: {text}."), field=field, row=row, text=str(value))
    if value >= MAX_PRICE:
        raise Invalid(N_("The price {text} is too large."), field=field, row=row, text=str(value))
    if value != value.quantize(Decimal(1).scaleb(-PRICE_DIGITS), context=_exact):
        raise Invalid(
            N_("The price {text} has more than six decimals."), field=field, row=row, text=str(value)[:40]
        )
    return abs(value)  # of -0, which compares as 0 and would be shown as it is


FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－＋￥", "0123456789.,-+¥")
"""Full-width characters of Chinese keyboards in numbers and prices."""
