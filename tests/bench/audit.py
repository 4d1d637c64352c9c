"""What an entry of the audit log costs the deed that writes it, and how fast logs are sealed and verified."""

import time
from statistics import median

from headgate_kernel.audit.sealing import seal_chain
from headgate_kernel.audit.verifying import verify_chain
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant, touch
from headgate_sdk.testing.audit_log import write_entries

from tests.bench.measuring import Line, Sample, measure, ratios, spread

DEEDS = 200
A_MILLION_A_MINUTE = 1_000_000 / 60
LONG_LOG = 1_999_000
"""Number under which the long log lies: of no tenant."""


async def audit_lines(kernel: Kernel, tenant: Tenant, *, rounds: int, entries: int) -> list[Line]:
    """Measure entries, then one long log.

    Args:
        kernel: of the bench.
        tenant: whose log is written.
        rounds: of each measure.
        entries: of the long log.
    """
    samples = {"entry": _entries(kernel, tenant), "change": _changes(kernel, tenant)}
    taken = await measure(samples, rounds)
    async with kernel.databases.platform_scope() as db:
        await write_entries(db, LONG_LOG, entries)
    began = time.perf_counter()
    await seal_chain(kernel.databases, LONG_LOG)
    sealing = entries / (time.perf_counter() - began)
    verifying = []
    for _ in range(rounds):
        began = time.perf_counter()
        verdict = await verify_chain(kernel.databases, LONG_LOG)
        verifying.append(entries / (time.perf_counter() - began))
        assert (verdict.entries, verdict.findings) == (entries, [])
    return [
        Line(
            what="an entry of the audit log, in the transaction of its deed",
            ours=f"{spread([seconds * 1e6 for seconds in taken['entry']], 0)} µs",
            reference=f"changing one row {median(taken['change']) * 1e6:.0f} µs",
            ratio=spread(ratios(taken["entry"], taken["change"])),
        ),
        Line(
            what=f"verify an audit log of {entries:,} entries",
            ours=f"{spread([rate / 1000 for rate in verifying], 0)} thousand/s",
            reference=f"sealing it {sealing / 1000:.0f} thousand/s",
            ratio=spread([rate / sealing for rate in verifying]),
            budget="a million in a minute",
            met=median(verifying) >= A_MILLION_A_MINUTE,
        ),
    ]


def _entries(kernel: Kernel, tenant: Tenant) -> Sample:
    """Give a sample of seconds for one entry."""

    async def sample() -> float:
        async with kernel.context(tenant) as ctx:
            began = time.perf_counter()
            for number in range(DEEDS):
                await ctx.audit("bench.deed", str(number), before=number, after=number + 1)
            return (time.perf_counter() - began) / DEEDS

    return sample


def _changes(kernel: Kernel, tenant: Tenant) -> Sample:
    """Give a sample of seconds for the least that a deed does: one row changed."""

    async def sample() -> float:
        async with kernel.context(tenant) as ctx:
            began = time.perf_counter()
            for _ in range(DEEDS):
                await touch(ctx.db, ctx.tenant.id)
            return (time.perf_counter() - began) / DEEDS

    return sample
