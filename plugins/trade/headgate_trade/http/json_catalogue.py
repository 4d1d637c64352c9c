"""SKUs and categories in the JSON API."""

from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import create, read, replace
from litestar.params import QueryParameter

from headgate_trade.attribute_values import sku_attributes
from headgate_trade.catalogue import (
    Category,
    SaveResult,
    Sku,
    SkuInput,
    activate_sku,
    get_sku,
    list_categories,
    list_skus,
    save_skus,
    search_skus,
    stop_sku,
)

Limit = Annotated[int, QueryParameter(ge=1, le=200, description="Rows on the page, 200 at most.")]
After = Annotated[str | None, QueryParameter(description="Cursor that the page before gave as `next`.")]
Query = Annotated[str, QueryParameter(max_length=100)]


class UnitView(msgspec.Struct, frozen=True):
    """A sales unit: one of it is `num / den` base units."""

    name: str
    num: int
    den: int
    is_default: bool


class SkuView(msgspec.Struct, frozen=True, kw_only=True):
    """A SKU. Prices are decimals as text; quantities of the rules are base units."""

    id: UUID
    code: str
    name: str
    spec: str
    barcode: str
    maker_code: str
    category_id: UUID
    category: str
    base_unit: str
    base_price: Decimal
    stocked: bool
    status: str
    min_quantity: int
    multiple: int
    product_id: UUID
    image_id: UUID | None
    description: str
    units: list[UnitView]


class ValueView(msgspec.Struct, frozen=True):
    """An attribute of the SKU's category with its value as text, empty where nobody has said it."""

    key: str
    name: str
    type: str
    unit: str
    value: str


class SkuDetail(SkuView, frozen=True, kw_only=True):
    """A SKU with its attributes."""

    attributes: list[ValueView]


class SkuList(msgspec.Struct, frozen=True):
    """A page of SKUs; give `next` as `after` for the following page."""

    items: list[SkuView]
    next: str | None


@read("/categories", permission="trade.catalogue.read")
async def read_categories(ctx: Context) -> list[Category]:
    """List the categories with the number of their SKUs on sale."""
    return await list_categories(ctx)


@read("/skus", permission="trade.catalogue.read")
async def read_skus(
    ctx: Context,
    *,
    q: Query = "",
    category_id: UUID | None = None,
    include_stopped: bool = False,
    after: After = None,
    limit: Limit = 50,
) -> SkuList:
    """List SKUs by name, or search them: `q` finds name, pinyin, initials, code, maker's code and barcode.

    Stopped ones are shown to those who may change the catalogue.
    """
    stopped = include_stopped and ctx.allowed("trade.catalogue.write")
    if q.strip():
        page = await search_skus(ctx, q, limit=limit, after=after, include_stopped=stopped)
    else:
        page = await list_skus(
            ctx, category_id=category_id, after=after, limit=limit, include_stopped=stopped
        )
    return SkuList([_view(sku) for sku in page.items], page.next)


@read("/skus/{sku_id:uuid}", permission="trade.catalogue.read")
async def read_sku(ctx: Context, sku_id: UUID) -> SkuDetail:
    """Give one SKU."""
    sku = await get_sku(ctx, sku_id)
    values = await sku_attributes(ctx, sku.id, sku.category_id)
    return SkuDetail(
        **msgspec.structs.asdict(_view(sku)),
        attributes=[
            ValueView(one.attribute.key, one.attribute.name, one.attribute.type, one.attribute.unit, one.text)
            for one in values
        ],
    )


@replace("/skus", permission="trade.catalogue.write")
async def put_skus(ctx: Context, data: list[SkuInput]) -> SaveResult:
    """Save a batch of SKUs by their codes: new ones are made, known ones changed; all of them, or none."""
    return await save_skus(ctx, data)


@create("/skus/{sku_id:uuid}/stop", permission="trade.catalogue.write", status_code=200)
async def stop(ctx: Context, sku_id: UUID) -> SkuView:
    """Stop selling a SKU; open orders keep their lines."""
    await stop_sku(ctx, sku_id)
    return _view(await get_sku(ctx, sku_id))


@create("/skus/{sku_id:uuid}/activate", permission="trade.catalogue.write", status_code=200)
async def activate(ctx: Context, sku_id: UUID) -> SkuView:
    """Sell a stopped SKU again."""
    await activate_sku(ctx, sku_id)
    return _view(await get_sku(ctx, sku_id))


def _view(sku: Sku) -> SkuView:
    return SkuView(
        id=sku.id,
        code=sku.code,
        name=sku.name,
        spec=sku.spec,
        barcode=sku.barcode,
        maker_code=sku.maker_code,
        category_id=sku.category_id,
        category=sku.category,
        base_unit=sku.base_unit,
        base_price=sku.base_price,
        stocked=sku.stocked,
        status=sku.status,
        min_quantity=sku.min_quantity,
        multiple=sku.multiple,
        product_id=sku.product_id,
        image_id=sku.image_id,
        description=sku.description,
        units=[UnitView(unit.name, unit.num, unit.den, unit.is_default) for unit in sku.units],
    )


HANDLERS = (read_categories, read_skus, read_sku, put_skus, stop, activate)
