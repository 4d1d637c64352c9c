"""`headgate person ...`: what an operator does for one person from a shell."""

import asyncio
from typing import TYPE_CHECKING

import click

from headgate_kernel.identity.lost_factor import forget_second_factor
from headgate_kernel.installation import database_ready
from headgate_kernel.tenancy.operating import COMMAND_LINE

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine


@click.group("person")
def person_group() -> None:
    """One person's account."""


@person_group.command("forget-second-factor")
@click.argument("login")
@click.option("--reason", required=True, help="For the log: how they showed who they are.")
@click.pass_obj
def forget(line: "CommandLine", login: str, reason: str) -> None:
    """Take app, recovery codes and passkeys of LOGIN away: phone and codes are lost."""

    async def go() -> None:
        async with (
            database_ready(line.settings(), line.host) as kernel,
            kernel.databases.platform_scope() as db,
        ):
            await forget_second_factor(kernel, db, login, reason=reason, actor=COMMAND_LINE)

    asyncio.run(go())
    click.echo(f"{login} signs in with the password alone, and was told so.")
