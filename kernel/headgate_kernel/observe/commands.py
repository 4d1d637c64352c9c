"""`headgate doctor` on the command line."""

import asyncio
import sys
from typing import TYPE_CHECKING

import click

from headgate_kernel.observe.doctor import examine

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine

MARKS = {"ok": "  ok  ", "warning": " note ", "failure": " FAIL "}


@click.command()
@click.pass_obj
def doctor(line: "CommandLine") -> None:
    """Look at everything this installation stands on, and say what to do; exits with 1 if something fails."""

    async def go() -> bool:
        failed = False
        async for finding in examine(line.settings(), line.host):
            click.echo(f"[{MARKS[finding.verdict]}] {finding}")
            failed |= finding.verdict == "failure"
        return failed

    if asyncio.run(go()):
        sys.exit(1)
