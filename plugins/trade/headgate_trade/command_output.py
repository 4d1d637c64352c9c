"""How imports and replays tell on the terminal what they did."""

from pathlib import Path

from headgate_sdk.money import Money
from rich.console import Console
from rich.table import Table

from headgate_trade.imports.report import ImportReport
from headgate_trade.pricing_trace import RULE_NAMES
from headgate_trade.replay_report import ReplayReport

MOST = 20
"""Rows of a list that are shown; the rest is counted."""


def print_import(console: Console, done: ImportReport, refused_file: Path | None) -> None:
    """Print an import's outcome: counts, and why rows were refused."""
    console.print(
        f"{done.name}: {done.read:,} rows read, {done.accepted:,} taken, {len(done.refused):,} refused; "
        f"{done.created:,} new, {done.changed:,} changed, {done.unchanged:,} as they were."
    )
    if done.refused:
        table = Table("Why rows were refused", "Rows", "First")
        for message, count in done.reasons()[:MOST]:
            first = next(problem for problem in done.refused if problem.message == message)
            table.add_row(
                message.format_map(_Loose(first.params)), f"{count:,}", f"row {first.row}: {first.value}"
            )
        console.print(table)
        if refused_file is None:
            console.print("To get these rows in a file of their own, add --refused FILE.")
        else:
            console.print(f"The refused rows are in {refused_file}.")
    for warning in done.warnings[:MOST]:
        console.print(f"Row {warning.row}: {warning.message.format_map(_Loose(warning.params))}")


def print_replay(console: Console, done: ReplayReport) -> None:
    """Print a replay's report: the books by month, what was repriced and why, and everything that differs."""
    console.print(
        f"{done.orders:,} orders, {done.lines:,} lines, {done.customers:,} customers, {done.codes:,} codes: "
        f"{_text(done.total)}. {done.credit_notes:,} credit notes: {_text(done.credited)}."
    )
    _print_months(console, done)
    _print_prices(console, done)
    if done.already:
        console.print(f"{done.already:,} orders had been placed by an earlier run.")
    for refused in done.refused[:MOST]:
        console.print(f"Refused: {refused.number}: {refused.reason.format_map(_Loose(refused.params))}")
    if len(done.refused) > MOST:
        console.print(f"... and {len(done.refused) - MOST:,} more documents were refused.")
    for difference in done.differences[:MOST]:
        console.print(
            f"Differs: {difference.what} {difference.key}: {difference.source} in the source, "
            f"{difference.booked} in the books (minor units)"
        )
    if len(done.differences) > MOST:
        console.print(f"... and {len(done.differences) - MOST:,} more totals differ.")
    console.print(
        f"Totals by month and by customer: {'equal to the source' if not done.differences else 'different'}. "
        f"Stock differences: {done.stock_differences}. Ledger differences: {done.ledger_differences}."
    )
    console.print(f"Took {done.seconds:.1f} seconds.")


def _print_months(console: Console, done: ReplayReport) -> None:
    table = Table("Month", "Orders", "Sales", "Credit notes")
    for month in done.months:
        table.add_row(month.month, f"{month.orders:,}", _text(month.sales), _text(month.credits))
    console.print(table)


def _print_prices(console: Console, done: ReplayReport) -> None:
    ruled = ", ".join(
        f"{RULE_NAMES.get(rule, rule).lower()} {lines:,}"
        for rule, lines in done.rules.items()
        if rule != "agreed"
    )
    repriced = sum(item.lines for item in done.repriced)
    console.print(f"Lines at the price of the rules: {ruled}. At another price: {repriced:,}, because:")
    table = Table("Why", "Lines", "Difference", "First such line")
    for item in done.repriced:
        where = f", {item.source}" if item.source else ""
        table.add_row(
            item.explanation, f"{item.lines:,}", _text(item.difference),
            f"{item.document} {item.code}: {item.charged} instead of {item.ruled} ({item.rule}{where})",
        )  # fmt: skip
    console.print(table)


def _text(money: Money) -> str:
    return f"{money.currency} {money.decimal():,}"


class _Loose(dict[str, str]):
    """Values of a message; one that is missing is shown by its name rather than failing the report."""

    def __missing__(self, key: str) -> str:
        return f"{{{key}}}"
