"""Compare a blueprint with the live tenant, write the tenant as one, take changes over into a file."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk import hooks
from headgate_sdk.blueprint import Blueprint, Sample
from headgate_sdk.context import SYSTEM, Context
from headgate_sdk.errors import Conflict, HeadgateError
from headgate_sdk.i18n import N_

from headgate_kernel.database.unit_of_work import UnitOfWork
from headgate_kernel.tenancy.blueprints.checking import check_source
from headgate_kernel.tenancy.blueprints.comparing import SectionChange, compare
from headgate_kernel.tenancy.blueprints.live import canonical, read_live
from headgate_kernel.tenancy.blueprints.patching import patched
from headgate_kernel.tenancy.blueprints.source import FILE_NAME, Source, parse_source
from headgate_kernel.tenancy.blueprints.toml_text import blueprint_text

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


class Export(msgspec.Struct, frozen=True):
    """A tenant written as a blueprint.

    Args:
        text: of `tenant.toml`.
        files: names of what was written.
    """

    text: str
    files: tuple[str, ...] = ()


async def differences(kernel: "Kernel", source: Source) -> tuple[SectionChange, ...]:
    """Give what is other at the live tenant than in its blueprint: from the file to what is there.

    Raises:
        NotFound: there is no such tenant.
        InvalidBlueprint: everything that is wrong with the blueprint.
    """
    await check_source(kernel, source)
    return compare(_as_if_applied(kernel, source.blueprint, live := await _live(kernel, source)), live)


async def patch_blueprint(kernel: "Kernel", source: Source) -> tuple[SectionChange, ...]:
    """Take over into a blueprint's file what is other at the live tenant; gives what that was.

    Raises:
        NotFound: there is no such tenant.
        InvalidBlueprint: everything that is wrong with the blueprint.
        Conflict: the file is written in a way that cannot be changed in place.
    """
    await check_source(kernel, source)
    live = await _live(kernel, source)
    changes = compare(_as_if_applied(kernel, source.blueprint, live), live)
    if not changes:
        return ()
    text = patched(source.text, changes, live)
    try:
        again, problems = parse_source(source.folder, text)
        took_all = not problems and not compare(_as_if_applied(kernel, again.blueprint, live), live)
    except HeadgateError:
        took_all = False
    if not took_all:
        raise Conflict(
            N_("{path} cannot be changed in place. Export into a new folder instead."),
            path=str(source.file),
        )
    _write(source.file, text)
    return changes


async def export_tenant(kernel: "Kernel", slug: str, folder: Path | None = None) -> Export:
    """Write a tenant as it is as a blueprint.

    Args:
        kernel: of the process.
        slug: short name of the tenant.
        folder: a new one, where plugins write the files of the sample as well; None gives the text alone.

    Raises:
        NotFound: there is no such tenant.
        Conflict: there is a blueprint in the folder already.
    """
    if folder is not None:
        _make(folder)
    async with _reading(kernel, slug) as ctx:
        live = await read_live(kernel, ctx)
        sample: Sample | None = None
        if folder is not None:
            written = await ctx.hooks.decide(hooks.headgate_write_sample, folder)
            sample = next((given for _, given in written), None)
    live = msgspec.structs.replace(live, sample=sample)
    text = blueprint_text(live, note=f"{live.profile.name}, as it was when it was exported.")
    if folder is None:
        return Export(text)
    _write(folder / FILE_NAME, text)
    files = [name for name in msgspec.to_builtins(sample).values() if name.endswith(".csv")] if sample else []
    return Export(text, (FILE_NAME, *files))


def _make(folder: Path) -> None:
    """Make a folder for a blueprint.

    Raises:
        Conflict: there is one already, or the folder cannot be made.
    """
    if (folder / FILE_NAME).exists():
        raise Conflict(
            N_("There is a blueprint in {folder} already. Choose a new folder, or use --patch."),
            folder=str(folder),
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Conflict(
            N_("{path} cannot be written: {reason}"), path=str(folder), reason=error.strerror or str(error)
        ) from error


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Conflict(
            N_("{path} cannot be written: {reason}"), path=str(path), reason=error.strerror or str(error)
        ) from error


def _as_if_applied(kernel: "Kernel", blueprint: Blueprint, live: Blueprint) -> Blueprint:
    """Write a blueprint as the tenant would be, if nothing had been done but applying it."""
    wanted = canonical(blueprint, kernel.host, kernel.steps, complete=True)
    return msgspec.structs.replace(wanted, plan=wanted.plan or live.plan)


async def _live(kernel: "Kernel", source: Source) -> Blueprint:
    async with _reading(kernel, source.blueprint.profile.slug) as ctx:
        return await read_live(kernel, ctx)


@asynccontextmanager
async def _reading(kernel: "Kernel", slug: str) -> AsyncIterator[Context]:
    """Open a look at a tenant that sees the platform's tables too and changes nothing."""
    tenant = await kernel.tenant(slug)
    async with UnitOfWork(kernel.databases.platform, tenant.info.id) as unit:
        await unit.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield kernel.make_context(tenant, SYSTEM, unit)
