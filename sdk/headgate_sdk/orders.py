"""Orders as other plugins see them while they are decided on."""

from decimal import Decimal
from uuid import UUID

import msgspec

from headgate_sdk.money import Money


class DraftLine(msgspec.Struct, frozen=True):
    """One line of an order that is about to be placed.

    Args:
        sku_id: what is ordered.
        quantity: in the sales unit.
        unit: name of the sales unit.
        base_quantity: in integer base units.
        unit_price: of one sales unit.
        amount: of the line.
    """

    sku_id: UUID
    quantity: Decimal
    unit: str
    base_quantity: int
    unit_price: Decimal
    amount: Money


class OrderDraft(msgspec.Struct, frozen=True):
    """An order that is about to be placed, at its final prices."""

    customer_id: UUID
    group_id: UUID | None
    lines: tuple[DraftLine, ...]
    total: Money


class Veto(msgspec.Struct, frozen=True):
    """A plugin's refusal of one draft of the batch.

    Args:
        draft: index in the batch.
        reason: English msgid for the person who orders: what is wrong and what to do.
        params: values for the reason.
    """

    draft: int
    reason: str
    params: dict[str, str] = {}
