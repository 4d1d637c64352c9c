"""Importing customers from a table; their groups and levels must be there already."""

from pathlib import Path

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid

from headgate_trade.catalogue_input import code_taken
from headgate_trade.customer_changes import CustomerInput, check_customer, save_customers
from headgate_trade.imports.batches import BATCH, Numbered, save_batch
from headgate_trade.imports.reading import Column, TableRow, read_table
from headgate_trade.imports.report import ImportReport
from headgate_trade.terms import Words, read_words

COLUMNS = (
    Column("code", ("编码", "客户编码", "code", "customer code"), required=True),
    Column("name", ("名称", "客户名称", "name", "customer name"), required=True),
    Column("group", ("客户组", "分组", "group")),
    Column("level", ("等级", "客户等级", "level")),
    Column("contact", ("联系人", "contact")),
    Column("phone", ("电话", "手机", "phone")),
    Column("address", ("地址", "送货地址", "address")),
    Column("status", ("状态", "status")),
)
_HEADERS = {column.key: column.headers[0] for column in COLUMNS}
_STATUSES = {"": "active", "启用": "active", "停用": "stopped"}


async def import_customers(ctx: Context, source: Path | bytes, *, name: str = "") -> ImportReport:
    """Create and alter customers by code.

    Args:
        ctx: needs `trade.imports.run` and `trade.customers.write`.
        source: file or upload.
        name: of the file, for the report.

    Raises:
        Invalid: the file as a whole cannot be read; see `read_table`.
    """
    ctx.require("trade.imports.run")
    report = ImportReport(name or (source.name if isinstance(source, Path) else ""))
    words = await read_words(ctx)
    first_row: dict[str, int] = {}
    batch: list[Numbered[CustomerInput]] = []
    for row in read_table(source, COLUMNS):
        report.read += 1
        customer = _read_row(row, words, first_row, report)
        if customer is not None:
            batch.append(Numbered(row.number, customer))
        if len(batch) == BATCH:
            await save_batch(ctx, report, batch, save_customers)
            batch = []
    await save_batch(ctx, report, batch, save_customers)
    report.name_columns(_HEADERS)
    return report


def _read_row(
    row: TableRow, words: Words, first_row: dict[str, int], report: ImportReport
) -> CustomerInput | None:
    if row.problem is not None:
        report.refused.append(row.problem)
        return None
    values = row.values | {"status": _STATUSES.get(row.values["status"], row.values["status"].casefold())}
    customer = CustomerInput(**values)
    try:
        check_customer(customer, words, row=row.number)
    except Invalid as problem:
        report.refuse(problem, row=row.number, values=row.values)
        return None
    first = first_row.setdefault(customer.code, row.number)
    if first != row.number:
        report.refuse(code_taken(customer.code, row.number, first), row=row.number, values=row.values)
        return None
    return customer
