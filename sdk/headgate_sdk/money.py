"""Money: integers in the currency's minor unit. Prices: decimals. Rounding: only here, half-up, by name."""

from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal

import msgspec

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

EXPONENTS = {"CNY": 2, "GBP": 2, "EUR": 2, "USD": 2, "HKD": 2, "JPY": 0, "KRW": 0, "KWD": 3}
"""Digits of the minor unit by ISO 4217 code."""

SYMBOLS = {"CNY": "¥", "GBP": "£", "EUR": "€", "USD": "$", "HKD": "HK$", "JPY": "¥", "KRW": "₩", "KWD": "KD"}

PRICE_DIGITS = 6
MAX_PRICE = Decimal(10) ** 12


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
    return Decimal(amount).scaleb(-exponent(currency))


def round_to_minor(value: Decimal, currency: str) -> int:
    """Round a decimal of the major unit half-up to minor units."""
    return int(value.scaleb(exponent(currency)).quantize(Decimal(1), ROUND_HALF_UP))


def line_amount(unit_price: Decimal, quantity: Decimal | int, currency: str) -> int:
    """Amount of an order line in minor units: price times quantity, rounded half-up once, here."""
    return round_to_minor(unit_price * quantity, currency)


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
    cleaned = text.translate(_FULL_WIDTH).strip().lstrip("¥£$€").replace(",", "").strip()
    try:
        value = Decimal(cleaned)
    except ArithmeticError:
        raise Invalid(
            N_("'{text}' is not a price. Write it like 12.50."), field=field, row=row, text=text[:40]
        ) from None
    return check_price(value, field=field, row=row)


def check_price(value: Decimal, *, field: str = "price", row: int | None = None) -> Decimal:
    """Accept a unit price: finite, not negative, at most six decimals, below 10^12.

    Raises:
        Invalid: names what is wrong, the field and the row.
    """
    if not value.is_finite():
        raise Invalid(N_("'{text}' is not a price. Write it like 12.50."), field=field, row=row, text=str(value))
    if value < 0:
        raise Invalid(N_("A price cannot be negative: {text}."), field=field, row=row, text=str(value))
    if value >= MAX_PRICE:
        raise Invalid(N_("The price {text} is too large."), field=field, row=row, text=str(value))
    if value != value.quantize(Decimal(1).scaleb(-PRICE_DIGITS)):
        raise Invalid(
            N_("The price {text} has more than six decimals."), field=field, row=row, text=str(value)
        )
    return value


_FULL_WIDTH = str.maketrans("０１２３４５６７８９．，－￥", "0123456789.,-¥")
