"""Imports: upload a table, see what it would do row by row, apply it, fetch the refused rows."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import action, page
from litestar import Response
from litestar.datastructures import UploadFile
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.desk.import_files import (
    KINDS,
    MAX_BYTES,
    ImportFile,
    apply_file,
    get_file,
    keep_file,
    refused_rows,
    try_file,
)
from headgate_trade.http.forms import show_again
from headgate_trade.imports.report import ImportReport

PATH = "/desk/imports"
SHOWN = 200
"""Problems that the page lists; all of them are in the file of refused rows."""


class UploadForm(msgspec.Struct):
    """A file and what it holds."""

    kind: str = ""
    file: UploadFile | None = None


@page(PATH, permission="trade.imports.run")
async def imports(ctx: Context, kind: str = "") -> Response[Any]:
    """Show the upload form and the columns that are understood."""
    return await _upload(ctx, kind)


@action(PATH, permission="trade.imports.run")
async def check_upload(
    ctx: Context, data: Annotated[UploadForm, Body(media_type=RequestEncodingType.MULTI_PART)]
) -> Response[Any]:
    """Keep the upload and show what it would do."""
    content = await data.file.read(MAX_BYTES + 1) if data.file is not None else b""
    try:
        async with ctx.db.savepoint():
            file = await keep_file(ctx, data.kind, data.file.filename if data.file else "", content)
            report = await try_file(ctx, file)
    except HeadgateError as error:
        return await _upload(ctx, data.kind, error)
    return await _report(ctx, file, report, applied=False)


@action(f"{PATH}/{{file_id:uuid}}", permission="trade.imports.run")
async def apply_upload(ctx: Context, file_id: UUID) -> Response[Any]:
    """Import a file that was looked at."""
    file = await get_file(ctx, file_id)
    return await _report(ctx, file, await apply_file(ctx, file), applied=True)


@action(f"{PATH}/{{file_id:uuid}}/refused", permission="trade.imports.run")
async def download_refused(ctx: Context, file_id: UUID) -> Response[bytes]:
    """Give the refused rows as a file, with the reasons in front."""
    file = await get_file(ctx, file_id)
    name = f"{file.name.rpartition('.')[0] or file.name}.refused.csv"
    return Response(
        await refused_rows(ctx, file),
        media_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"},
    )


HANDLERS = (imports, check_upload, apply_upload, download_refused)


async def _upload(ctx: Context, kind: str, error: HeadgateError | None = None) -> Response[Any]:
    kinds = {key: found for key, found in KINDS.items() if ctx.allowed(found.permission)}
    return await show_again(
        ctx,
        "trade/imports.html",
        error,
        kinds=kinds,
        kind=kind if kind in kinds else "",
        most=MAX_BYTES // 2**20,
    )


async def _report(ctx: Context, file: ImportFile, report: ImportReport, *, applied: bool) -> Response[Any]:
    return await ctx.render(
        "trade/import_report.html",
        file=file,
        kind=KINDS[file.kind],
        report=report,
        refused=[(problem, problem.text(ctx)) for problem in report.refused[:SHOWN]],
        warnings=[(problem, problem.text(ctx)) for problem in report.warnings[:SHOWN]],
        applied=applied,
        shown=SHOWN,
    )
