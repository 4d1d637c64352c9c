"""`headgate plans`: bring the plans to what the file says, list them, put a distributor on one."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click
from headgate_sdk.errors import NotFound

from headgate_kernel.installation import database_ready
from headgate_kernel.tenancy.folders import blueprints_folder
from headgate_kernel.tenancy.operating import COMMAND_LINE
from headgate_kernel.tenancy.plan_files import FILE_NAME, not_installed, read_plans
from headgate_kernel.tenancy.plans import PlanChanges, apply_plans, assign_plan, list_plans

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine
    from headgate_kernel.runtime import Kernel


@click.group("plans")
def plans_group() -> None:
    """What distributors may use: plugins, orders, people, storage, requests."""


@plans_group.command("apply")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--check", is_flag=True, help="Read and compare only; change nothing.")
@click.pass_obj
def apply_command(line: "CommandLine", file: Path | None, check: bool) -> None:
    """Bring the plans to what FILE says; by default plans.toml beside the blueprints."""
    path = file or blueprints_folder() / FILE_NAME
    plans = read_plans(path, line.host)

    async def go() -> PlanChanges:
        async with database_ready(line.settings(), line.host) as kernel:
            return await _apply(kernel, path, check=check)

    for text in changes_in_words(asyncio.run(go()), check=check):
        click.echo(text)
    if missing := not_installed(plans, line.host):
        click.echo(f"Not installed here: {', '.join(missing)}.")


async def _apply(kernel: "Kernel", path: Path, *, check: bool = False) -> PlanChanges:
    plans = read_plans(path, kernel.host)
    async with kernel.databases.platform_scope() as db:
        changes = await apply_plans(db, plans, actor=COMMAND_LINE, now=kernel.clock.now())
        if check:
            await db.rollback()
    return changes


@plans_group.command("list")
@click.pass_obj
def list_command(line: "CommandLine") -> None:
    """List the plans with the number of distributors on each."""

    async def go() -> list[str]:
        async with (
            database_ready(line.settings(), line.host) as kernel,
            kernel.databases.platform_scope() as db,
        ):
            return [
                f"{one.plan.key:<16} {one.plan.title('en'):<20} {one.tenants:>6} distributors"
                + ("  (unless given another)" if one.is_default else "")
                for one in await list_plans(db)
            ]

    click.echo("\n".join(asyncio.run(go())) or "There are no plans yet: run `headgate plans apply`.")


@plans_group.command("give")
@click.argument("plan")
@click.argument("tenant")
@click.pass_obj
def give_command(line: "CommandLine", plan: str, tenant: str) -> None:
    """Put the distributor TENANT (its short name) on the plan PLAN; nothing of its data is deleted."""

    async def go() -> bool:
        async with database_ready(line.settings(), line.host) as kernel:
            found = await kernel.tenant(tenant)
            async with kernel.databases.platform_scope() as db:
                return await assign_plan(db, found.info.id, plan, actor=COMMAND_LINE, now=kernel.clock.now())

    changed = asyncio.run(go())
    click.echo(f"{tenant} is on {plan} now." if changed else f"{tenant} was on {plan} already.")


async def first_plans(kernel: "Kernel") -> None:
    """Give a new installation the plans of the file, so that its first distributor finds them.

    An installation that has distributors gets plans only when the operator applies them: what was not limited
    would be limited from one moment to the next.
    """
    async with kernel.databases.platform_scope() as db:
        begun = await db.fetch_value("SELECT EXISTS (SELECT FROM plan) OR EXISTS (SELECT FROM tenant)")
    if begun:
        return
    try:
        path = blueprints_folder() / FILE_NAME
        await _apply(kernel, path)
    except NotFound:
        return


def changes_in_words(changes: PlanChanges, *, check: bool) -> list[str]:
    """Tell what was done, or would be."""
    would = "would be " if check else ""
    done = {"added": changes.added, "changed": changes.changed, "removed": changes.removed}
    lines = [f"{key}: {would}{what}" for what, keys in done.items() for key in keys]
    if not lines:
        return ["The plans are as the file says."]
    if changes.tenants:
        lines.append(f"Distributors concerned: {changes.tenants}")
    return lines
