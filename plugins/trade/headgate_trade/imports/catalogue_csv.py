"""Importing the catalogue from a table: goods with units, prices and what is on hand when the books open.

A row with a bad price, unit or code is refused. A barcode with a wrong check digit would sell nothing and
hold up the row, so the row is taken without it and a warning says so.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from uuid import NAMESPACE_URL, UUID, uuid5

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import parse_price
from headgate_sdk.quantity import parse_quantity

from headgate_trade.catalogue_changes import save_skus
from headgate_trade.catalogue_input import SkuInput, UnitInput, check_sku, code_taken
from headgate_trade.imports.barcodes import is_wrong_barcode
from headgate_trade.imports.batches import BATCH, Numbered, save_batch
from headgate_trade.imports.reading import Column, TableRow, read_header, read_table
from headgate_trade.imports.report import ImportReport, RowProblem
from headgate_trade.stock import StockChange, receive_stock
from headgate_trade.units import parse_factor

UNIT_PLACES = ("1", "2", "3", "4", "5", "6")
COLUMNS = (
    Column("code", ("商品编码", "编码", "货号", "code", "sku", "item code", "stock code"), required=True),
    Column("name", ("名称", "商品名称", "品名", "name", "description"), required=True),
    Column("spec", ("规格", "规格型号", "spec", "specification")),
    Column("category", ("分类", "类别", "category"), required=True),
    Column("base_unit", ("基本单位", "单位", "base unit", "unit"), required=True),
    *(
        column
        for place in UNIT_PLACES
        for column in (
            Column(f"unit_{place}", (f"销售单位{place}", f"sales unit {place}")),
            Column(f"factor_{place}", (f"换算{place}", f"factor {place}")),
        )
    ),
    Column("barcode", ("条码", "条形码", "barcode", "gtin", "ean")),
    Column("maker_code", ("原厂编号", "厂家货号", "maker code", "manufacturer code")),
    Column("base_price", ("基准价", "价格", "base price", "price"), required=True),
    Column("min_quantity", ("起订量", "minimum", "min quantity")),
    Column("multiple", ("订货倍数", "multiple")),
    Column("stock", ("库存", "期初库存", "stock", "on hand")),
    Column("status", ("状态", "status")),
    Column("stocked", ("计库存", "stocked")),
    Column("description_text", ("描述", "商品描述", "long description")),
)
ATTRIBUTE = re.compile(r"(?:attr|属性)\s*[:：]\s*(\S.*)", re.IGNORECASE)
"""Header of a column that holds an attribute, by its key."""
_STATUSES = {
    "": "active", "在售": "active", "上架": "active", "active": "active",
    "停售": "stopped", "下架": "stopped", "停用": "stopped", "stopped": "stopped",
}  # fmt: skip
_STOCKED = {"": True, "是": True, "yes": True, "否": False, "no": False}


async def import_catalogue(ctx: Context, source: Path | bytes, *, name: str = "") -> ImportReport:
    """Create and alter SKUs by code, and take in opening stock where a SKU has none of it yet.

    Args:
        ctx: needs `trade.imports.run`, `trade.catalogue.write` and, for stock, `trade.stock.write`.
        source: file or upload.
        name: of the file, for the report.

    Raises:
        Invalid: the file as a whole cannot be read; see `read_table`.
    """
    ctx.require("trade.imports.run")
    report = ImportReport(name or (source.name if isinstance(source, Path) else ""))
    first_row: dict[str, int] = {}
    batch: list[Numbered[SkuInput]] = []
    stock: dict[str, int] = {}
    columns = catalogue_columns(source)
    for row in read_table(source, columns):
        report.read += 1
        sku = read_row(row, report, first_row, stock)
        if sku is not None:
            batch.append(Numbered(row.number, sku))
        if len(batch) == BATCH:
            await _save(ctx, report, batch, stock)
            batch, stock = [], {}
    await _save(ctx, report, batch, stock)
    report.name_columns({column.key: column.headers[0] for column in columns})
    return report


def catalogue_columns(source: Path | bytes) -> tuple[Column, ...]:
    """Give the columns of a catalogue, with those of attributes that this file has: `attr:<key>`.

    Raises:
        Invalid: the file as a whole cannot be read; see `read_table`.
    """
    told = [
        Column(f"attr:{found[1].strip().lower()}", (header,))
        for header in read_header(source)
        if (found := ATTRIBUTE.fullmatch(header.strip()))
    ]
    return (*COLUMNS, *told)


def opening_document(ctx: Context) -> UUID:
    """Name the one document under which a tenant's opening stock is booked, so that it is booked once."""
    return uuid5(NAMESPACE_URL, f"headgate:trade:opening:{ctx.tenant.id}")


async def receive_opening(ctx: Context, quantities: dict[str, int]) -> int:
    """Book opening stock by SKU code, and leave alone what was booked before; gives how many were booked."""
    wanted = {code: quantity for code, quantity in quantities.items() if quantity > 0}
    if not wanted:
        return 0
    rows = await ctx.db.fetch(
        "SELECT id, code FROM trade_sku WHERE tenant_id = $1 AND code = ANY($2::text[]) AND stocked",
        ctx.tenant.id, list(wanted),
    )  # fmt: skip
    return await receive_stock(
        ctx, [StockChange(row["id"], wanted[row["code"]]) for row in rows],
        document_type="opening", document_id=opening_document(ctx), kind="opening",
    )  # fmt: skip


async def _save(
    ctx: Context, report: ImportReport, batch: Sequence[Numbered[SkuInput]], stock: dict[str, int]
) -> None:
    saved = await save_batch(ctx, report, batch, save_skus)
    codes = {row.item.code for row in saved}
    await receive_opening(ctx, {code: quantity for code, quantity in stock.items() if code in codes})


def read_row(
    row: TableRow, report: ImportReport, first_row: dict[str, int], stock: dict[str, int]
) -> SkuInput | None:
    """Read one row; what is wrong with it goes into the report, its opening stock into `stock`."""
    if row.problem is not None:
        report.refused.append(row.problem)
        return None
    try:
        sku, quantity = _sku(row)
    except Invalid as problem:
        report.refuse(problem, row=row.number, values=row.values)
        return None
    first = first_row.setdefault(sku.code, row.number)
    if first != row.number:
        report.refuse(code_taken(sku.code, row.number, first), row=row.number, values=row.values)
        return None
    if row.values["barcode"] != sku.barcode:
        report.warnings.append(
            RowProblem(
                row.number, "barcode",
                N_("The barcode's check digit is wrong; the item was taken without a barcode."),
                row.values["barcode"],
            )
        )  # fmt: skip
    stock[sku.code] = quantity
    return sku


def _sku(row: TableRow) -> tuple[SkuInput, int]:
    values = row.values
    if not values["base_price"]:
        raise Invalid(N_("The price is missing."), field="base_price", row=row.number)
    status = _STATUSES.get(values["status"].casefold())
    if status is None:
        raise Invalid(N_("The status is either active or stopped."), field="status", row=row.number)
    stocked = _STOCKED.get(values["stocked"].casefold())
    if stocked is None:
        raise Invalid(N_("Write yes or no."), field="stocked", row=row.number)
    barcode = values["barcode"].replace(" ", "")
    sku = SkuInput(
        code=values["code"], name=values["name"], spec=values["spec"], category=values["category"],
        base_unit=values["base_unit"],
        base_price=parse_price(values["base_price"], field="base_price", row=row.number),
        barcode="" if is_wrong_barcode(barcode) else barcode, maker_code=values["maker_code"],
        units=tuple(_units(row)), min_quantity=_whole(row, "min_quantity", least=1),
        multiple=_whole(row, "multiple", least=1), status=status, stocked=stocked,
        description=values["description_text"], attributes=_attributes(values),
    )  # fmt: skip
    check_sku(sku, row=row.number)
    return sku, _whole(row, "stock", least=0)


def _attributes(values: dict[str, str]) -> dict[str, str] | None:
    """Give the cells of attributes by key; None for a file that has no such column."""
    found = {key.removeprefix("attr:"): cell for key, cell in values.items() if key.startswith("attr:")}
    return found or None


def _units(row: TableRow) -> Iterator[UnitInput]:
    """Read sales units; the first one listed, which may be the base unit, is offered to buyers first."""
    default = True
    for place in UNIT_PLACES:
        name, factor = row.values[f"unit_{place}"], row.values[f"factor_{place}"]
        if not name and not factor:
            continue
        if not name or not factor:
            raise Invalid(
                N_("A sales unit needs a name and a factor."), field=f"factor_{place}", row=row.number
            )
        exact = parse_factor(factor, field=f"factor_{place}", row=row.number)
        if name == row.values["base_unit"] and exact == 1:
            default = False
            continue
        yield UnitInput(name, exact.numerator, exact.denominator, is_default=default)
        default = False


def _whole(row: TableRow, field: str, *, least: int) -> int:
    text = row.values[field]
    if not text:
        return least
    number = parse_quantity(text, field=field, row=row.number)
    if number != number.to_integral_value() or not least <= number <= 10**9:
        raise Invalid(
            N_("Write a whole number of base units, {least} or more."),
            field=field,
            row=row.number,
            least=least,
        )
    return int(number)
