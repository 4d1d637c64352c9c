"""Reading tables row by row: CSV of any usual encoding and separator, plain or packed with xz.

A file is never held in memory as a whole. A broken row is reported and the next one is read: an unclosed
quote swallows nothing behind its own line.
"""

import csv
import io
import unicodedata
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_trade.imports.encoding import TextFile, inspect_text, open_bytes
from headgate_trade.imports.report import RowProblem

MAX_LINE = 200_000
MAX_QUOTED_LINES = 50
SEPARATORS = ",;\t"
_UNREADABLE = "\ufffd"


class Column(msgspec.Struct, frozen=True):
    """A column that an importer knows.

    Args:
        key: how the importer calls it.
        headers: how people call it; case, spaces and width do not matter.
        required: the file must have it.
    """

    key: str
    headers: tuple[str, ...]
    required: bool = False


class TableRow(msgspec.Struct, frozen=True):
    """One row.

    Args:
        number: as a spreadsheet numbers it: the header is row 1.
        values: cells by the column's key, without surrounding spaces; columns that the file lacks are empty.
        problem: why the row cannot be used, if so.
    """

    number: int
    values: dict[str, str]
    problem: RowProblem | None = None


class RawRow(msgspec.Struct, frozen=True):
    """The cells of one row as they stand; a line whose quotes do not close is one cell."""

    number: int
    cells: list[str]
    is_broken: bool = False


def read_table(source: Path | bytes, columns: Sequence[Column]) -> Iterator[TableRow]:
    """Open a table and give its rows, one at a time.

    Args:
        source: a file, or the bytes of an upload.
        columns: what the importer knows; other columns are ignored.

    Raises:
        Invalid: empty, not text, without a row of column names; says what to do.
        TooLarge: more than 500 MB.
    """
    text = inspect_text(source)
    rows = read_raw(source, text)
    header = next(rows, None)
    if header is None:
        raise Invalid(N_("The file is empty."), field="file")
    try:
        places = _places(header.cells, columns)
    except Invalid:
        rows.close()
        raise
    return _mapped(rows, places, [column.key for column in columns], len(header.cells))


def read_header(source: Path | bytes) -> list[str]:
    """Give the names of the columns as they stand; none for an empty file.

    Raises:
        Invalid: not text; says what to do.
    """
    with closing(read_raw(source)) as rows:
        header = next(rows, None)
    return header.cells if header else []


def read_raw(source: Path | bytes, text: TextFile | None = None) -> Generator[RawRow]:
    """Give all rows with the header first, cells as they stand; blank rows are counted and left out."""
    text = text or inspect_text(source)
    errors = "replace" if text.damaged else "strict"
    with io.TextIOWrapper(open_bytes(source), encoding=text.encoding, errors=errors, newline="") as stream:
        lines = _lines(stream)
        number = 0
        first = next(lines, "")
        while first and not first.strip():
            number += 1
            first = next(lines, "")
        separator = max(SEPARATORS, key=first.count)
        for record in _records(_chain(first, lines), separator):
            number += 1
            if isinstance(record, str):
                yield RawRow(number, [record], is_broken=True)
            elif any(cell.strip() for cell in record):
                yield RawRow(number, record)


def _chain(first: str, lines: Iterator[str]) -> Iterator[str]:
    if first:
        yield first
    yield from lines


def _lines(stream: io.TextIOWrapper) -> Iterator[str]:
    number = 0
    while line := stream.readline(MAX_LINE):
        number += 1
        if len(line) == MAX_LINE:
            raise Invalid(
                N_("Line {line} is longer than any row of a table. Is this really a CSV file?"),
                field="file", line=number,
            )  # fmt: skip
        yield line.rstrip("\r\n") or " "


def _records(lines: Iterator[str], separator: str) -> Iterator[list[str] | str]:
    """Put lines together into records; a line whose quotes do not close comes as it is."""
    waiting: deque[str] = deque()
    width = 0
    while True:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        if '"' not in line:
            cells = line.split(separator)
            width = width or len(cells)
            yield cells
            continue
        taken = [line]
        parsed = _parse(line, separator)
        while parsed is None and len(taken) < MAX_QUOTED_LINES:
            more = waiting.popleft() if waiting else next(lines, None)
            if more is None:
                break
            taken.append(more)
            parsed = _parse("\n".join(taken), separator)
        if parsed is None or not parsed or (len(taken) > 1 and width and len(parsed) != width):
            waiting.extendleft(reversed(taken[1:]))
            yield line
            continue
        width = width or len(parsed)
        yield parsed


def _parse(text: str, separator: str) -> list[str] | None:
    """Parse one record; None when a quote is open at its end, no cells when quotes stand in wrong places."""
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        return None if "unexpected end" in str(error) else []


def _places(header: list[str], columns: Sequence[Column]) -> dict[str, int]:
    names = [_fold(cell) for cell in header]
    places: dict[str, int] = {}
    for column in columns:
        known = {_fold(name) for name in column.headers}
        found = [place for place, name in enumerate(names) if name in known]
        if len(found) > 1:
            raise Invalid(
                N_("The column {column} is there twice. Remove one of them."),
                field="file", column=column.headers[0],
            )  # fmt: skip
        if found:
            places[column.key] = found[0]
    missing = [column.headers[0] for column in columns if column.required and column.key not in places]
    if missing:
        raise Invalid(
            N_("The first row must name the columns. Missing: {columns}."),
            field="file", columns=", ".join(missing),
        )  # fmt: skip
    return places


def _fold(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char not in " _-\u3000\t*")


def _mapped(
    rows: Iterator[RawRow], places: dict[str, int], keys: Sequence[str], width: int
) -> Iterator[TableRow]:
    for raw in rows:
        cells = raw.cells
        problem = _row_problem(raw, width)
        if problem is not None:
            yield TableRow(raw.number, {}, problem)
            continue
        values = {key: _clean(cells[places[key]]) if key in places else "" for key in keys}
        yield TableRow(raw.number, values)


def _row_problem(raw: RawRow, width: int) -> RowProblem | None:
    cells = raw.cells
    if raw.is_broken:
        return RowProblem(raw.number, "", N_("A quotation mark is not closed or stands in a wrong place."))
    if len(cells) < width or any(cell.strip() for cell in cells[width:]):
        return RowProblem(
            raw.number, "", N_("The row has {found} cells, the first row has {expected}."),
            "|".join(cells)[:80], {"found": str(len(cells)), "expected": str(width)},
        )  # fmt: skip
    if any(_UNREADABLE in cell for cell in cells):
        return RowProblem(
            raw.number, "", N_("Some characters cannot be read. Correct them and save the file as UTF-8."),
            "|".join(cells)[:80],
        )  # fmt: skip
    return None


def _clean(cell: str) -> str:
    """Take spaces off, and the wrapping ="..." by which spreadsheets keep leading zeros."""
    cell = cell.strip()
    if len(cell) >= 3 and cell.startswith('="') and cell.endswith('"'):
        return cell[2:-1].strip()
    return cell
