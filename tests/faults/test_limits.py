"""Request limits over eight processes on one database: exact, whole, with a reserve, also when one is killed.

The processes are real; what they do is `limit_worker.py`.
"""

import asyncio
import itertools
import os
import sys
import time
from collections.abc import Sequence

import msgspec
import pytest
from headgate_kernel.tenancy.plan_terms import CRITICAL_SHARE, Plan, PlanName, RequestLimits
from headgate_kernel.tenancy.plans import apply_plans, assign_plan, list_plans
from headgate_sdk.context import SYSTEM

from tests.faults.limit_worker import Orders, Outcome

pytest_plugins = ["headgate_sdk.testing.plugin"]

PROCESSES = 8
_numbers = itertools.count(1)


@pytest.fixture
async def limited(kernel, new_tenant):
    """Makes tenants on a plan of their own."""

    async def make(**figures: int) -> tuple[str, RequestLimits]:
        tenant = await new_tenant()
        limits = RequestLimits(**figures)
        plan = Plan(f"f{os.getpid()}-{next(_numbers)}", PlanName("Small", "小号"), "*", limits)
        now = kernel.clock.now()
        async with kernel.databases.platform_scope() as db:
            others = [one.plan for one in await list_plans(db)] or [
                Plan("open", PlanName("Open", "开放"), "*")
            ]
            await apply_plans(db, [*others, plan], actor=SYSTEM, now=now)
            await assign_plan(db, tenant.info.id, plan.key, actor=SYSTEM, now=now)
        return tenant.info.slug, limits

    return make


class Crowd:
    """Processes that ask for admission at the same time."""

    def __init__(self, server, tenant: str) -> None:
        self._server = server
        self._tenant = tenant
        self.processes: list[asyncio.subprocess.Process] = []
        self.begin = 0.0

    async def start(self, processes: int = PROCESSES, **how: float) -> None:
        orders = Orders(self._server.platform, self._tenant, **how)
        for _ in range(processes):
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "tests.faults.limit_worker",
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            process.stdin.write(msgspec.json.encode(orders) + b"\n")
            self.processes.append(process)
        for process in self.processes:
            assert await process.stdout.readline() == b"ready\n"
        self.begin = time.monotonic() + 0.5
        for process in self.processes:
            process.stdin.write(f"{self.begin}\n".encode())

    async def outcomes(self) -> list[Outcome]:
        """Wait for those that live."""
        found = []
        for process in self.processes:
            told = await process.stdout.read()
            await process.wait()
            if told:
                found.append(msgspec.json.decode(told, type=Outcome))
        return found

    async def end(self) -> None:
        for process in self.processes:
            if process.returncode is None:
                process.kill()
                await process.wait()


@pytest.fixture
async def crowd(kernel):
    opened: list[Crowd] = []

    async def gather(tenant: str, **how: float) -> Crowd:
        opened.append(Crowd(kernel.databases.server, tenant))
        await opened[-1].start(**how)
        return opened[-1]

    yield gather
    for one in opened:
        await one.end()


def moments(spans: Sequence[tuple[float, float]]) -> list[float]:
    return sorted(begun for begun, _ in spans)


def worst_window(begun: Sequence[float], limits: RequestLimits) -> float:
    """Give the largest share of what any window may let through that was let through in it."""
    worst = 0.0
    for first in range(0, len(begun), 7):
        for last in range(first, len(begun), 7):
            most = limits.burst + limits.per_second * (begun[last] - begun[first])
            worst = max(worst, (last - first + 1) / most)
    return worst


def most_at_once(spans: Sequence[tuple[float, float]]) -> int:
    changes = sorted([(begun, 1) for begun, _ in spans] + [(ended, -1) for _, ended in spans])
    return max(itertools.accumulate(change for _, change in changes))


async def test_eight_processes_let_through_what_the_plan_gives_and_no_more(limited, crowd):
    tenant, limits = await limited(per_second=200, burst=400, at_once=400)
    outcomes = await (await crowd(tenant, seconds=6, rate=100)).outcomes()
    begun = moments([span for one in outcomes for span in one.begun])
    assert len(outcomes) == PROCESSES
    assert sum(one.asked for one in outcomes) > 1.9 * len(begun)  # far more was asked for
    assert worst_window(begun, limits) <= 1.01
    given = (1 - CRITICAL_SHARE) * limits.burst + limits.per_second * (begun[-1] - begun[0])
    assert len(begun) >= 0.95 * given


async def test_critical_requests_have_their_share_under_a_flood_of_others(limited, crowd):
    tenant, limits = await limited(per_second=100, burst=200, at_once=200)
    outcomes = await (await crowd(tenant, seconds=6, rate=100, critical_rate=2.5)).outcomes()
    begun = moments([span for one in outcomes for span in one.begun])
    critical = moments([span for one in outcomes for span in one.critical])
    asked = sum(one.critical_asked for one in outcomes)
    assert asked >= 0.95 * CRITICAL_SHARE * limits.per_second * 6
    assert len(critical) >= 0.95 * asked
    assert worst_window(sorted(begun + critical), limits) <= 1.01
    assert len(begun) + len(critical) >= 0.95 * (
        (1 - CRITICAL_SHARE) * limits.burst + limits.per_second * 5.9
    )


async def test_no_more_requests_are_under_way_than_the_plan_gives(limited, crowd):
    tenant, limits = await limited(per_second=5000, burst=20_000, at_once=20)
    outcomes = await (
        await crowd(tenant, seconds=5, rate=40, critical_rate=5, takes=0.05)
    ).outcomes()  # would be 16 ordinary ones and 2 critical ones at once on average, with peaks far above
    ordinary = [span for one in outcomes for span in one.begun]
    critical = [span for one in outcomes for span in one.critical]
    assert most_at_once(ordinary + critical) <= limits.at_once
    assert most_at_once(ordinary) >= 14
    assert len(critical) >= 0.95 * sum(one.critical_asked for one in outcomes)


async def test_a_process_that_is_killed_leaves_nothing_taken(limited, crowd):
    tenant, limits = await limited(per_second=400, burst=400, at_once=24)
    working = await crowd(tenant, seconds=14, rate=60, takes=0.05)
    await asyncio.sleep(max(0.0, working.begin + 3 - time.monotonic()))
    working.processes[0].kill()
    killed = time.monotonic()
    outcomes = await working.outcomes()
    assert len(outcomes) == PROCESSES - 1
    spans = [span for one in outcomes for span in one.begun]
    assert most_at_once(spans) <= limits.at_once
    late = [span for span in spans if span[0] > killed + 8]
    assert most_at_once(late) >= 0.95 * (limits.at_once - 5)  # all that ordinary requests may have
    assert worst_window(moments(spans), limits) <= 1.01
