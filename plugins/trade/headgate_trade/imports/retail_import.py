"""Making a catalogue, customers and prices of a wholesaler's sales history.

The history has no price list, so prices are read from the sales: the base price of a code is the price it was
sold at most often, and a region's price list holds the region's own most frequent price where that differs.
It has no purchases either, so opening stock is made up: all that was ever sold, and a quarter more.
"""

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
from headgate_sdk.context import Context

from headgate_trade.catalogue_changes import save_skus
from headgate_trade.catalogue_input import SaveResult, SkuInput
from headgate_trade.categories import save_categories
from headgate_trade.customer_changes import CustomerInput, save_customers
from headgate_trade.imports.batches import save_in_batches
from headgate_trade.imports.catalogue_csv import receive_opening
from headgate_trade.imports.report import ImportReport, RowProblem
from headgate_trade.imports.retail_history import CANCELLATION, HistoryLine, read_lines
from headgate_trade.imports.retail_words import (
    ICONS,
    REGIONS,
    category_of,
    is_goods,
    region_of,
    tidy_name,
)
from headgate_trade.price_changes import PriceListItem, set_price_list_items
from headgate_trade.terms import save_customer_group, save_price_list

BASE_UNIT = "each"
Progress = Callable[[int], None]
"""Called with the number of rows read so far."""


class RetailImport(msgspec.Struct, frozen=True):
    """What an import of a history did.

    Args:
        report: of the rows; its counts add up SKUs, customers and list prices.
        skus: saved, one for each stock code of a valid sale.
        customers: saved, one for each number that bought or returned something.
        list_prices: of the regions' price lists.
        opened: SKUs whose made-up opening stock was booked now.
    """

    report: ImportReport
    skus: SaveResult
    customers: SaveResult
    list_prices: SaveResult
    opened: int


class _Code(msgspec.Struct):
    """What the sales tell about one stock code; counters keep the order in which things were first seen."""

    names: Counter[str]
    prices: Counter[Decimal]
    regional: dict[str, Counter[Decimal]]
    sold: int = 0

    @property
    def base_price(self) -> Decimal:
        return self.prices.most_common(1)[0][0]


class _History(msgspec.Struct):
    codes: dict[str, _Code] = msgspec.field(default_factory=dict)
    countries: dict[str, str] = msgspec.field(default_factory=dict)

    def learn(self, line: HistoryLine) -> None:
        known = self.codes.get(line.code)
        if known is None:
            known = self.codes[line.code] = _Code(Counter(), Counter(), {})
        known.names[line.description] += 1
        known.prices[line.price] += 1
        known.regional.setdefault(region_of(line.country), Counter())[line.price] += 1
        known.sold += line.quantity


async def import_retail_history(
    ctx: Context, source: Path | bytes, *, name: str = "", progress: Progress | None = None
) -> RetailImport:
    """Read a history and save what can be learned from it; running it again changes nothing.

    Args:
        ctx: needs `trade.imports.run` and the rights to write catalogue, customers, prices and stock.
        source: the CSV, plain or packed with xz.
        name: of the file, for the report.
        progress: told now and then how many rows have been read.

    Raises:
        Invalid: the file as a whole cannot be read; see `read_table`.
    """
    ctx.require("trade.imports.run")
    report = ImportReport(name or (source.name if isinstance(source, Path) else ""))
    history = _read(source, report, progress)
    skus = await _save_skus(ctx, history)
    customers = await _save_customers(ctx, history)
    list_prices = await _save_price_lists(ctx, history)
    opened = await receive_opening(
        ctx, {code: _opening(known.sold) for code, known in history.codes.items() if is_goods(code)}
    )
    for result in (skus, customers, list_prices):
        report.add(result)
    return RetailImport(report, skus, customers, list_prices, opened)


def _read(source: Path | bytes, report: ImportReport, progress: Progress | None) -> _History:
    history = _History()
    for line in read_lines(source):
        report.read += 1
        if progress is not None and report.read % 5000 == 0:
            progress(report.read)
        if isinstance(line, RowProblem):
            report.refused.append(line)
            continue
        why = line.exclusion()
        if line.customer and why in {None, CANCELLATION}:
            history.countries.setdefault(line.customer, line.country)
        if why is not None:
            report.refused.append(RowProblem(line.row, "", why, f"{line.document} {line.code}"))
            continue
        report.accepted += 1
        history.learn(line)
    if progress is not None:
        progress(report.read)
    return history


async def _save_skus(ctx: Context, history: _History) -> SaveResult:
    rows = [
        _sku(code, known.names.most_common(1)[0][0], known.base_price)
        for code, known in history.codes.items()
    ]
    used = {row.category for row in rows}
    await save_categories(ctx, {name: icon for name, icon in ICONS.items() if name in used})
    return await save_in_batches(rows, lambda batch: save_skus(ctx, batch))


def _sku(code: str, description: str, price: Decimal) -> SkuInput:
    name = tidy_name(description) or code
    return SkuInput(
        code=code, name=name, category=category_of(code, name), base_unit=BASE_UNIT, base_price=price,
        stocked=is_goods(code),
    )  # fmt: skip


async def _save_customers(ctx: Context, history: _History) -> SaveResult:
    for key, region in REGIONS.items():
        list_id = await save_price_list(ctx, key, region)
        await save_customer_group(ctx, key, region, list_id)
    rows = [
        CustomerInput(
            code=number, name=f"Customer {number} · {country}", group=region_of(country), address=country
        )
        for number, country in history.countries.items()
    ]
    return await save_in_batches(rows, lambda batch: save_customers(ctx, batch))


async def _save_price_lists(ctx: Context, history: _History) -> SaveResult:
    lists = {key: await save_price_list(ctx, key, region) for key, region in REGIONS.items()}
    ids: dict[str, UUID] = {
        row["code"]: row["id"]
        for row in await ctx.db.fetch(
            "SELECT code, id FROM trade_sku WHERE tenant_id = $1 AND code = ANY($2::text[])",
            ctx.tenant.id, list(history.codes),
        )
    }  # fmt: skip
    rows = [
        PriceListItem(lists[region], ids[code], BASE_UNIT, price)
        for code, known in history.codes.items()
        for region, prices in known.regional.items()
        if (price := prices.most_common(1)[0][0]) != known.base_price
    ]
    return await save_in_batches(rows, lambda batch: set_price_list_items(ctx, batch))


def _opening(sold: int) -> int:
    """A quarter more than was ever sold, rounded up."""
    return -(-sold * 5 // 4)
