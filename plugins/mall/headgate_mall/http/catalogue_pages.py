"""The catalogue: lists from which a whole order can be made, and one SKU with the why of its price."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.web import page
from headgate_trade.api import (
    RULE_NAMES,
    Category,
    SkuPage,
    get_cart,
    get_sku,
    list_categories,
    list_skus,
    search_skus,
    sku_attributes,
)
from litestar import Response
from litestar.params import Parameter

from headgate_mall.http.buyers import AnyRequest, address, for_buyers, fragment_of, piece, read_id
from headgate_mall.shelf import cart_quantities, load_row, load_shelf

PAGE = 50

Query = Annotated[str, Parameter(max_length=100)]
Shown = Annotated[int, Parameter(ge=0, le=1_000_000)]


async def find_skus(
    ctx: Context, category: UUID | None, query: str, after: str | None, limit: int
) -> SkuPage:
    """Give a page of the catalogue: found by words if there are any, else of a category or of everything."""
    if query:
        return await search_skus(ctx, query, limit=limit, after=after)
    return await list_skus(ctx, category_id=category, after=after, limit=limit)


@page("/mall/catalogue", permission="trade.catalogue.read")
@for_buyers
async def catalogue(
    ctx: Context,
    request: AnyRequest,
    category: str = "",
    q: Query = "",
    *,
    after: str = "",
    shown: Shown = 0,
) -> Response[str]:
    """List goods; htmx asks for the shelf alone while somebody searches, and for more rows at its end."""
    cart = await get_cart(ctx)
    query = q.strip()
    category_id = None if query else read_id(category, "category")
    found = await find_skus(ctx, category_id, query, after or None, PAGE)
    categories = await list_categories(ctx)
    shown += len(found.items)
    following = address("/mall/catalogue", category=category_id, q=query, after=found.next, shown=shown)
    fragment = fragment_of(request)
    template = {"rows": "mall/_more_rows.html", "shelf": "mall/_shelf.html"}.get(
        fragment, "mall/catalogue.html"
    )
    return piece(
        await ctx.render(
            template,
            rows=await load_shelf(ctx, cart.customer.id, found.items, cart_quantities(cart)),
            next_href=following if found.next else "",
            shown=shown,
            total=None if query else _count(categories, category_id),
            categories=categories,
            category_id=category_id,
            query=query,
            cart=cart,
            part=bool(fragment),
        )
    )


def _count(categories: Sequence[Category], category_id: UUID | None) -> int:
    return sum(one.count for one in categories if category_id in (None, one.id))


@page("/mall/sku/{sku_id:uuid}/row", permission="trade.catalogue.read")
@for_buyers
async def sku_row(ctx: Context, sku_id: UUID, unit: str = "") -> Response[str]:
    """Give a row of the shelf again, with its stepper in another unit."""
    cart, sku = await get_cart(ctx), await get_sku(ctx, sku_id)
    row = await load_row(ctx, cart.customer.id, sku, cart_quantities(cart), unit=unit)
    return await ctx.render("mall/_row.html", row=row)


@page("/mall/sku/{sku_id:uuid}", permission="trade.catalogue.read")
@for_buyers
async def sku_page(ctx: Context, sku_id: UUID, unit: str = "") -> Response[str]:
    """Show one SKU: picture, codes, units, stock, price and why it is that."""
    cart, sku = await get_cart(ctx), await get_sku(ctx, sku_id)
    row = None
    if sku.status == "active":
        row = await load_row(ctx, cart.customer.id, sku, cart_quantities(cart), unit=unit)
    trace = row.chosen.price.trace if row else ()
    reasons = [(entry, Decimal(entry.price) if entry.price else None) for entry in trace]
    return await ctx.render(
        "mall/sku.html",
        sku=sku,
        row=row,
        reasons=reasons,
        cart=cart,
        rule_names=RULE_NAMES,
        attributes=[one for one in await sku_attributes(ctx, sku.id, sku.category_id) if one.text],
    )
