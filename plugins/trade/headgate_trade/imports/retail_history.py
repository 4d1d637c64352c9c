"""Reading a wholesaler's sales history: one line of a document in each row, cancellations among them.

The columns are those of the Online Retail data set: InvoiceNo, StockCode, Description, Quantity, InvoiceDate,
UnitPrice, CustomerID, Country. Documents starting with C cancel earlier ones. A sale counts when it has a
customer, a positive quantity and a positive price.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import line_amount, parse_price

from headgate_trade.imports.reading import Column, TableRow, read_table
from headgate_trade.imports.report import RowProblem

COLUMNS = (
    Column("document", ("InvoiceNo", "Invoice"), required=True),
    Column("code", ("StockCode",), required=True),
    Column("description", ("Description",), required=True),
    Column("quantity", ("Quantity",), required=True),
    Column("at", ("InvoiceDate",), required=True),
    Column("price", ("UnitPrice", "Price"), required=True),
    Column("customer", ("CustomerID", "Customer ID"), required=True),
    Column("country", ("Country",), required=True),
)
TIMEZONE = ZoneInfo("Europe/London")

CANCELLATION = N_("A cancellation: posted as a credit note, not as a sale.")
NO_CUSTOMER = N_("The line has no customer.")
NO_QUANTITY = N_("The quantity is zero or negative.")
NO_PRICE = N_("The price is zero or negative.")
NO_DESCRIPTION = N_("The line has no description.")
_UNSOUND = N_("'{text}' cannot be read here. Correct the row.")


class HistoryLine(msgspec.Struct, frozen=True, gc=False):
    """One row of the history, readable.

    Args:
        row: in the file; the header is row 1.
        document: number of the document.
        code: stock code, exactly as written: two that differ in case are two.
        description: as somebody typed it that day.
        quantity: pieces; negative in cancellations.
        at: local time of the document, aware, in UTC.
        price: of one piece.
        customer: number of the customer; may be empty.
        country: of the customer.
    """

    row: int
    document: str
    code: str
    description: str
    quantity: int
    at: datetime
    price: Decimal
    customer: str
    country: str

    @property
    def is_cancellation(self) -> bool:
        """Tell whether the line cancels an earlier sale."""
        return self.document.startswith("C")

    def exclusion(self) -> str | None:
        """Say why this is no sale of goods to a customer; None when it is one."""
        if self.is_cancellation:
            return CANCELLATION
        if not self.customer:
            return NO_CUSTOMER if self.description else NO_DESCRIPTION
        if self.quantity <= 0:
            return NO_QUANTITY
        if self.price <= 0:
            return NO_PRICE
        return None if self.description else NO_DESCRIPTION


class DocumentLine(msgspec.Struct, frozen=True, gc=False):
    """One line of a document: quantities are positive, also of what came back."""

    row: int
    code: str
    quantity: int
    price: Decimal


class Document(msgspec.Struct, frozen=True):
    """An order of the history, or a credit note.

    Args:
        number: as the wholesaler numbered it.
        customer: number of the customer.
        at: of its first line.
        lines: in the order of the file; the same code may come twice, at different prices.
        is_cancellation: a credit note.
    """

    number: str
    customer: str
    at: datetime
    lines: tuple[DocumentLine, ...]
    is_cancellation: bool

    def total(self, currency: str) -> int:
        """Add up the lines in minor units, each rounded by itself."""
        return sum(line_amount(line.price, line.quantity, currency) for line in self.lines)


def read_lines(source: Path | bytes, zone: tzinfo = TIMEZONE) -> Iterator[HistoryLine | RowProblem]:
    """Read every row, in the order of the file: a line, or why it cannot be read.

    Args:
        source: the CSV, plain or packed with xz.
        zone: in which the file's times are local.

    Raises:
        Invalid: the file as a whole cannot be read; see `read_table`.
    """
    for row in read_table(source, COLUMNS):
        yield row.problem or _line(row, zone)


def read_history(source: Path | bytes, zone: tzinfo = TIMEZONE) -> Iterator[Document]:
    """Give the documents in the order of time: sales by their valid lines, cancellations as credit notes.

    A document is as old as its first line. Lines that are no sale (see `HistoryLine.exclusion`) and
    cancellations without a customer are left out; a document of which nothing is left does not come.
    """
    found: dict[str, list[HistoryLine]] = {}
    for line in read_lines(source, zone):
        if isinstance(line, HistoryLine) and _counts(line):
            found.setdefault(line.document, []).append(line)
    for lines in sorted(found.values(), key=lambda lines: (lines[0].at, lines[0].row)):
        first = lines[0]
        yield Document(
            first.document, first.customer, first.at,
            tuple(DocumentLine(line.row, line.code, abs(line.quantity), line.price) for line in lines),
            first.is_cancellation,
        )  # fmt: skip


def _counts(line: HistoryLine) -> bool:
    if line.is_cancellation:
        return bool(line.customer) and line.quantity < 0 and line.price > 0
    return line.exclusion() is None


def _line(row: TableRow, zone: tzinfo) -> HistoryLine | RowProblem:
    values = row.values
    field = "document"
    try:
        if not values["document"] or not values["code"]:
            return RowProblem(row.number, "", N_("The row has no document number or no code."))
        field = "quantity"
        quantity = int(values[field])
        field = "at"
        at = datetime.fromisoformat(values[field]).replace(tzinfo=zone).astimezone(UTC)
        field = "price"
        negative = values[field].startswith("-")
        price = parse_price(values[field].removeprefix("-"))
    except (ValueError, Invalid):
        text = values[field][:40]
        return RowProblem(row.number, field, _UNSOUND, text, {"text": text})
    return HistoryLine(
        row.number, values["document"], values["code"], values["description"], quantity, at,
        -price if negative else price, values["customer"], values["country"],
    )  # fmt: skip
