"""The cart as its page draws it: each line with its stepper, and what to do where something is wrong."""

from collections.abc import Mapping
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_trade.api import Cart, CartLine

from headgate_mall.packing import Steps, plain, steps_of


class CartRow(msgspec.Struct, frozen=True):
    """One line of the cart.

    Args:
        id: names the line within the page.
        line: as it stands now.
        quantity: for the stepper.
        steps: how the stepper moves; stock sets no limit here, the line says when it is short.
        struck: base price to strike through beside the buyer's own, where it is higher.
        nearest: quantities that could be ordered instead.
    """

    id: str
    line: CartLine
    quantity: str
    steps: Steps
    struck: Decimal | None
    nearest: tuple[str, ...]


def cart_rows(cart: Cart) -> list[CartRow]:
    """Give the lines of a cart for its page."""
    return [_row(line) for line in cart.lines]


def line_id(sku_id: UUID, unit: str) -> str:
    """Name a line in a way that may stand in a page's ids: units are any words."""
    return f"{sku_id}-{unit.encode().hex()}"


def nearest_of(params: Mapping[str, object]) -> tuple[str, ...]:
    """Read the quantities that a refusal proposes, or what stock leaves; fractions cannot be typed."""
    found = [str(params[name]) for name in ("lower", "upper", "available") if params.get(name)]
    return tuple(value for value in found if "/" not in value and value != "0")


def _row(line: CartLine) -> CartRow:
    unit = line.sku.unit_named(line.unit)
    price = line.price
    return CartRow(
        id=line_id(line.sku.id, line.unit),
        line=line,
        quantity=plain(line.quantity),
        steps=steps_of(line.sku, unit, None) if unit else Steps("1", "1"),
        struck=price.base_price if price and price.base_price > price.unit_price else None,
        nearest=nearest_of(line.problem_params),
    )
