"""Importing price lists and customers' fixed prices from tables."""

from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import parse_price

from headgate_trade.catalogue_input import SaveResult
from headgate_trade.imports.batches import BATCH, Numbered, save_batch
from headgate_trade.imports.reading import Column, TableRow, read_table
from headgate_trade.imports.report import ImportReport
from headgate_trade.price_changes import (
    CustomerPrice,
    PriceListItem,
    set_customer_price,
    set_price_list_items,
)
from headgate_trade.terms import read_words, save_price_list

_GOODS = (
    Column("code", ("商品编码", "货号", "code", "sku", "item code"), required=True),
    Column("unit", ("单位", "unit"), required=True),
    Column("price", ("价格", "单价", "price"), required=True),
)
LIST_COLUMNS = (Column("owner", ("价目表", "price list"), required=True), *_GOODS)
CUSTOMER_COLUMNS = (Column("owner", ("客户编码", "customer code", "customer"), required=True), *_GOODS)

P = TypeVar("P", PriceListItem, CustomerPrice)


async def import_price_lists(ctx: Context, source: Path | bytes, *, name: str = "") -> ImportReport:
    """Set prices of price lists, by name of the list; lists that are missing are made.

    Args:
        ctx: needs `trade.imports.run` and `trade.prices.write`.
        source: file or upload.
        name: of the file, for the report.

    Raises:
        Invalid: the file as a whole cannot be read; see `read_table`.
    """
    lists = dict((await read_words(ctx)).lists)

    async def owners(words: Sequence[str]) -> dict[str, UUID]:
        for word in words:
            if word and word not in lists:
                lists[word] = await save_price_list(ctx, word, word)
        return lists

    return await _import(
        ctx, source, name, columns=LIST_COLUMNS, owners=owners, make=PriceListItem, save=set_price_list_items
    )


async def import_customer_prices(ctx: Context, source: Path | bytes, *, name: str = "") -> ImportReport:
    """Set prices fixed for customers, by code of the customer.

    Args:
        ctx: needs `trade.imports.run` and `trade.prices.write`.
        source: file or upload.
        name: of the file, for the report.

    Raises:
        Invalid: the file as a whole cannot be read; see `read_table`.
    """

    async def owners(words: Sequence[str]) -> dict[str, UUID]:
        return await _ids_by_code(ctx, "trade_customer", words)

    return await _import(
        ctx,
        source,
        name,
        columns=CUSTOMER_COLUMNS,
        owners=owners,
        make=CustomerPrice,
        save=set_customer_price,
    )


async def _import(
    ctx: Context,
    source: Path | bytes,
    name: str,
    *,
    columns: tuple[Column, ...],
    owners: Callable[[Sequence[str]], Awaitable[dict[str, UUID]]],
    make: Callable[[UUID, UUID, str, Decimal], P],
    save: Callable[[Context, Sequence[P]], Awaitable[SaveResult]],
) -> ImportReport:
    ctx.require("trade.imports.run")
    report = ImportReport(name or (source.name if isinstance(source, Path) else ""))
    seen: dict[tuple[str, str, str], int] = {}
    batch: list[TableRow] = []

    async def flush() -> None:
        owner_ids = await owners([row.values["owner"] for row in batch])
        sku_ids = await _ids_by_code(ctx, "trade_sku", [row.values["code"] for row in batch])
        ready: list[Numbered[P]] = []
        for row in batch:
            try:
                ready.append(Numbered(row.number, make(*_read(row, owner_ids, sku_ids, seen))))
            except Invalid as problem:
                report.refuse(problem, row=row.number, values=row.values)
        await save_batch(ctx, report, ready, save)
        batch.clear()

    for row in read_table(source, columns):
        report.read += 1
        if row.problem is not None:
            report.refused.append(row.problem)
            continue
        batch.append(row)
        if len(batch) == BATCH:
            await flush()
    if batch:
        await flush()
    report.name_columns({column.key: column.headers[0] for column in columns})
    return report


def _read(
    row: TableRow,
    owners: dict[str, UUID],
    skus: dict[str, UUID],
    seen: dict[tuple[str, str, str], int],
) -> tuple[UUID, UUID, str, Decimal]:
    values = row.values
    if values["owner"] not in owners:
        raise Invalid(N_("There is no such price list or customer."), field="owner", row=row.number)
    if values["code"] not in skus:
        raise Invalid(N_("There is no such item."), field="code", row=row.number)
    price = parse_price(values["price"], row=row.number)
    key = (values["owner"], values["code"], values["unit"])
    first = seen.setdefault(key, row.number)
    if first != row.number:
        raise Invalid(N_("This price is in row {first} already."), field="code", row=row.number, first=first)
    return owners[values["owner"]], skus[values["code"]], values["unit"], price


async def _ids_by_code(ctx: Context, table: str, codes: Sequence[str]) -> dict[str, UUID]:
    rows = await ctx.db.fetch(
        f"SELECT code, id FROM {table} WHERE tenant_id = $1 AND code = ANY($2::text[])",  # noqa: S608
        ctx.tenant.id, list(set(codes)),
    )  # fmt: skip
    return {row["code"]: row["id"] for row in rows}
