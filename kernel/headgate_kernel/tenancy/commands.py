"""`headgate tenant`: plan and apply blueprints, compare them with the live tenant, write them back."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.progress import reporting
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from headgate_kernel.installation import database_ready
from headgate_kernel.tenancy.blueprints import apply_blueprint, plan_blueprint, read_source
from headgate_kernel.tenancy.blueprints.exporting import Export, differences, export_tenant, patch_blueprint
from headgate_kernel.tenancy.blueprints.schema import schema_text
from headgate_kernel.tenancy.blueprints.source import FILE_NAME
from headgate_kernel.tenancy.blueprints.telling import outcome_lines, section_lines
from headgate_kernel.tenancy.plan_commands import first_plans

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine
    from headgate_kernel.runtime import Kernel

T = TypeVar("T")

CHANGES = 2
"""Exit code of `plan` and `diff` when there are differences."""

_COLOURS = {"+": "green", "~": "yellow", "-": "red"}
_FOLDER = click.Path(path_type=Path, file_okay=False)
_no_sample = click.option("--no-sample", is_flag=True, help="Leave the files of the sample alone.")


@click.group("tenant")
def tenant_group() -> None:
    """Distributors and their blueprints."""


@tenant_group.command("plan")
@click.argument("folder", type=_FOLDER)
@_no_sample
@click.pass_obj
def plan_command(line: "CommandLine", folder: Path, no_sample: bool) -> None:
    """Tell what applying the blueprint in FOLDER would change. Ends with 0 for nothing, 2 for changes."""
    outcome = _run(line, lambda kernel: plan_blueprint(kernel, folder, sample=not no_sample))
    _print(outcome_lines(outcome, line.host, done=False))
    if outcome.is_change:
        sys.exit(CHANGES)


@tenant_group.command("apply")
@click.argument("folder", type=_FOLDER)
@_no_sample
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--invite", is_flag=True, help="Invite people who cannot sign in yet, and print their links.")
@click.pass_obj
def apply_command(line: "CommandLine", folder: Path, no_sample: bool, yes: bool, invite: bool) -> None:
    """Set a distributor up from the blueprint in FOLDER, or bring an existing one to it.

    All of it or nothing: what is wrong is told, and then nothing was changed.
    """
    if not yes:
        outcome = _run(line, lambda kernel: plan_blueprint(kernel, folder, sample=not no_sample))
        _print(outcome_lines(outcome, line.host, done=False))
        if not outcome.is_change and not invite:
            return
        click.confirm("Apply this?", abort=True)
    done = _run(line, lambda kernel: apply_blueprint(kernel, folder, sample=not no_sample, invite=invite))
    _print(outcome_lines(done, line.host, done=True) if yes or done.invited else ["Applied."])
    click.echo(f"Address: {done.after.profile.host}.{line.settings().domain}")


@tenant_group.command("diff")
@click.argument("folder", type=_FOLDER)
@click.pass_obj
def diff_command(line: "CommandLine", folder: Path) -> None:
    """Tell what is other at the live distributor than in the blueprint in FOLDER. Ends with 0 or 2.

    `+` is there and not in the file, `-` is in the file and not there, `~` goes from the file to what is
    there.
    """
    changes = _run(line, lambda kernel: differences(kernel, read_source(folder)))
    for change in changes:
        _print(section_lines(change, line.host))
    if changes:
        click.echo("\n`headgate tenant export --patch` takes this over into the file.")
        sys.exit(CHANGES)
    click.echo("The distributor is as the blueprint says.")


@tenant_group.command("export")
@click.argument("slug", required=False)
@click.option("--to", "folder", type=_FOLDER, help="Write a blueprint with its files into this new folder.")
@click.option("--patch", "patched", type=_FOLDER, help="Take what differs over into this blueprint.")
@click.pass_obj
def export_command(line: "CommandLine", slug: str | None, folder: Path | None, patched: Path | None) -> None:
    """Write the distributor SLUG as it is as a blueprint: to the terminal, or into a folder.

    With --patch the file that is there is changed in place, and keeps its comments.
    """
    if patched is not None:
        changes = _run(line, lambda kernel: patch_blueprint(kernel, read_source(patched)))
        for change in changes:
            _print(section_lines(change, line.host))
        click.echo(f"\n{patched / FILE_NAME} is as the distributor is{'' if changes else ' already'}.")
        return
    if slug is None:
        raise Invalid(N_("Say which distributor: headgate tenant export SLUG."), field="slug")
    done: Export = _run(line, lambda kernel: export_tenant(kernel, slug, folder))
    if folder is None:
        click.echo(done.text, nl=False)
        return
    for name in done.files:
        click.echo(str(folder / name))


@tenant_group.command("list")
@click.pass_obj
def list_command(line: "CommandLine") -> None:
    """List the distributors with their addresses."""

    async def rows(kernel: "Kernel") -> list[str]:
        async with kernel.databases.platform_scope() as db:
            return [
                f"{row['slug']:<24} {row['state']:<10} {row['host'] or '':<32} {row['name']}"
                for row in await db.fetch(_LIST)
            ]

    click.echo("\n".join(_run(line, rows)) or "There are no distributors yet: headgate tenant apply FOLDER.")


@tenant_group.command("schema")
@click.pass_obj
def schema_command(line: "CommandLine") -> None:
    """Print the JSON Schema of blueprints, with the settings of all installed plugins."""
    click.echo(schema_text(line.host), nl=False)


def _run(line: "CommandLine", use_case: "Callable[[Kernel], Awaitable[T]]") -> T:
    """Run a use case with the database up, and show how far it is."""

    async def go() -> T:
        async with database_ready(line.settings(), line.host) as kernel:
            await first_plans(kernel)
            with _progress():
                return await use_case(kernel)

    return asyncio.run(go())


@contextmanager
def _progress() -> Iterator[None]:
    """Show a bar for each thing that the work inside reports, on a terminal only."""
    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        tasks: dict[str, TaskID] = {}

        def show(label: str, done: int, total: int | None) -> None:
            if label not in tasks:
                tasks[label] = progress.add_task(label, total=total)
            progress.update(tasks[label], completed=done, total=total)

        with reporting(show):
            yield


def _print(lines: Iterable[str]) -> None:
    for text in lines:
        sign = text.strip()[:1]
        click.secho(text, fg=_COLOURS.get(sign)) if text.startswith(" ") else click.echo(text)


_LIST = """
SELECT t.slug, t.name, t.state, (SELECT min(h.host) FROM tenant_host h WHERE h.tenant_id = t.id) AS host
FROM tenant t ORDER BY t.slug
"""
