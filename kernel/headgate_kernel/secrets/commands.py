"""`headgate secrets` on the command line."""

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from headgate_kernel.installation import database_ready
from headgate_kernel.secrets.checking import take_inventory
from headgate_kernel.secrets.data_keys import CHECK_SECONDS
from headgate_kernel.secrets.rotation import (
    Rotation,
    reseal,
    rewrap_data_keys,
    rotate_data_key,
    tenants_with_keys,
)
from headgate_kernel.tenancy.operating import COMMAND_LINE

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine
    from headgate_kernel.runtime import Kernel


@click.group("secrets")
def secrets_group() -> None:
    """Keys of sealed secrets: change them, check them."""


@secrets_group.command()
@click.option("--tenant", "slug", help="Only this distributor; `platform` for people and operators.")
@click.option(
    "--no-wait", is_flag=True, help="No other process runs: do not wait for them to take the new keys."
)
@click.pass_obj
def rotate(line: "CommandLine", slug: str | None, no_wait: bool) -> None:
    """Make new data keys and seal everything anew. Run it again if it was interrupted."""

    async def go() -> bool:
        async with database_ready(line.settings(), line.host) as kernel:
            names = await _names(kernel, slug)
            done = {
                tenant_id: await rotate_data_key(kernel, tenant_id, actor=COMMAND_LINE) for tenant_id in names
            }
            if done and not no_wait:
                click.echo(
                    f"Waiting {CHECK_SECONDS:.0f} s for other processes to take the new keys …", err=True
                )
                await asyncio.sleep(CHECK_SECONDS + 1)
                for tenant_id, rotation in done.items():
                    late = Rotation()
                    await reseal(kernel, tenant_id, late)
                    rotation.resealed += late.resealed
            for tenant_id, rotation in done.items():
                click.echo(_told(names[tenant_id], rotation))
            if not done:
                click.echo("Nothing is sealed yet.")
            return not any(rotation.unreadable for rotation in done.values())

    if not asyncio.run(go()):
        sys.exit(1)


@secrets_group.command("rotate-master")
@click.pass_obj
def rotate_master(line: "CommandLine") -> None:
    """Wrap all data keys with a new master key. Keep the old one with the backups that need it."""

    async def go() -> int:
        async with database_ready(line.settings(), line.host) as kernel:
            return await rewrap_data_keys(kernel, actor=COMMAND_LINE)

    count = asyncio.run(go())
    click.echo(
        f"{count:,} data keys are wrapped anew." if count else "All data keys are wrapped by the newest."
    )


@secrets_group.command()
@click.pass_obj
def check(line: "CommandLine") -> None:
    """Open every sealed value once; exits with 1 if one does not open."""

    async def go() -> bool:
        whole = True
        async with database_ready(line.settings(), line.host) as kernel:
            for tenant_id, name in (await _names(kernel, None)).items():
                found = await take_inventory(kernel, tenant_id)
                what = ", ".join(f"{count:,} in {column}" for column, count in sorted(found.values.items()))
                click.echo(f"{name}: {found.keys} keys; {what or 'nothing is sealed'}.")
                if found.stale:
                    click.echo(
                        f"  - {found.stale:,} values are under a retired key: run `headgate secrets rotate`."
                    )
                for place in found.unreadable:
                    click.echo(f"  - {place} does not open: enter it anew.")
                whole &= not found.unreadable
        return whole

    if not asyncio.run(go()):
        sys.exit(1)


async def _names(kernel: "Kernel", slug: str | None) -> dict[int, str]:
    """Give those who have data keys, by number."""
    having = await tenants_with_keys(kernel)
    if slug not in {None, "platform"}:
        tenant = await kernel.tenant(str(slug))
        having = [number for number in having if number == tenant.info.id]
    elif slug == "platform":
        having = [number for number in having if number == 0]
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT id, slug FROM tenant WHERE id = ANY($1)", having)
    names = {row["id"]: row["slug"] for row in rows}
    return {number: names.get(number, "platform" if number == 0 else f"#{number}") for number in having}


def _told(name: str, rotation: Rotation) -> str:
    begun = (
        "finished an earlier change (run this again for a new key)" if rotation.resumed else "a new data key"
    )
    told = f"{name}: {begun}, {rotation.resealed:,} values sealed anew."
    return "\n".join((told, *(f"  - {place} does not open: enter it anew." for place in rotation.unreadable)))
