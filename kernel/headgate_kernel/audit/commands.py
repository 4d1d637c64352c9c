"""`headgate audit` on the command line."""

import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from headgate_kernel.audit.anchors import compare_with_anchor, make_anchor, read_anchor
from headgate_kernel.audit.log import PLATFORM
from headgate_kernel.audit.sealing import seal_all, seal_chain
from headgate_kernel.audit.verifying import Finding, Verdict, record_verdict, verify_chain
from headgate_kernel.installation import database_ready

if TYPE_CHECKING:
    from headgate_kernel.cli import CommandLine
    from headgate_kernel.runtime import Kernel

PLATFORM_NAME = "platform"


@click.group()
def audit() -> None:
    """The audit logs: seal, verify, keep their heads elsewhere."""


@audit.command()
@click.pass_obj
def seal(line: "CommandLine") -> None:
    """Link everything that waits into its chain, without waiting for the schedule."""

    async def go() -> int:
        async with database_ready(line.settings(), line.host) as kernel:
            return await seal_all(kernel.databases)

    click.echo(f"{asyncio.run(go()):,} entries sealed.")


@audit.command()
@click.option("--tenant", "slug", help="Only this distributor; `platform` for the operators' own log.")
@click.option(
    "--anchor", "path", type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Compare with heads that were kept elsewhere, too.",
)  # fmt: skip
@click.pass_obj
def verify(line: "CommandLine", slug: str | None, path: Path | None) -> None:
    """Read the chains from end to end; exits with 1 if anything was changed, removed, inserted or moved."""
    anchor = read_anchor(path.read_bytes()) if path else None

    async def go() -> bool:
        async with database_ready(line.settings(), line.host) as kernel:
            chains = await _chains(kernel, slug)
            differing = await compare_with_anchor(kernel, anchor) if anchor else {}
            whole = True
            for tenant_id, name in chains.items():
                whole &= await _verify_one(kernel, tenant_id, name, differing.pop(tenant_id, []))
            for found in differing.values() if slug is None else ():  # of tenants that are no longer here
                for finding in found:
                    click.echo(f"note: {finding}")
            return whole

    if not asyncio.run(go()):
        sys.exit(1)


@audit.command()
@click.option(
    "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write here instead of printing."
)
@click.pass_obj
def anchor(line: "CommandLine", output: Path | None) -> None:
    """Print the signed heads of all chains. Keep them where nobody who runs this system can write."""

    async def go() -> bytes:
        async with database_ready(line.settings(), line.host) as kernel:
            await seal_all(kernel.databases)
            return msgspec.json.format(msgspec.json.encode(await make_anchor(kernel)), indent=1)

    text = asyncio.run(go())
    if output is None:
        click.echo(text)
    else:
        output.write_bytes(text + b"\n")
        click.echo(f"The heads are in {output}.")


async def _chains(kernel: "Kernel", slug: str | None) -> dict[int, str]:
    if slug == PLATFORM_NAME:
        return {PLATFORM: PLATFORM_NAME}
    if slug is not None:
        tenant = await kernel.tenant(slug)
        return {tenant.info.id: slug}
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT id, slug FROM tenant ORDER BY slug")
    return {PLATFORM: PLATFORM_NAME} | {row["id"]: row["slug"] for row in rows}


async def _verify_one(kernel: "Kernel", tenant_id: int, name: str, differing: list[Finding]) -> bool:
    began = time.perf_counter()
    await seal_chain(kernel.databases, tenant_id)
    verdict = await verify_chain(kernel.databases, tenant_id)
    verdict = msgspec.structs.replace(verdict, findings=(*verdict.findings, *differing))
    async with kernel.databases.platform_scope() as db:
        await record_verdict(db, verdict, kernel.clock.now())
    click.echo(_told(name, verdict, time.perf_counter() - began))
    return not verdict.findings


def _told(name: str, verdict: Verdict, seconds: float) -> str:
    read = f"{name}: {verdict.entries:,} entries up to #{verdict.seq:,} in {seconds:.1f} s"
    if not verdict.findings:
        return f"{read}, whole."
    return "\n".join((f"{read}, NOT whole:", *(f"  - {finding}" for finding in verdict.findings)))
