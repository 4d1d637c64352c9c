"""Price lists with their items, and the levels."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.money import parse_price
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.desk.by_code import put_on_list
from headgate_trade.desk.price_views import (
    get_price_list,
    list_level_summaries,
    list_price_list_items,
    list_price_lists,
)
from headgate_trade.http.forms import address, show_again
from headgate_trade.price_changes import PriceListItem, set_price_list_items

PATH = "/desk/prices"


class ItemForm(msgspec.Struct):
    """A new item of a price list; the SKU by its code."""

    code: str = ""
    unit: str = ""
    price: str = ""


class CellForm(msgspec.Struct):
    """The price of an item, typed in its row; empty takes it off the list."""

    sku_id: UUID
    unit: str
    price: str = ""


@page(PATH, permission="trade.prices.read")
async def prices(ctx: Context) -> Response[Any]:
    """Show the price lists and the levels."""
    return await ctx.render(
        "trade/prices.html", lists=await list_price_lists(ctx), levels=await list_level_summaries(ctx)
    )


@page(f"{PATH}/{{list_id:uuid}}", permission="trade.prices.read")
async def price_list(
    ctx: Context, list_id: UUID, q: str = "", after: str = "", saved: bool = False
) -> Response[Any]:
    """Show one price list."""
    return await _list(ctx, list_id, query=q.strip(), after=after, saved=saved)


@action(f"{PATH}/{{list_id:uuid}}", permission="trade.prices.write")
async def add_item(
    ctx: Context, list_id: UUID, data: Annotated[ItemForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Put an item on the list, or alter it."""
    await get_price_list(ctx, list_id)
    try:
        async with ctx.db.savepoint():
            await put_on_list(ctx, list_id, data.code, data.unit, parse_price(data.price))
    except HeadgateError as error:
        return await _list(ctx, list_id, form=data, error=error)
    return see_other(f"{PATH}/{list_id}?saved=1")


@action(f"{PATH}/{{list_id:uuid}}/item", permission="trade.prices.write")
async def set_item(
    ctx: Context, list_id: UUID, data: Annotated[CellForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Save the price typed in a row; answers with the cell, and what is wrong with what was typed."""
    error: HeadgateError | None = None
    typed = data.price.strip()
    try:
        async with ctx.db.savepoint():
            price = parse_price(typed) if typed else None
            await set_price_list_items(ctx, [PriceListItem(list_id, data.sku_id, data.unit, price)])
    except HeadgateError as problem:
        error = problem
    return await show_again(
        ctx,
        "trade/_price_cell.html",
        error,
        list_id=list_id,
        sku_id=data.sku_id,
        unit=data.unit,
        typed=data.price,
        saved=error is None,
        may_write=True,
    )


HANDLERS = (prices, price_list, add_item, set_item)


async def _list(
    ctx: Context,
    list_id: UUID,
    *,
    query: str = "",
    after: str = "",
    form: ItemForm | None = None,
    error: HeadgateError | None = None,
    saved: bool = False,
) -> Response[Any]:
    found = await list_price_list_items(ctx, list_id, query=query, after=after or None)
    return await show_again(
        ctx,
        "trade/price_list.html",
        error,
        list=await get_price_list(ctx, list_id),
        items=found.items,
        query=query,
        next_href=address(f"{PATH}/{list_id}", q=query, after=found.next) if found.next else "",
        form=form or ItemForm(),
        saved=saved,
        may_write=ctx.allowed("trade.prices.write"),
    )
