"""What plans cost: admitting requests, counting orders; and what they are for: a flood nobody else feels."""

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.tenancy.plan_terms import Plan, PlanName, RequestLimits
from headgate_kernel.tenancy.plans import apply_plans, assign_plan, list_plans
from headgate_sdk.context import SYSTEM
from headgate_sdk.testing.tenants import make_tenant

from tests.bench.goods import Distributor
from tests.bench.load import drive
from tests.bench.measuring import Line, Sample, cost_line, measure, rate_line
from tests.bench.orders import CLIENTS, LINES, Buying
from tests.bench.pages import Places, page_request
from tests.bench.serving import Server

WIDE = RequestLimits(per_second=10**6, burst=10**7, at_once=10**4)
SHARE = RequestLimits(per_second=10, burst=20, at_once=20)
"""Of the tenant that sends a hundred times as much."""

TIMES = 100
QUIET_CLIENTS = 2
TURNS = 4


async def admission_line(kernel: Kernel, *, rounds: int, calls: int) -> Line:
    """Let requests of a tenant with a plan begin and end, against a call that does nothing."""
    tenant = await _tenant_on(kernel, WIDE)
    limits = kernel.limits

    async def ours() -> None:
        (await limits.admit(tenant, api=True))()

    async def nothing() -> None:
        (await _nothing())()

    taken = await measure({"ours": _cost(ours, calls), "nothing": _cost(nothing, calls)}, rounds)
    await limits.stop()
    return cost_line(
        "admitting a request of a tenant with a plan", taken["ours"], taken["nothing"], "an empty call",
        at_most=3, kind="difference",
    )  # fmt: skip


async def metering_line(
    metered: Server, unmetered: Server, shop: Distributor, *, rounds: int, seconds: float
) -> Line:
    """Place orders that are counted, and the same where nothing is; often in turn, as little differs."""
    buying = Buying(shop)

    def orders(server: Server) -> Sample:
        async def sample() -> float:
            load = await drive(server.port, buying.anything, clients=CLIENTS, seconds=seconds / TURNS * 2)
            return load.rate

        return sample

    taken = await measure({"metered": orders(metered), "unmetered": orders(unmetered)}, rounds * TURNS)
    what = f"order of {LINES} lines, counted against the plan"
    return rate_line(what, taken["metered"], taken["unmetered"], "not counted", at_least=0.97)


async def flood_line(
    kernel: Kernel, server: Server, shop: Distributor, places: Places, *, rounds: int, seconds: float
) -> Line:
    """Read pages while another tenant sends a hundred times its share, and while it does not."""
    flooding = await _tenant_on(kernel, SHARE)
    host = f"{flooding.info.slug}.localhost"

    def page(*, flooded: bool) -> Sample:
        async def sample() -> float:
            if not flooded:
                return await _p95(server, shop, places, seconds)
            with _flood(server.port, host):
                await asyncio.sleep(1.5)
                return await _p95(server, shop, places, seconds)

        return sample

    samples = {"flooded": page(flooded=True), "quiet": page(flooded=False)}
    taken = await measure(samples, rounds)
    return cost_line(
        f"p95 of pages while another tenant sends {TIMES} times its share", taken["flooded"], taken["quiet"],
        "without it", at_most=1.5, kind="ratio", unit="ms",
    )  # fmt: skip


async def _p95(server: Server, shop: Distributor, places: Places, seconds: float) -> float:
    load = await drive(
        server.port, lambda client: page_request(shop, places.json, client), clients=QUIET_CLIENTS,
        seconds=max(seconds, 2.5),
    )  # fmt: skip
    return load.quantile(0.95)


@contextmanager
def _flood(port: int, host: str) -> Iterator[None]:
    """Send requests from a process of its own, so that what is measured does not wait for them."""
    rate = SHARE.per_second * TIMES
    command = [sys.executable, "-m", "tests.bench.flood", str(port), host, str(rate)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait()


async def _tenant_on(kernel: Kernel, requests: RequestLimits) -> Tenant:
    tenant = await make_tenant(kernel)
    plan = Plan(f"bench-{tenant.info.id}", PlanName("Bench", "测试"), "*", requests)
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        others = [one.plan for one in await list_plans(db)] or [Plan("open", PlanName("Open", "开放"), "*")]
        await apply_plans(db, [*others, plan], actor=SYSTEM, now=now)
        await assign_plan(db, tenant.info.id, plan.key, actor=SYSTEM, now=now)
    return await kernel.tenant(tenant.info.slug)


def _end() -> None:
    pass


async def _nothing() -> Callable[[], None]:
    return _end


def _cost(call: Callable[[], Awaitable[None]], calls: int) -> Sample:
    """Give the processor time of one call, in microseconds; now and then others get their turn."""

    async def sample() -> float:
        await call()
        await asyncio.sleep(0.05)
        began = time.process_time()
        for number in range(calls):
            await call()
            if number % 100 == 0:
                await asyncio.sleep(0)
        return (time.process_time() - began) / calls * 1e6

    return sample
