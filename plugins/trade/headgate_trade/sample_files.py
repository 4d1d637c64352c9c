"""Writing a tenant's goods, customers and prices as the files from which a blueprint fills another tenant.

What does not stand in these files is left out: pictures, orders, accounts, last prices.
"""

import csv
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from uuid import UUID

import msgspec
from headgate_sdk.blueprint import Sample
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict
from headgate_sdk.i18n import N_
from headgate_sdk.quantity import quantity_text

from headgate_trade.attributes import number_text
from headgate_trade.imports.catalogue_csv import COLUMNS as CATALOGUE_COLUMNS
from headgate_trade.imports.catalogue_csv import UNIT_PLACES
from headgate_trade.imports.customers_csv import COLUMNS as CUSTOMER_COLUMNS
from headgate_trade.imports.prices_csv import CUSTOMER_COLUMNS as CUSTOMER_PRICE_COLUMNS
from headgate_trade.imports.prices_csv import LIST_COLUMNS
from headgate_trade.imports.reading import Column
from headgate_trade.units import tidy_price

Row = Mapping[str, str]

_decode_units = msgspec.json.Decoder(list[tuple[str, int, int, bool]]).decode


async def write_sample(ctx: Context, folder: Path) -> Sample | None:
    """Write the files; gives how a blueprint names them, None for a tenant without goods.

    Raises:
        Conflict: a SKU has more sales units than a file has columns for, or a file cannot be written.
    """
    rows, attributes = await _goods(ctx)
    if not rows:
        return None
    columns = (*CATALOGUE_COLUMNS, *(Column(f"attr:{key}", (f"attr:{key}",)) for key in attributes))
    _write(folder / "catalogue.csv", columns, rows)
    _write(folder / "customers.csv", CUSTOMER_COLUMNS, await _rows(ctx, _CUSTOMERS))
    _write(folder / "price_lists.csv", LIST_COLUMNS, await _prices(ctx, _LIST_PRICES))
    _write(folder / "customer_prices.csv", CUSTOMER_PRICE_COLUMNS, await _prices(ctx, _CUSTOMER_PRICES))
    return Sample("files", "", "catalogue.csv", "customers.csv", "price_lists.csv", "customer_prices.csv")


async def _goods(ctx: Context) -> tuple[list[Row], list[str]]:
    values = await _values(ctx)
    rows: list[Row] = []
    for row in await ctx.db.fetch(_GOODS, ctx.tenant.id):
        given = dict(row)
        sku_id, units, price = given.pop("id"), _decode_units(given.pop("units")), given.pop("base_price")
        rows.append(
            {name: str(value) for name, value in given.items()}
            | _units(given["code"], given["base_unit"], units)
            | {f"attr:{key}": text for key, text in values.get(sku_id, {}).items()}
            | {"base_price": format(tidy_price(price), "f")}
        )
    keys = [row["key"] for row in await ctx.db.fetch(_KEYS, ctx.tenant.id)]
    return rows, keys


def _units(code: str, base_unit: str, units: Sequence[tuple[str, int, int, bool]]) -> dict[str, str]:
    """Give the sales units, the one offered first in front; the base unit alone needs no telling."""
    told = sorted((unit for unit in units if unit[0] != base_unit or unit[3]), key=lambda unit: not unit[3])
    if len(told) > len(UNIT_PLACES):
        raise Conflict(
            N_("{code} has more sales units than a file has columns for ({most})."),
            code=code, most=len(UNIT_PLACES),
        )  # fmt: skip
    return {
        f"{what}_{place}": text
        for place, (name, num, den, _) in zip(UNIT_PLACES, told, strict=False)
        for what, text in (("unit", name), ("factor", quantity_text(Fraction(num, den))))
    }


async def _values(ctx: Context) -> dict[UUID, dict[str, str]]:
    found: dict[UUID, dict[str, str]] = {}
    for sku_id, key, number, text, flag in await ctx.db.fetch(_VALUES, ctx.tenant.id):
        told = number_text(number) if number is not None else text
        found.setdefault(sku_id, {})[key] = told if flag is None else ("是" if flag else "否")
    return found


async def _rows(ctx: Context, query: str) -> list[Row]:
    return [dict(row) for row in await ctx.db.fetch(query, ctx.tenant.id)]


async def _prices(ctx: Context, query: str) -> list[Row]:
    return [
        {"owner": owner, "code": code, "unit": unit, "price": format(tidy_price(price), "f")}
        for owner, code, unit, price in await ctx.db.fetch(query, ctx.tenant.id)
    ]


def _write(path: Path, columns: Sequence[Column], rows: Sequence[Row]) -> None:
    """Write a table; columns that would be empty are left out."""
    used = {key for row in rows for key, text in row.items() if text}
    columns = [column for column in columns if column.required or column.key in used]
    try:
        with path.open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow(column.headers[0] for column in columns)
            writer.writerows([row.get(column.key, "") for column in columns] for row in rows)
    except OSError as error:
        raise Conflict(
            N_("{path} cannot be written: {reason}"), path=str(path), reason=error.strerror or str(error)
        ) from error


_GOODS = """
SELECT s.id, s.code, s.name, s.spec, c.name AS category, s.base_unit, s.barcode, s.maker_code, s.base_price,
    s.min_quantity, s.multiple, coalesce(t.on_hand, 0) AS stock,
    CASE s.status WHEN 'active' THEN '在售' ELSE '停售' END AS status,
    CASE WHEN s.stocked THEN '是' ELSE '否' END AS stocked, p.description AS description_text,
    (SELECT jsonb_agg(jsonb_build_array(u.name, u.num, u.den, u.is_default) ORDER BY u.sort)
     FROM trade_sku_unit u WHERE u.tenant_id = $1 AND u.sku_id = s.id) AS units
FROM trade_sku s
JOIN trade_category c ON c.tenant_id = $1 AND c.id = s.category_id
JOIN trade_product p ON p.tenant_id = $1 AND p.id = s.product_id
LEFT JOIN (SELECT k.sku_id, sum(k.on_hand)::bigint AS on_hand FROM trade_stock k
           WHERE k.tenant_id = $1 GROUP BY k.sku_id) t ON t.sku_id = s.id
WHERE s.tenant_id = $1 ORDER BY c.sort, s.name, s.code
"""
_KEYS = """
SELECT a.key FROM trade_attribute a JOIN trade_category c ON c.tenant_id = $1 AND c.id = a.category_id
WHERE a.tenant_id = $1 GROUP BY a.key ORDER BY min(c.sort), min(a.position), a.key
"""
_VALUES = """
SELECT v.sku_id, a.key, v.number, v.text, v.flag
FROM trade_sku_attribute v JOIN trade_attribute a ON a.tenant_id = $1 AND a.id = v.attribute_id
WHERE v.tenant_id = $1
"""
_CUSTOMERS = """
SELECT c.code, c.name, coalesce(g.key, '') AS "group", coalesce(l.key, '') AS level, c.contact, c.phone,
    c.address, CASE c.status WHEN 'active' THEN '启用' ELSE '停用' END AS status
FROM trade_customer c
LEFT JOIN trade_customer_group g ON g.tenant_id = $1 AND g.id = c.group_id
LEFT JOIN trade_price_level l ON l.tenant_id = $1 AND l.id = c.level_id
WHERE c.tenant_id = $1 ORDER BY c.code
"""
_LIST_PRICES = """
SELECT p.key, s.code, i.unit, i.price
FROM trade_price_list_item i
JOIN trade_price_list p ON p.tenant_id = $1 AND p.id = i.price_list_id
JOIN trade_sku s ON s.tenant_id = $1 AND s.id = i.sku_id
WHERE i.tenant_id = $1 ORDER BY p.key, s.code, i.unit
"""
_CUSTOMER_PRICES = """
SELECT c.code, s.code AS sku, i.unit, i.price
FROM trade_customer_price i
JOIN trade_customer c ON c.tenant_id = $1 AND c.id = i.customer_id
JOIN trade_sku s ON s.tenant_id = $1 AND s.id = i.sku_id
WHERE i.tenant_id = $1 ORDER BY c.code, s.code, i.unit
"""
