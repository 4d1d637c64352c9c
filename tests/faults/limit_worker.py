"""One serving process as far as request limits go: asks for admission at a pace, and tells what came of it.

Run by `test_limits.py`, several at a time on one database.
"""

import asyncio
import sys
import time

import msgspec
from headgate_kernel.database.database import Databases
from headgate_kernel.database.pool import open_pool
from headgate_kernel.database.server import DatabaseServer
from headgate_kernel.limits import Limits
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.directory import TenantDirectory
from headgate_sdk.errors import TooManyRequests


class Orders(msgspec.Struct):
    """What the process is told.

    Args:
        platform: address of the platform's role.
        tenant: short name.
        seconds: how long.
        rate: ordinary requests a second.
        critical_rate: critical requests a second.
        takes: how long a request is under way, in seconds.
    """

    platform: str
    tenant: str
    seconds: float
    rate: float
    critical_rate: float = 0.0
    takes: float = 0.0


class Outcome(msgspec.Struct):
    """What came of it.

    Args:
        begun: when each ordinary request was let in and when it ended.
        critical: the same of critical requests.
        asked: ordinary requests that were made.
        critical_asked: critical ones.
        slowest: longest time that an admission took, in seconds.
    """

    begun: list[tuple[float, float]] = []
    critical: list[tuple[float, float]] = []
    asked: int = 0
    critical_asked: int = 0
    slowest: float = 0.0


async def run(orders: Orders) -> Outcome:
    """Say that all is ready, hear when to begin, then ask at the pace until the time is over."""
    server = DatabaseServer(admin=None, app=orders.platform, platform=orders.platform)
    pool = await open_pool(server.platform, most=4, application="limit worker")
    databases = Databases(server, pool, pool)
    tenant = await TenantDirectory(databases, PluginHost([])).by_slug(orders.tenant)
    limits, outcome = Limits(databases), Outcome()
    print("ready", flush=True)
    begin = float(sys.stdin.readline())
    end = begin + orders.seconds

    async def request(*, critical: bool) -> None:
        began = time.monotonic()
        try:
            leave = await limits.admit(tenant, critical=critical)
        except TooManyRequests:
            return
        admitted = time.monotonic()
        outcome.slowest = max(outcome.slowest, admitted - began)
        if orders.takes:
            await asyncio.sleep(orders.takes)
        leave()
        (outcome.critical if critical else outcome.begun).append((admitted, time.monotonic()))

    async def keep_asking(rate: float, *, critical: bool) -> int:
        asked = 0
        async with asyncio.TaskGroup() as tasks:
            while rate and (now := time.monotonic()) < end:
                due = int((now - begin) * rate) + 1
                for _ in range(due - asked):
                    tasks.create_task(request(critical=critical))
                asked = max(asked, due)
                await asyncio.sleep(0.005)
        return asked

    await asyncio.sleep(max(0.0, begin - time.monotonic()))
    outcome.asked, outcome.critical_asked = await asyncio.gather(
        keep_asking(orders.rate, critical=False), keep_asking(orders.critical_rate, critical=True)
    )
    await limits.stop()
    await pool.close()
    return outcome


if __name__ == "__main__":
    told = msgspec.json.decode(sys.stdin.readline(), type=Orders)
    print(msgspec.json.encode(asyncio.run(run(told))).decode())
