"""Stock in the JSON API: what there is, what comes in, and corrections after a count."""

from typing import Annotated
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import create, read
from litestar.params import QueryParameter

from headgate_trade.stock import StockChange, adjust_stock, receive_stock, stock_levels

SkuIds = Annotated[
    list[UUID],
    QueryParameter(
        name="sku_id", min_items=1, max_items=500, description="Which SKUs; repeat it for several."
    ),
]


class LevelView(msgspec.Struct, frozen=True):
    """Base units of a SKU in the default warehouse: what is there, promised to orders, and free."""

    sku_id: UUID
    on_hand: int
    reserved: int
    available: int


class DeliveryIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Goods that come in; sending the same document again changes nothing."""

    document_id: UUID
    rows: list[StockChange]


class CountIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Corrections, in base units up or down; sending the same document again changes nothing."""

    document_id: UUID
    rows: list[StockChange]


@read("/stock", permission="trade.stock.read")
async def read_stock(ctx: Context, sku_ids: SkuIds) -> list[LevelView]:
    """Give the stock of a batch of SKUs."""
    return await _levels(ctx, sku_ids)


@create("/stock/deliveries", permission="trade.stock.write", status_code=200)
async def create_delivery(ctx: Context, data: DeliveryIn) -> list[LevelView]:
    """Take goods in; the answer is their stock afterwards."""
    await receive_stock(ctx, data.rows, document_type="delivery", document_id=data.document_id)
    return await _levels(ctx, [row.sku_id for row in data.rows])


@create("/stock/counts", permission="trade.stock.write", status_code=200)
async def create_count(ctx: Context, data: CountIn) -> list[LevelView]:
    """Correct the stock; refused when less would be left than is promised to orders."""
    await adjust_stock(ctx, data.rows, document_id=data.document_id)
    return await _levels(ctx, [row.sku_id for row in data.rows])


async def _levels(ctx: Context, sku_ids: list[UUID]) -> list[LevelView]:
    found = await stock_levels(ctx, sku_ids)
    return [LevelView(one.sku_id, one.on_hand, one.reserved, one.available) for one in found.values()]


HANDLERS = (read_stock, create_delivery, create_count)
