"""How amounts of money look in the JSON API."""

from decimal import Decimal

import msgspec
from headgate_sdk.money import Money


class Amount(msgspec.Struct, frozen=True):
    """An amount of money: a decimal of the major unit as text, such as `12.50`, and an ISO 4217 code."""

    amount: Decimal
    currency: str


def amount_of(money: Money) -> Amount:
    """Write an amount."""
    return Amount(money.decimal(), money.currency)
