"""What an import did: every row is accounted for, and each refused one says why."""

from collections import Counter
from collections.abc import Mapping

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError

from headgate_trade.catalogue_input import SaveResult


class RowProblem(msgspec.Struct, frozen=True):
    """What is wrong with one row of a file.

    Args:
        row: as a spreadsheet numbers it: the header is row 1.
        field: name of the column, or empty where the whole row is meant.
        message: English msgid, what is wrong and what to do.
        value: what stands there, shortened.
        params: values for the message.
    """

    row: int
    field: str
    message: str
    value: str = ""
    params: dict[str, str] = {}

    @classmethod
    def of(cls, error: HeadgateError, *, row: int, value: str = "") -> "RowProblem":
        """Make one of an error that a check raised."""
        params = {name: str(param) for name, param in error.params.items()}
        return cls(row, error.field, error.message, value[:80], params)

    def text(self, ctx: Context) -> str:
        """Say it in the reader's language."""
        words = ctx.translate(self.message)
        return words.format(**self.params) if self.params else words


class ImportReport(msgspec.Struct):
    """The outcome of one file.

    Args:
        name: of the file.
        read: rows in the file, without the header and blank rows.
        accepted: rows that were taken.
        created: things that are new.
        changed: things that were altered.
        unchanged: things that were already as the file says.
        refused: rows that were not taken, and why.
        warnings: rows that were taken, but not entirely.
    """

    name: str
    read: int = 0
    accepted: int = 0
    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[RowProblem] = msgspec.field(default_factory=list)
    warnings: list[RowProblem] = msgspec.field(default_factory=list)

    def add(self, result: SaveResult) -> None:
        """Count what one batch did."""
        self.created += result.created
        self.changed += result.changed
        self.unchanged += result.unchanged

    def refuse(self, error: HeadgateError, *, row: int, values: Mapping[str, str]) -> None:
        """Report a row that a check refused."""
        self.refused.append(RowProblem.of(error, row=row, value=values.get(error.field, "")))

    def name_columns(self, headers: Mapping[str, str]) -> None:
        """Call fields as the file's columns are called, once all rows are read."""
        for problems in (self.refused, self.warnings):
            problems[:] = [
                msgspec.structs.replace(problem, field=headers.get(problem.field, problem.field))
                for problem in problems
            ]

    def reasons(self) -> list[tuple[str, int]]:
        """Count the refused rows by message, the most frequent first."""
        return Counter(problem.message for problem in self.refused).most_common()
