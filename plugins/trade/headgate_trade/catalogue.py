"""The catalogue as it is read: categories, SKUs with their units, pages by keyset, search."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.database import Record
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.quantity import Unit

from headgate_trade.catalogue_changes import (
    activate_sku,
    save_skus,
    set_product_image,
    stop_sku,
)
from headgate_trade.catalogue_input import SaveResult, SkuInput, UnitInput
from headgate_trade.categories import save_categories
from headgate_trade.cursors import page_size, read_name_cursor, write_cursor
from headgate_trade.search import search_query
from headgate_trade.units import tidy_price

__all__ = [
    "Category",
    "SaveResult",
    "Sku",
    "SkuInput",
    "SkuPage",
    "SkuUnit",
    "UnitInput",
    "activate_sku",
    "get_sku",
    "get_skus",
    "list_categories",
    "list_skus",
    "save_categories",
    "save_skus",
    "search_skus",
    "set_product_image",
    "stop_sku",
]


class Category(msgspec.Struct, frozen=True):
    """A shelf of the catalogue.

    Args:
        id: of the category.
        name: as the distributor calls it.
        icon: of the sprite.
        count: SKUs that are on sale.
    """

    id: UUID
    name: str
    icon: str
    count: int


class SkuUnit(msgspec.Struct, frozen=True):
    """A unit in which a SKU is sold: one of it is `num / den` base units."""

    name: str
    num: int
    den: int
    is_default: bool

    def unit(self) -> Unit:
        """Give it as a unit to count with."""
        return Unit(self.name, self.num, self.den)


class Sku(msgspec.Struct, frozen=True, kw_only=True):
    """What is sold: one specification of a product.

    Args:
        id: of the SKU.
        code: the distributor's code, as written, unique.
        name: of the product.
        spec: what tells it from the product's other SKUs; may be empty.
        barcode: digits; may be empty.
        maker_code: the maker's own code; may be empty.
        category_id: where it stands.
        category: name of the category.
        icon: of the category.
        base_unit: unit in which stock is counted.
        base_price: of one base unit, in the tenant's currency.
        stocked: false for what no stock is kept of, such as postage.
        status: `active` or `stopped`.
        min_quantity: base units at least.
        multiple: base units must divide by it.
        product_id: SKUs of one product share picture and description.
        image_id: picture of the product.
        description: of the product.
        units: the base unit first, then the others.
    """

    id: UUID
    code: str
    name: str
    spec: str
    barcode: str
    maker_code: str
    category_id: UUID
    category: str
    icon: str
    base_unit: str
    base_price: Decimal
    stocked: bool
    status: str
    min_quantity: int
    multiple: int
    product_id: UUID
    image_id: UUID | None
    description: str
    units: tuple[SkuUnit, ...]

    @property
    def default_unit(self) -> SkuUnit:
        """The unit that is offered first."""
        return next((unit for unit in self.units if unit.is_default), self.units[0])

    def unit_named(self, name: str) -> SkuUnit | None:
        """Find a unit by its name."""
        return next((unit for unit in self.units if unit.name == name), None)


class SkuPage(msgspec.Struct, frozen=True):
    """A page of SKUs; `next` is the cursor of the page after it, None at the end."""

    items: list[Sku]
    next: str | None


_COLUMNS = """
s.id, s.code, s.name, s.spec, s.barcode, s.maker_code, s.category_id, c.name AS category, c.icon, s.base_unit,
s.base_price, s.stocked, s.status, s.min_quantity, s.multiple, s.product_id, p.image_id, p.description,
(SELECT jsonb_agg(jsonb_build_array(u.name, u.num, u.den, u.is_default) ORDER BY u.sort, u.name)
 FROM trade_sku_unit u WHERE u.tenant_id = $1 AND u.sku_id = s.id) AS units
"""
_JOINS = """
CROSS JOIN LATERAL (SELECT name, icon FROM trade_category
                    WHERE tenant_id = $1 AND id = s.category_id LIMIT 1) c
CROSS JOIN LATERAL (SELECT image_id, description FROM trade_product
                    WHERE tenant_id = $1 AND id = s.product_id LIMIT 1) p
"""
_BY_ID = f"""
CROSS JOIN LATERAL (SELECT * FROM trade_sku WHERE tenant_id = $1 AND id = r.sku_id LIMIT 1) s {_JOINS}
"""  # noqa: S608
"""Each LIMIT 1 pins a look-up by primary key: joined plainly, the planner may read whole tables."""

_decode_units = msgspec.json.Decoder(list[tuple[str, int, int, bool]]).decode


async def list_categories(ctx: Context) -> list[Category]:
    """Give the categories in the distributor's order, each with the number of SKUs on sale."""
    ctx.require("trade.catalogue.read")
    return await ctx.db.fetch_as(
        Category,
        """
        SELECT c.id, c.name, c.icon, coalesce(n.count, 0)
        FROM trade_category c
        LEFT JOIN (SELECT s.category_id, count(*) AS count FROM trade_sku s
                   WHERE s.tenant_id = $1 AND s.status = 'active' GROUP BY s.category_id) n
            ON n.category_id = c.id
        WHERE c.tenant_id = $1 ORDER BY c.sort, c.name, c.id
        """,
        ctx.tenant.id,
    )


async def list_skus(
    ctx: Context,
    *,
    category_id: UUID | None = None,
    after: str | None = None,
    limit: int = 50,
    include_stopped: bool = False,
) -> SkuPage:
    """Give a page of SKUs by name.

    Args:
        ctx: needs `trade.catalogue.read`.
        category_id: of one category only.
        after: `next` of the page before.
        limit: rows of the page, at most 200.
        include_stopped: also what is no longer sold.
    """
    ctx.require("trade.catalogue.read")
    args: list[object] = [ctx.tenant.id, page_size(limit) + 1]
    conditions = ["tenant_id = $1"]
    if not include_stopped:
        conditions.append("status = 'active'")
    if category_id is not None:
        args.append(category_id)
        conditions.append(f"category_id = ${len(args)}")
    if after is not None:
        args.extend(read_name_cursor(after))
        conditions.append(f"(name, id) > (${len(args) - 1}, ${len(args)})")
    rows = await ctx.db.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM (SELECT * FROM trade_sku WHERE {" AND ".join(conditions)} ORDER BY name, id LIMIT $2) s {_JOINS}
        ORDER BY s.name, s.id
        """,  # noqa: S608 (only fixed conditions are put together)
        *args,
    )
    return _page([_sku(row) for row in rows], page_size(limit))


async def search_skus(
    ctx: Context, query: str, *, limit: int = 50, after: str | None = None, include_stopped: bool = False
) -> SkuPage:
    """Give a page of SKUs that match every word typed: Chinese, pinyin, initials, codes, barcode tails.

    Nothing typed is the whole catalogue; only punctuation finds nothing.
    """
    if not query.strip():
        return await list_skus(ctx, after=after, limit=limit, include_stopped=include_stopped)
    ctx.require("trade.catalogue.read")
    cursor = read_name_cursor(after) if after is not None else None
    words = search_query(ctx.tenant.id, query, include_stopped=include_stopped)
    if words is None:
        return SkuPage([], None)
    rows = await ctx.db.fetch(
        f"""
        SELECT {_COLUMNS}
        FROM trade_search($2, $3, $4, $5) WITH ORDINALITY AS r(sku_id, place) {_BY_ID}
        ORDER BY r.place
        """,  # noqa: S608
        ctx.tenant.id, words, page_size(limit) + 1, *(cursor or (None, None)),
    )  # fmt: skip
    return _page([_sku(row) for row in rows], page_size(limit))


async def get_skus(ctx: Context, ids: Sequence[UUID]) -> dict[UUID, Sku]:
    """Give SKUs by id, stopped ones too; ids that are not this tenant's are left out."""
    ctx.require("trade.catalogue.read")
    if not ids:
        return {}
    rows = await ctx.db.fetch(
        f"SELECT {_COLUMNS} FROM unnest($2::uuid[]) AS r(sku_id) {_BY_ID}",  # noqa: S608
        ctx.tenant.id, list(ids),
    )  # fmt: skip
    return {row["id"]: _sku(row) for row in rows}


async def get_sku(ctx: Context, sku_id: UUID) -> Sku:
    """Give one SKU.

    Raises:
        NotFound: no such SKU.
    """
    found = await get_skus(ctx, [sku_id])
    if sku_id not in found:
        raise NotFound(N_("There is no such item."))
    return found[sku_id]


def _page(items: list[Sku], limit: int) -> SkuPage:
    if len(items) <= limit:
        return SkuPage(items, None)
    last = items[limit - 1]
    return SkuPage(items[:limit], write_cursor(last.name, last.id))


def _sku(row: Record) -> Sku:
    values = dict(row)
    values["base_price"] = tidy_price(values["base_price"])
    values["units"] = tuple([SkuUnit(*unit) for unit in _decode_units(values["units"])])
    return Sku(**values)
