"""Price lists, levels and customers' own prices, as the staff's pages list them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_

from headgate_trade.cursors import MAX_PAGE, page_size, read_cursor, write_cursor
from headgate_trade.search import find_skus


class PriceListSummary(msgspec.Struct, frozen=True):
    """A price list with the number of its items."""

    id: UUID
    key: str
    name: str
    items: int


class LevelSummary(msgspec.Struct, frozen=True):
    """A customer level: `discount` is percent off the base price."""

    id: UUID
    key: str
    name: str
    discount: Decimal
    customers: int


class SetPrice(msgspec.Struct, frozen=True):
    """A price that somebody set for one SKU in one unit.

    Args:
        base_price: what the unit costs without it.
    """

    sku_id: UUID
    code: str
    name: str
    spec: str
    unit: str
    price: Decimal
    base_price: Decimal
    changed_at: datetime
    changed_by: str


class SetPricePage(msgspec.Struct, frozen=True):
    """A page of set prices; `next` is the cursor of the page after it."""

    items: list[SetPrice]
    next: str | None


async def list_price_lists(ctx: Context) -> list[PriceListSummary]:
    """Give the tenant's price lists."""
    ctx.require("trade.prices.read")
    return await ctx.db.fetch_as(
        PriceListSummary,
        "SELECT l.id, l.key, l.name, "
        "(SELECT count(*) FROM trade_price_list_item i WHERE i.tenant_id = $1 AND i.price_list_id = l.id) "
        "FROM trade_price_list l WHERE l.tenant_id = $1 ORDER BY l.name, l.id",
        ctx.tenant.id,
    )


async def get_price_list(ctx: Context, price_list_id: UUID) -> PriceListSummary:
    """Give one price list.

    Raises:
        NotFound: no such list.
    """
    for price_list in await list_price_lists(ctx):
        if price_list.id == price_list_id:
            return price_list
    raise NotFound(N_("There is no such price list."))


async def list_level_summaries(ctx: Context) -> list[LevelSummary]:
    """Give the tenant's customer levels, smallest discount first."""
    ctx.require("trade.prices.read")
    return await ctx.db.fetch_as(
        LevelSummary,
        "SELECT l.id, l.key, l.name, l.discount, "
        "(SELECT count(*) FROM trade_customer c WHERE c.tenant_id = $1 AND c.level_id = l.id) "
        "FROM trade_price_level l WHERE l.tenant_id = $1 ORDER BY l.discount, l.name, l.id",
        ctx.tenant.id,
    )


async def list_price_list_items(
    ctx: Context, price_list_id: UUID, *, query: str = "", after: str | None = None, limit: int = 50
) -> SetPricePage:
    """Give a page of a price list's items by name, or those of the SKUs that match the query."""
    return await _set_prices(ctx, _LIST_ITEMS, price_list_id, query=query, after=after, limit=limit)


async def list_fixed_prices(
    ctx: Context, customer_id: UUID, *, query: str = "", after: str | None = None, limit: int = 50
) -> SetPricePage:
    """Give a page of a customer's own fixed prices by name."""
    return await _set_prices(ctx, _FIXED_PRICES, customer_id, query=query, after=after, limit=limit)


async def _set_prices(
    ctx: Context, sql: str, owner_id: UUID, *, query: str, after: str | None, limit: int
) -> SetPricePage:
    ctx.require("trade.prices.read")
    found: Sequence[UUID] | None = None
    if query.strip():
        found = await find_skus(ctx, query, limit=MAX_PAGE, include_stopped=True)
    name, sku_id, unit = read_cursor(after, tuple[str, UUID, str]) if after else (None, None, None)
    size = page_size(limit)
    rows = await ctx.db.fetch_as(
        SetPrice, sql, ctx.tenant.id, owner_id, size + 1, found, name, sku_id, unit
    )  # fmt: skip
    if len(rows) <= size:
        return SetPricePage(rows, None)
    last = rows[size - 1]
    return SetPricePage(rows[:size], write_cursor(last.name, last.sku_id, last.unit))


_COLUMNS = """
SELECT s.id, s.code, s.name, s.spec, x.unit, x.price,
       round(s.base_price * coalesce(u.num, 1) / coalesce(u.den, 1), 6), x.changed_at, x.changed_by
"""
_JOINS = """
JOIN trade_sku s ON s.tenant_id = $1 AND s.id = x.sku_id
LEFT JOIN trade_sku_unit u ON u.tenant_id = $1 AND u.sku_id = x.sku_id AND u.name = x.unit
"""
_PAGE = """
AND ($4::uuid[] IS NULL OR x.sku_id = ANY($4::uuid[]))
AND ($5::text IS NULL OR (s.name, s.id, x.unit) > ($5, $6::uuid, $7))
ORDER BY s.name, s.id, x.unit LIMIT $3
"""
_LIST_ITEMS = f"""
{_COLUMNS} FROM trade_price_list_item x {_JOINS} WHERE x.tenant_id = $1 AND x.price_list_id = $2 {_PAGE}
"""
_FIXED_PRICES = f"""
{_COLUMNS} FROM trade_customer_price x {_JOINS} WHERE x.tenant_id = $1 AND x.customer_id = $2 {_PAGE}
"""
