"""Movements of a SKU's stock with the documents behind them."""

from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_

from headgate_trade.cursors import page_size, read_cursor, write_cursor

MOVEMENT_NAMES = {
    "opening": N_("Opening stock"),
    "receipt": N_("Taken in"),
    "reserve": N_("Reserved for an order"),
    "release": N_("Reservation given back"),
    "issue": N_("Sent out"),
    "return": N_("Sent back by a customer"),
    "adjust": N_("Corrected"),
}
"""English msgid of each kind of movement."""


class Movement(msgspec.Struct, frozen=True):
    """A movement of stock, in base units.

    Args:
        order_number: of the order behind it; empty for other documents.
        reason: what was written when it was changed by hand.
    """

    id: UUID
    at: datetime
    kind: str
    on_hand_delta: int
    reserved_delta: int
    document_type: str
    document_id: UUID
    order_number: str
    reason: str
    actor: str


class MovementPage(msgspec.Struct, frozen=True):
    """A page of movements, newest first; `next` is the cursor of the page after it."""

    items: list[Movement]
    next: str | None


async def list_movements(
    ctx: Context, sku_id: UUID, *, after: str | None = None, limit: int = 50
) -> MovementPage:
    """Give a page of a SKU's movements, newest first."""
    ctx.require("trade.stock.read")
    before = read_cursor(after, tuple[UUID])[0] if after else None
    size = page_size(limit)
    items = await ctx.db.fetch_as(
        Movement,
        """
        SELECT m.id, m.at, m.kind, m.on_hand_delta, m.reserved_delta, m.document_type, m.document_id,
               coalesce(o.number, ''), coalesce(d.reason, ''), m.actor
        FROM (SELECT * FROM trade_stock_movement
              WHERE tenant_id = $1 AND sku_id = $2 AND ($4::uuid IS NULL OR id < $4)
              ORDER BY id DESC LIMIT $3) m
        LEFT JOIN trade_order o ON o.tenant_id = $1 AND o.id = m.document_id
        LEFT JOIN trade_stock_document d ON d.tenant_id = $1 AND d.id = m.document_id
        ORDER BY m.id DESC
        """,
        ctx.tenant.id, sku_id, size + 1, before,
    )  # fmt: skip
    if len(items) <= size:
        return MovementPage(items, None)
    return MovementPage(items[:size], write_cursor(items[size - 1].id))
