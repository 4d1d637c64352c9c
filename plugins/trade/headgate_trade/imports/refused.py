"""Writing refused rows into a file of their own, so that they can be corrected and imported again."""

import csv
from contextlib import closing
from pathlib import Path

from headgate_sdk.context import Context
from headgate_sdk.i18n import N_

from headgate_trade.imports.reading import read_raw
from headgate_trade.imports.report import ImportReport


def refused_path(source: Path) -> Path:
    """Name the file of refused rows: beside the source, `<name>.refused.csv`."""
    return source.with_name(f"{source.name.split('.')[0]}.refused.csv")


def write_refused(ctx: Context, source: Path | bytes, report: ImportReport, target: Path) -> int:
    """Copy the refused rows with their row numbers and reasons; gives how many there are.

    The file is UTF-8 with a byte order mark, which spreadsheets ask for. It can be imported as it is: the two
    columns in front are ignored.
    """
    reasons = {problem.row: problem.text(ctx) for problem in report.refused}
    if not reasons:
        return 0
    with closing(read_raw(source)) as rows, target.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.writer(stream)
        header = next(rows)
        writer.writerow([ctx.translate(N_("Row in the file")), ctx.translate(N_("Reason")), *header.cells])
        for row in rows:
            if row.number in reasons:
                writer.writerow([row.number, reasons[row.number], *row.cells])
    return len(reasons)
