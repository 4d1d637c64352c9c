"""`headgate work`, `headgate jobs` and `headgate messages` on the command line."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar
from uuid import UUID

import click
from headgate_sdk.context import SYSTEM
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.installation import database_ready
from headgate_kernel.jobs.letters import list_letters, retry_letters
from headgate_kernel.jobs.overview import Overview, overview
from headgate_kernel.jobs.working import work_until_stopped
from headgate_kernel.notify import Message, send_now

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine
    from headgate_kernel.runtime import Kernel

T = TypeVar("T")
SLOTS = 8


def _run(line: "CommandLine", use_case: "Callable[[Kernel], Awaitable[T]]") -> T:
    async def go() -> T:
        async with database_ready(line.settings(), line.host) as kernel:
            return await use_case(kernel)

    return asyncio.run(go())


@click.command()
@click.option("--slots", default=SLOTS, show_default=True, type=click.IntRange(1, 100),
              help="How many jobs to run at a time.")  # fmt: skip
@click.pass_obj
def work(line: "CommandLine", slots: int) -> None:
    """Run jobs, and nothing else, until told to stop."""
    ready = f"Running jobs, {slots} at a time. Stop with Ctrl+C."
    asyncio.run(
        work_until_stopped(line.settings(), line.host, slots=slots, when_ready=lambda: click.echo(ready))
    )


@click.group()
def jobs() -> None:
    """The queue of jobs."""


@jobs.command()
@click.pass_obj
def status(line: "CommandLine") -> None:
    """Tell what waits, since when, and what was given up."""

    async def look(kernel: "Kernel") -> list[str]:
        now = kernel.clock.now()
        async with kernel.databases.platform_scope() as db:
            queue = await overview(db, now)
            dead = (await list_letters(db, "dead")).items
        words = [_totals(queue)]
        if queue.total.oldest is not None:
            words.append(
                f"The oldest has waited for {(now - queue.total.oldest).total_seconds():.0f} seconds."
            )
        words += [f"{kind.count} given up of {kind.job}" for kind in queue.dead]
        for letter in dead:
            reason = letter.error.fill(letter.error.message) if letter.error else ""
            words.append(f"  {letter.id}  {letter.job}  {letter.tenant or 'platform'}: {reason}")
        return words

    click.echo("\n".join(_run(line, look)))


def _totals(queue: Overview) -> str:
    total = queue.total
    return (
        f"{total.due} due, {total.later} for later, {total.running} running, "
        f"{total.waiting} waiting for a plugin or tenant, {total.dead} given up"
    )


@jobs.command()
@click.argument("ids", nargs=-1, type=click.UUID)
@click.option("--kind", default="", help="All that were given up of this type of job.")
@click.option("--all", "every", is_flag=True, help="All that were given up.")
@click.pass_obj
def retry(line: "CommandLine", ids: tuple[UUID, ...], kind: str, every: bool) -> None:
    """Have jobs that were given up tried again, by id, by kind, or all."""
    if sum((bool(ids), bool(kind), every)) != 1:
        raise Invalid(N_("Say which jobs: their ids, --kind, or --all."))

    async def again(kernel: "Kernel") -> int:
        async with kernel.databases.platform_scope() as db:
            return await retry_letters(db, actor=SYSTEM, now=kernel.clock.now(), job=kind, ids=ids or None)

    click.echo(f"{_run(line, again)} will be tried again.")


@click.group()
def messages() -> None:
    """Mail and text messages."""


@messages.command()
@click.argument("to")
@click.option("--locale", default="zh_CN", type=click.Choice(["zh_CN", "en"]), show_default=True)
@click.pass_obj
def test(line: "CommandLine", to: str, locale: str) -> None:
    """Send a test message to a mail address or phone number, at once, to see that the settings are right."""

    async def send(kernel: "Kernel") -> None:
        message = Message(
            channel="email" if "@" in to else "sms", to=to, template="test", values={}, locale=locale
        )
        await send_now(kernel, message)

    _run(line, send)
    click.echo(f"Sent to {to}.")
