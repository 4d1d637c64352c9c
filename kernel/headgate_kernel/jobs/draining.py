"""Run what is due now, here, to its end: for tests and tools, where no worker runs."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING

from headgate_kernel.jobs.claims import claim_due
from headgate_kernel.jobs.outcomes import Outcome
from headgate_kernel.jobs.running import JobRunner
from headgate_kernel.jobs.settling import settle

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

AT_ONCE = 50


async def run_due_jobs(
    kernel: "Kernel", tenant_ids: Collection[int] | None = None, *, now: datetime | None = None
) -> list[Outcome]:
    """Run all jobs that are due, also those that these ask for, one after another.

    Args:
        kernel: of the process.
        tenant_ids: of these tenants alone, if given; 0 is the platform.
        now: in the place of the kernel's clock, to run what is due later.

    Returns:
        What became of each, in the order that they ran.
    """
    runner = JobRunner(kernel)
    outcomes: list[Outcome] = []
    while True:
        moment = now or kernel.clock.now()
        claims = await claim_due(kernel.databases, now=moment, most=AT_ONCE, only=tenant_ids)
        if not claims.jobs:
            return outcomes
        for claim in claims.jobs:
            outcome = await asyncio.create_task(runner.run(claim))
            await settle(kernel.databases, [outcome], now=moment)
            outcomes.append(outcome)
