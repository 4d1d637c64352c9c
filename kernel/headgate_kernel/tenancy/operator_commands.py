"""`headgate operator ...` and `headgate tenant suspend|resume`: what an operator does from a shell."""

import asyncio
from typing import TYPE_CHECKING

import click

from headgate_kernel.identity.operators import add_operator, list_operators, remove_operator
from headgate_kernel.installation import database_ready
from headgate_kernel.tenancy.operating import COMMAND_LINE, operating
from headgate_kernel.tenancy.suspension import resume_tenant, suspend_tenant

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine


@click.group("operator")
def operator_group() -> None:
    """Who runs this installation."""


@operator_group.command("add")
@click.argument("login")
@click.option(
    "--name", default="Operator", show_default=True, help="As logs and owners of distributors read it."
)
@click.pass_obj
def add(line: "CommandLine", login: str, name: str) -> None:
    """Make LOGIN an operator, and print the link by which they choose a password."""

    async def go() -> str:
        async with (
            database_ready(line.settings(), line.host) as kernel,
            kernel.databases.platform_scope() as db,
        ):
            return await add_operator(kernel, db, login, name, actor=COMMAND_LINE)

    link = asyncio.run(go())
    click.echo(
        f"{login} may enter the console. Hand over this link; it is good for a week, and once:\n{link}"
    )


@operator_group.command("remove")
@click.argument("login")
@click.pass_obj
def remove(line: "CommandLine", login: str) -> None:
    """Let LOGIN be an operator no longer; their sessions end at once."""

    async def go() -> None:
        async with (
            database_ready(line.settings(), line.host) as kernel,
            kernel.databases.platform_scope() as db,
        ):
            await remove_operator(kernel, db, login, actor=COMMAND_LINE)

    asyncio.run(go())
    click.echo(f"{login} is no operator any more.")


@operator_group.command("list")
@click.pass_obj
def list_command(line: "CommandLine") -> None:
    """List the operators."""

    async def go() -> list[str]:
        async with (
            database_ready(line.settings(), line.host) as kernel,
            kernel.databases.platform_scope() as db,
        ):
            return [
                f"{one.login}\t{one.name}\tsince {one.since:%Y-%m-%d}"
                + (f"\tseen {one.seen_at:%Y-%m-%d}" if one.seen_at else "")
                for one in await list_operators(db)
            ]

    click.echo("\n".join(asyncio.run(go())) or "There is no operator yet: headgate operator add <login>")


@click.command("suspend")
@click.argument("slug")
@click.option("--reason", required=True, help="For operators and the log.")
@click.option("--notice", default="", help="What the distributor's people read.")
@click.pass_obj
def suspend(line: "CommandLine", slug: str, reason: str, notice: str) -> None:
    """Stop the distributor SLUG: pages and API say so, jobs wait, nothing is lost."""

    async def go() -> None:
        async with (
            database_ready(line.settings(), line.host) as kernel,
            operating(kernel, await kernel.tenant(slug), COMMAND_LINE) as ctx,
        ):
            await suspend_tenant(ctx, reason=reason, notice=notice)

    asyncio.run(go())
    click.echo(f"{slug} is suspended.")


@click.command("resume")
@click.argument("slug")
@click.option("--reason", default="", help="For the log.")
@click.pass_obj
def resume(line: "CommandLine", slug: str, reason: str) -> None:
    """Let the suspended distributor SLUG go on."""

    async def go() -> None:
        async with (
            database_ready(line.settings(), line.host) as kernel,
            operating(kernel, await kernel.tenant(slug), COMMAND_LINE) as ctx,
        ):
            await resume_tenant(ctx, reason=reason)

    asyncio.run(go())
    click.echo(f"{slug} goes on.")
