"""`headgate data`: a tenant's data out, in, restored and erased."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import click
import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict
from headgate_sdk.i18n import N_

from headgate_kernel.installation import database_ready
from headgate_kernel.portability.archive import Archive
from headgate_kernel.portability.erasing import erase_tenant
from headgate_kernel.portability.exports import export_chunks
from headgate_kernel.portability.reading import Imported, import_tenant
from headgate_kernel.portability.retained import drop_expired, list_retained, open_retained

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine

COMMAND_LINE = Actor("operator", "headgate")


@click.group("data")
def data_group() -> None:
    """One distributor's data: take out, put in, restore, erase."""


@data_group.command("export")
@click.argument("slug")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--with-secrets", is_flag=True, help="Keys and tokens too: only for a restore on this installation."
)
@click.pass_obj
def export(line: "CommandLine", slug: str, file: Path, with_secrets: bool) -> None:
    """Write everything of a distributor, of one moment, to a file; it may go on working meanwhile."""

    async def go() -> int:
        async with database_ready(line.settings(), line.host) as kernel:
            written = 0
            with file.open("xb") as stream:
                async for chunk in export_chunks(kernel, slug, with_secrets=with_secrets):
                    written += stream.write(chunk)
            return written

    try:
        written = asyncio.run(go())
    except FileExistsError:
        raise Conflict(
            N_("{path} is there already. Choose another name."), field="file", path=str(file)
        ) from None
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    click.echo(f"{file}: {written:,} bytes")


@data_group.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--as", "slug", default="", help="Another short name.")
@click.option("--replace", is_flag=True, help="In the place of the distributor with this short name.")
@click.pass_obj
def import_(line: "CommandLine", file: Path, slug: str, replace: bool) -> None:
    """Put a distributor in from an export; others are not touched."""

    async def go() -> Imported:
        archive = Archive(file)
        try:
            async with database_ready(line.settings(), line.host) as kernel:
                return await import_tenant(kernel, archive, slug=slug, replace=replace)
        finally:
            archive.close()

    imported = asyncio.run(go())
    rows = sum(imported.rows.values())
    click.echo(f"{imported.slug}: {rows:,} rows in {len(imported.rows)} tables")
    click.echo(f"people: {imported.people} new, {imported.known_people} known here already")
    for place in imported.to_enter_again:
        click.echo(f"enter this secret again: {place}")


@data_group.command("erase")
@click.argument("slug")
@click.option("--reason", required=True, help="Written into the certificate.")
@click.option("--certificate", type=click.Path(path_type=Path), help="Where to write it; shown by default.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def erase(line: "CommandLine", slug: str, reason: str, certificate: Path | None, yes: bool) -> None:
    """Erase a distributor for good, and print a certificate."""
    if not yes:
        typed = click.prompt(f"This cannot be undone. Type the short name ({slug}) to erase it")
        if typed != slug:
            raise Conflict(N_("The short name was not repeated, so nothing was erased."))

    async def go() -> bytes:
        async with database_ready(line.settings(), line.host) as kernel:
            done = await erase_tenant(kernel, slug, by=COMMAND_LINE, reason=reason)
            return msgspec.json.format(msgspec.json.encode(done))

    text = asyncio.run(go())
    if certificate is not None:
        certificate.write_bytes(text)
    else:
        click.echo(text.decode())


@data_group.group("retained")
def retained() -> None:
    """What is kept of erased distributors, because the law wants it."""


@retained.command("list")
@click.pass_obj
def retained_list(line: "CommandLine") -> None:
    """List it."""

    async def go() -> list[str]:
        async with database_ready(line.settings(), line.host) as kernel:
            return [
                f"{kept.id}  {kept.slug}  {kept.erased_at:%Y-%m-%d}, kept until {kept.keep_until:%Y-%m-%d}"
                for kept in await list_retained(kernel)
            ]

    click.echo("\n".join(asyncio.run(go())) or "Nothing is kept.")


@retained.command("open")
@click.argument("archive_id", type=click.UUID)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--reason", required=True, help="Written into the log of the platform.")
@click.pass_obj
def retained_open(line: "CommandLine", archive_id: UUID, file: Path, reason: str) -> None:
    """Write one of them, unsealed, to a file."""

    async def go() -> bytes:
        async with database_ready(line.settings(), line.host) as kernel:
            return await open_retained(kernel, archive_id, by=COMMAND_LINE, reason=reason)

    file.write_bytes(asyncio.run(go()))
    click.echo(str(file))


@retained.command("drop-expired")
@click.pass_obj
def retained_drop(line: "CommandLine") -> None:
    """Delete what need not be kept any longer."""

    async def go() -> int:
        async with database_ready(line.settings(), line.host) as kernel:
            return await drop_expired(kernel)

    click.echo(f"{asyncio.run(go())} dropped")
