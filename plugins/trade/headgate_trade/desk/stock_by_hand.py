"""Stock of one SKU received, corrected or counted by hand, each with its reason on a document."""

from decimal import Decimal
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.quantity import to_base

from headgate_trade.catalogue import get_sku
from headgate_trade.stock import StockChange, adjust_stock, default_warehouse, receive_stock

MAX_REASON = 200


async def change_stock(
    ctx: Context, sku_id: UUID, *, kind: str, quantity: Decimal, unit: str, reason: str
) -> None:
    """Change what is on hand of a SKU.

    Args:
        ctx: needs `trade.stock.write`.
        sku_id: of what.
        kind: `receipt` takes in, `correction` adds or takes away, `count` sets what was counted.
        quantity: in `unit`; negative only for a correction.
        unit: one of the SKU's units.
        reason: kept with the movement.

    Raises:
        Invalid: not a kind, unit or quantity that can be; no reason; nothing to change.
        Conflict: less would be left than is reserved for orders.
    """
    ctx.require("trade.stock.write")
    sku = await get_sku(ctx, sku_id)
    if not sku.stocked:
        raise Invalid(N_("No stock is kept of this item."), field="kind")
    sales_unit = sku.unit_named(unit)
    if sales_unit is None:
        raise Invalid(N_("The item is not sold by '{unit}'."), field="unit", unit=unit)
    reason = reason.strip()
    if not reason or len(reason) > MAX_REASON:
        raise Invalid(N_("Say why, in at most {most} characters."), field="reason", most=MAX_REASON)
    document_id = new_id()
    if kind == "receipt":
        change = to_base(quantity, sales_unit.unit())
        await receive_stock(
            ctx, [StockChange(sku_id, change)], document_type="receipt", document_id=document_id
        )
    elif kind == "correction":
        size = to_base(abs(quantity), sales_unit.unit())
        change = -size if quantity < 0 else size
        await adjust_stock(ctx, [StockChange(sku_id, change)], document_id=document_id)
    elif kind == "count":
        counted = to_base(quantity, sales_unit.unit()) if quantity else 0
        change = counted - await _lock_on_hand(ctx, sku_id)
        if not change:
            raise Invalid(N_("The count is what the books say. Nothing was changed."), field="quantity")
        await adjust_stock(ctx, [StockChange(sku_id, change)], document_id=document_id)
    else:
        raise Invalid(N_("Choose what to do: receive, correct or count."), field="kind")
    await ctx.db.execute(
        "INSERT INTO trade_stock_document (tenant_id, id, kind, reason, at, actor) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        ctx.tenant.id, document_id, kind, reason, ctx.clock.now(), ctx.actor.name,
    )  # fmt: skip
    await ctx.audit("trade.stock.changed_by_hand", sku.code, kind=kind, change=change, reason=reason)


async def _lock_on_hand(ctx: Context, sku_id: UUID) -> int:
    """Keep others from moving the stock while a count is compared with it."""
    warehouse_id = await default_warehouse(ctx)
    found: int | None = await ctx.db.fetch_value(
        "SELECT on_hand FROM trade_stock WHERE tenant_id = $1 AND warehouse_id = $2 AND sku_id = $3 "
        "FOR NO KEY UPDATE",
        ctx.tenant.id, warehouse_id, sku_id,
    )  # fmt: skip
    return found or 0
