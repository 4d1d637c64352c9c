"""Files that the staff import: kept, tried out, applied, and their refused rows given back.

A try is the import itself in a savepoint that is undone: what it reports is what applying will do.
"""

import tempfile
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, NotFound, TooLarge
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_trade.imports import catalogue_csv, customers_csv, prices_csv
from headgate_trade.imports.reading import Column
from headgate_trade.imports.refused import write_refused
from headgate_trade.imports.report import ImportReport

MAX_BYTES = 8 * 2**20
"""Largest upload; what is larger is imported by the command line."""
KEPT = timedelta(days=1)


class Importer(Protocol):
    """Reads a table and saves its rows."""

    def __call__(self, ctx: Context, source: Path | bytes, *, name: str = "") -> Awaitable[ImportReport]:
        """Report what became of each row."""
        ...


class ImportKind(msgspec.Struct, frozen=True):
    """Something that can be imported.

    Args:
        label: English msgid.
        columns: that the file may have.
        run: the importer.
        permission: what it needs besides `trade.imports.run`.
    """

    label: str
    columns: tuple[Column, ...]
    run: Importer
    permission: str


KINDS = {
    "catalogue": ImportKind(
        N_("Products"), catalogue_csv.COLUMNS, catalogue_csv.import_catalogue, "trade.catalogue.write"
    ),
    "customers": ImportKind(
        N_("Customers"), customers_csv.COLUMNS, customers_csv.import_customers, "trade.customers.write"
    ),
    "price-list": ImportKind(
        N_("Price lists"), prices_csv.LIST_COLUMNS, prices_csv.import_price_lists, "trade.prices.write"
    ),
    "customer-prices": ImportKind(
        N_("Customers' fixed prices"), prices_csv.CUSTOMER_COLUMNS, prices_csv.import_customer_prices,
        "trade.prices.write",
    ),
}  # fmt: skip


class ImportFile(msgspec.Struct, frozen=True):
    """A file that was uploaded."""

    id: UUID
    kind: str
    name: str
    content: bytes


class _UndoError(Exception):
    """Leaves the savepoint of a try."""


@asynccontextmanager
async def _undone(ctx: Context) -> AsyncIterator[None]:
    """Undo what is done inside, also when it succeeds."""
    async with ctx.db.savepoint():
        yield
        raise _UndoError


async def keep_file(ctx: Context, kind: str, name: str, content: bytes) -> ImportFile:
    """Keep an upload until it is applied; those of yesterday go.

    Raises:
        Invalid: not a kind of import, or no file.
        TooLarge: more than `MAX_BYTES`.
    """
    _require(ctx, kind)
    if not content:
        raise Invalid(N_("Choose a file. This one is empty."), field="file")
    if len(content) > MAX_BYTES:
        raise TooLarge(
            N_("The file has more than {most} MB. Split it, or ask the operator to run `headgate import`."),
            field="file", most=MAX_BYTES // 2**20,
        )  # fmt: skip
    now = ctx.clock.now()
    await ctx.db.execute(
        "DELETE FROM trade_import_file WHERE tenant_id = $1 AND created_at < $2", ctx.tenant.id, now - KEPT
    )
    file = ImportFile(new_id(), kind, Path(name).name[:200] or "upload.csv", content)
    await ctx.db.execute(
        "INSERT INTO trade_import_file (tenant_id, id, kind, name, content, created_at, created_by) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        ctx.tenant.id, file.id, file.kind, file.name, file.content, now, ctx.actor.name,
    )  # fmt: skip
    return file


async def get_file(ctx: Context, file_id: UUID) -> ImportFile:
    """Give a kept file.

    Raises:
        NotFound: it was kept for a day, which is over.
    """
    ctx.require("trade.imports.run")
    found = await ctx.db.fetch_as(
        ImportFile,
        "SELECT id, kind, name, content FROM trade_import_file WHERE tenant_id = $1 AND id = $2",
        ctx.tenant.id, file_id,
    )  # fmt: skip
    if not found:
        raise NotFound(N_("This file is no longer kept. Upload it again."))
    _require(ctx, found[0].kind)
    return found[0]


async def try_file(ctx: Context, file: ImportFile) -> ImportReport:
    """Import a file and undo it: the report of what applying will do.

    Raises:
        Invalid: the file as a whole cannot be read.
    """
    reports: list[ImportReport] = []
    with suppress(_UndoError):
        async with _undone(ctx):
            reports.append(await apply_file(ctx, file))
    return reports[0]


async def apply_file(ctx: Context, file: ImportFile) -> ImportReport:
    """Import a file: rows that can be taken are taken, the others are reported.

    Raises:
        Invalid: the file as a whole cannot be read.
    """
    return await _require(ctx, file.kind).run(ctx, file.content, name=file.name)


async def refused_rows(ctx: Context, file: ImportFile) -> bytes:
    """Give the refused rows with their reasons as a CSV file that can be corrected and imported."""
    report = await try_file(ctx, file)
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "refused.csv"
        write_refused(ctx, file.content, report, target)
        return target.read_bytes() if target.exists() else b""


def _require(ctx: Context, kind: str) -> ImportKind:
    ctx.require("trade.imports.run")
    found = KINDS.get(kind)
    if found is None:
        raise Invalid(N_("Choose what the file holds."), field="kind")
    ctx.require(found.permission)
    return found
