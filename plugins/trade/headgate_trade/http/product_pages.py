"""The catalogue as the staff keep it: list, one SKU's form, its picture, on sale or not."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.attribute_values import sku_attributes
from headgate_trade.attributes import list_attributes
from headgate_trade.catalogue import (
    Sku,
    activate_sku,
    get_sku,
    list_categories,
    list_skus,
    search_skus,
    set_product_image,
    stop_sku,
)
from headgate_trade.desk.products import change_sku, create_sku
from headgate_trade.http.forms import address, read_id, show_again
from headgate_trade.http.product_form import ProductForm, form_of, read_form
from headgate_trade.http.staff import require_staff
from headgate_trade.stock import stock_levels

PATH = "/desk/products"


class PictureForm(msgspec.Struct):
    """A picture to show with a product; none takes it away."""

    picture: UploadFile | None = None


class StatusForm(msgspec.Struct):
    """On sale (`active`) or not (`stopped`)."""

    status: str = ""


@page(PATH, permission="trade.catalogue.read")
async def products(
    ctx: Context, q: str = "", category: str = "", stopped: bool = False, after: str = ""
) -> Response[Any]:
    """List SKUs: found by words, else of a category or all."""
    require_staff(ctx)
    category_id = read_id(category, "category")
    query = q.strip()
    cursor = after or None
    if query:
        found = await search_skus(ctx, query, after=cursor, include_stopped=stopped)
    else:
        found = await list_skus(ctx, category_id=category_id, after=cursor, include_stopped=stopped)
    return await ctx.render(
        "trade/products.html",
        skus=found.items,
        next_href=address(PATH, q=query, category=category, stopped=int(stopped), after=found.next)
        if found.next
        else "",
        categories=await list_categories(ctx),
        category_id=category_id,
        query=query,
        stopped=stopped,
        address=address,
    )


@page(f"{PATH}/new", permission="trade.catalogue.write")
async def new_product(ctx: Context) -> Response[Any]:
    """Show the empty form."""
    return await _form(ctx, None, ProductForm())


@action(f"{PATH}/new", permission="trade.catalogue.write")
async def add_product(
    ctx: Context, data: Annotated[ProductForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Make a SKU from the form."""
    try:
        async with ctx.db.savepoint():
            sku_id = await create_sku(ctx, read_form(data))
    except HeadgateError as error:
        return await _form(ctx, None, data, error)
    return see_other(f"{PATH}/{sku_id}?saved=1")


@page(f"{PATH}/{{sku_id:uuid}}", permission="trade.catalogue.read")
async def product(ctx: Context, sku_id: UUID, saved: bool = False) -> Response[Any]:
    """Show one SKU in its form."""
    require_staff(ctx)
    sku = await get_sku(ctx, sku_id)
    return await _form(ctx, sku, await _filled(ctx, sku), saved=saved)


@action(f"{PATH}/{{sku_id:uuid}}", permission="trade.catalogue.write")
async def save_product(
    ctx: Context, sku_id: UUID, data: Annotated[ProductForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Save one SKU from its form; its code stays."""
    sku = await get_sku(ctx, sku_id)
    data.code = sku.code
    try:
        async with ctx.db.savepoint():
            await change_sku(ctx, sku_id, read_form(data, status=sku.status, category=sku.category))
    except HeadgateError as error:
        return await _form(ctx, sku, data, error)
    return see_other(f"{PATH}/{sku_id}?saved=1")


@action(f"{PATH}/{{sku_id:uuid}}/picture", permission="trade.catalogue.write")
async def save_picture(
    ctx: Context, sku_id: UUID, data: Annotated[PictureForm, Body(media_type=RequestEncodingType.MULTI_PART)]
) -> Response[Any]:
    """Keep an uploaded picture and show it with the product."""
    sku = await get_sku(ctx, sku_id)
    content = await data.picture.read() if data.picture is not None else b""
    try:
        async with ctx.db.savepoint():
            image_id = await ctx.store_file(content, purpose="product") if content else None
            await set_product_image(ctx, sku.product_id, image_id)
    except HeadgateError as error:
        error.field = "picture"
        return await _form(ctx, sku, await _filled(ctx, sku), error)
    return see_other(f"{PATH}/{sku_id}?saved=1")


@action(f"{PATH}/{{sku_id:uuid}}/status", permission="trade.catalogue.write")
async def set_status(
    ctx: Context, sku_id: UUID, data: Annotated[StatusForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Take a SKU off sale, or put it on sale again."""
    await (stop_sku if data.status == "stopped" else activate_sku)(ctx, sku_id)
    return see_other(f"{PATH}/{sku_id}?saved=1")


HANDLERS = (products, new_product, add_product, product, save_product, save_picture, set_status)


async def _filled(ctx: Context, sku: Sku) -> ProductForm:
    return form_of(sku, await sku_attributes(ctx, sku.id, sku.category_id))


async def _form(
    ctx: Context,
    sku: Sku | None,
    form: ProductForm,
    error: HeadgateError | None = None,
    *,
    saved: bool = False,
) -> Response[Any]:
    levels = None
    if sku is not None and sku.stocked and ctx.allowed("trade.stock.read"):
        levels = (await stock_levels(ctx, [sku.id]))[sku.id]
    attributes = await list_attributes(ctx, sku.category_id) if sku is not None else []
    return await show_again(
        ctx,
        "trade/product.html",
        error,
        sku=sku,
        form=form,
        units=form.unit_rows(),
        attributes=attributes,
        attribute_fields=tuple(f"attr:{one.key}" for one in attributes),
        values=form.attributes(),
        stock=levels,
        categories=await list_categories(ctx),
        saved=saved,
        may_write=ctx.allowed("trade.catalogue.write"),
    )
