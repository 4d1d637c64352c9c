"""Commands of the `headgate` command line: bring in files, replay a history."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Literal

import click
from headgate_sdk.commands import TenantRunner, run_with_tenant
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.progress import report, reporting
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from headgate_trade.command_output import print_import, print_replay
from headgate_trade.imports.catalogue_csv import import_catalogue
from headgate_trade.imports.customers_csv import import_customers
from headgate_trade.imports.prices_csv import import_customer_prices, import_price_lists
from headgate_trade.imports.refused import write_refused
from headgate_trade.imports.report import ImportReport
from headgate_trade.imports.retail_history import read_history
from headgate_trade.imports.retail_import import import_retail_history
from headgate_trade.replay import replay_history
from headgate_trade.replay_report import ReplayReport

Kind = Literal["retail-history", "catalogue", "customers", "price-lists", "customer-prices"]
Importer = Callable[[Context, Path], Awaitable[ImportReport]]

_DAY = click.DateTime(["%Y-%m-%d"])
_FILE = click.Path(path_type=Path, dir_okay=False)


async def _import_retail(ctx: Context, file: Path) -> ImportReport:
    done = await import_retail_history(
        ctx, file, progress=lambda rows: report(N_("Reading the history"), rows)
    )
    return done.report


_IMPORTERS: dict[str, Importer] = {
    "retail-history": _import_retail,
    "catalogue": import_catalogue,
    "customers": import_customers,
    "price-lists": import_price_lists,
    "customer-prices": import_customer_prices,
}


@click.command("import")
@click.argument("file", type=_FILE)
@click.option("--tenant", "slug", required=True, help="Short name of the tenant.")
@click.option(
    "--kind", type=click.Choice(tuple(_IMPORTERS)), default="retail-history", show_default=True,
    help="What the file holds.",
)  # fmt: skip
@click.option("--refused", "refused_file", type=_FILE, help="Write the rows that were refused to this file.")
def import_file(file: Path, slug: str, kind: Kind, refused_file: Path | None) -> None:
    """Bring in FILE: a catalogue, customers, prices, or a wholesaler's sales history.

    Every row that cannot be taken is told with its reason. Importing the same file again changes nothing.
    """
    console = Console()
    _check_file(file)

    async def run(runner: TenantRunner) -> ImportReport:
        async with runner.context() as ctx:
            done = await _IMPORTERS[kind](ctx, file)
            if refused_file is not None:
                write_refused(ctx, file, done, refused_file)
            return done

    with _progress(console):
        done = run_with_tenant(slug, run)
    print_import(console, done, refused_file)


@click.command("replay")
@click.option("--tenant", "slug", default="gift", show_default=True, help="Short name of the tenant.")
@click.option("--from", "start", type=_DAY, help="First day, such as 2010-12-01; the beginning if left out.")
@click.option("--to", "end", type=_DAY, help="Last day; the end if left out.")
@click.option(
    "--file",
    "file",
    type=_FILE,
    help="The history; the one in the folder `data` of this directory if left out.",
)
def replay(slug: str, start: datetime | None, end: datetime | None, file: Path | None) -> None:
    """Place the orders of an imported history again, each at its own time and price, and compare the books.

    Ends with an error when the books are not the history's to the penny. Running it again places nothing
    twice.
    """
    console = Console()
    history = file or _only_history()
    _check_file(history)

    async def run(runner: TenantRunner) -> ReplayReport:
        report(N_("Reading the history"), 0)
        documents = read_history(history)
        return await replay_history(runner, documents, start=_day(start), end=_day(end))

    with _progress(console):
        done = run_with_tenant(slug, run)
    print_replay(console, done)
    if not done.is_exact:
        raise click.exceptions.Exit(1)


def _day(moment: datetime | None) -> date | None:
    return None if moment is None else moment.date()


def _check_file(file: Path) -> None:
    if not file.is_file():
        raise NotFound(N_("There is no file {path}."), field="file", path=str(file))


def _only_history() -> Path:
    found = sorted(Path("data").glob("*.csv.xz"))
    if len(found) != 1:
        raise Invalid(N_("Say which history to replay: --file PATH."), field="file")
    return found[0]


@contextmanager
def _progress(console: Console) -> Iterator[None]:
    """Show a bar for each thing that the work inside reports."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console) as progress:
        tasks = {}

        def show(label: str, done: int, total: int | None) -> None:
            if label not in tasks:
                tasks[label] = progress.add_task(label, total=total)
            progress.update(tasks[label], completed=done, total=total)

        with reporting(show):
            yield
