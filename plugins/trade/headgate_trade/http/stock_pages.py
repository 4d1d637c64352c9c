"""Stock: what is on hand, reserved and available, and one SKU's movements with their documents."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.quantity import parse_quantity
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.catalogue import Sku, get_sku, search_skus
from headgate_trade.desk.stock_by_hand import change_stock
from headgate_trade.desk.stock_views import MOVEMENT_NAMES, list_movements
from headgate_trade.http.forms import address, show_again
from headgate_trade.stock import StockLevel, stock_levels

PATH = "/desk/stock"


class StockForm(msgspec.Struct):
    """A receipt, correction or count as typed."""

    kind: str = "receipt"
    quantity: str = ""
    unit: str = ""
    reason: str = ""


class StockRow(msgspec.Struct, frozen=True):
    """A SKU with its stock; None for what no stock is kept of."""

    sku: Sku
    level: StockLevel | None


@page(PATH, permission="trade.stock.read")
async def stock(ctx: Context, q: str = "", after: str = "") -> Response[Any]:
    """List SKUs with their stock."""
    query = q.strip()
    found = await search_skus(ctx, query, after=after or None, include_stopped=True)
    levels = await stock_levels(ctx, [sku.id for sku in found.items if sku.stocked])
    return await ctx.render(
        "trade/stock.html",
        rows=[StockRow(sku, levels.get(sku.id)) for sku in found.items],
        query=query,
        next_href=address(PATH, q=query, after=found.next) if found.next else "",
    )


@page(f"{PATH}/{{sku_id:uuid}}", permission="trade.stock.read")
async def sku_stock(ctx: Context, sku_id: UUID, after: str = "", saved: bool = False) -> Response[Any]:
    """Show one SKU's stock and movements."""
    return await _sku(ctx, sku_id, after=after, saved=saved)


@action(f"{PATH}/{{sku_id:uuid}}", permission="trade.stock.write")
async def change_sku_stock(
    ctx: Context, sku_id: UUID, data: Annotated[StockForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Receive, correct or count a SKU's stock."""
    try:
        async with ctx.db.savepoint():
            await change_stock(
                ctx,
                sku_id,
                kind=data.kind,
                quantity=parse_quantity(data.quantity),
                unit=data.unit,
                reason=data.reason,
            )
    except HeadgateError as error:
        return await _sku(ctx, sku_id, form=data, error=error)
    return see_other(f"{PATH}/{sku_id}?saved=1")


HANDLERS = (stock, sku_stock, change_sku_stock)


async def _sku(
    ctx: Context,
    sku_id: UUID,
    *,
    after: str = "",
    form: StockForm | None = None,
    error: HeadgateError | None = None,
    saved: bool = False,
) -> Response[Any]:
    sku = await get_sku(ctx, sku_id)
    movements = await list_movements(ctx, sku_id, after=after or None)
    return await show_again(
        ctx,
        "trade/stock_sku.html",
        error,
        sku=sku,
        level=(await stock_levels(ctx, [sku_id]))[sku_id],
        movements=movements.items,
        next_href=address(f"{PATH}/{sku_id}", after=movements.next) if movements.next else "",
        form=form or StockForm(unit=sku.base_unit),
        movement_names=MOVEMENT_NAMES,
        saved=saved,
        may_write=ctx.allowed("trade.stock.write"),
    )
