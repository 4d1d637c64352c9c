"""`python -m tests.bench [--quick]`: prints a table of ratios. See docs/bench.md for what each line means."""

import argparse
import os
import platform
import shutil
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from pathlib import Path

import asyncpg
import msgspec
import uvloop
from headgate_kernel.config import Settings
from headgate_kernel.database.database import Databases
from headgate_kernel.database.migrations import migrate_server
from headgate_kernel.database.server import DatabaseServer
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import Kernel, migration_sources
from headgate_sdk.testing.server import TEST_SECRET_KEY, clone_database, drop_clone, postgres_server

from tests.bench import serving
from tests.bench.audit import audit_lines
from tests.bench.calls import hook_line, request_line
from tests.bench.goods import Distributor, Size, make_distributor
from tests.bench.jobs import job_lines
from tests.bench.limits import admission_line, flood_line, metering_line
from tests.bench.many_tenants import SMALL, with_copies
from tests.bench.measuring import Line, table
from tests.bench.neighbours import neighbour_line, with_neighbours
from tests.bench.orders import captured_orders, order_lines
from tests.bench.pages import buyers, captured_pages, find_places, one_body, page_lines
from tests.bench.sign_ins import give_passwords, sign_in_lines
from tests.bench.tenancy import tenancy_lines


class Plan(msgspec.Struct, frozen=True):
    """How much is measured."""

    size: Size = Size()
    rounds: int = 5
    seconds: float = 2.5
    captured: int = 500
    calls: int = 20_000
    tenants: int = 200
    many: int = 1_000
    entries: int = 200_000


QUICK = Plan(
    size=Size(skus=1_200, customers=100, listed=400),
    rounds=2,
    seconds=1,
    captured=200,
    calls=4_000,
    tenants=20,
    many=60,
    entries=20_000,
)


async def run(plan: Plan) -> list[Line]:
    """Measure everything."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-bench-"))
    try:
        async with postgres_server() as server:
            return await _run(plan, server, folder)
    finally:
        shutil.rmtree(folder)


async def _run(plan: Plan, server: DatabaseServer, folder: Path) -> list[Line]:
    host = PluginHost()
    await migrate_server(server, migration_sources(host))
    settings = Settings(data_dir=folder, secret_key=TEST_SECRET_KEY)
    small = await clone_database(server, f"{server.database}_small")
    async with _kernel(server, host, settings) as kernel:
        shop = await make_distributor(kernel, plan.size)
    _say(f"{plan.size.skus} SKUs, {plan.size.customers} customers")
    await _tidy(server)
    among = await with_neighbours(server, shop, plan.tenants)
    _say(f"{plan.tenants} tenants")
    try:
        async with _kernel(server, host, settings) as kernel:
            lines = await _measure(plan, kernel, shop, among, folder)
        async with _kernel(among, host, settings) as kernel:
            lines += await job_lines(kernel, rounds=plan.rounds)
            _say("jobs measured")
            lines += await audit_lines(kernel, shop.tenant, rounds=plan.rounds, entries=plan.entries)
        _say("audit log measured")
        return lines + await _tenancy(plan, small, host, settings)
    finally:
        await drop_clone(among)


async def _tenancy(plan: Plan, server: DatabaseServer, host: PluginHost, settings: Settings) -> list[Line]:
    """Measure with one small distributor, and with a thousand like it."""
    async with _kernel(server, host, settings) as kernel:
        shop = await make_distributor(kernel, SMALL)
        await give_passwords(kernel, shop)
    among = await with_copies(server, shop, plan.many)
    _say(f"{plan.many} small tenants")
    try:
        lines = await tenancy_lines(
            server, among, shop, tenants=plan.many, rounds=plan.rounds * 3, seconds=plan.seconds / 4
        )
    finally:
        await drop_clone(among)
    with serving.headgate(server) as headgate:
        lines += await sign_in_lines(headgate, shop, rounds=plan.rounds, seconds=plan.seconds)
    await drop_clone(server)
    _say("tenancy measured")
    return lines


async def _measure(
    plan: Plan, kernel: Kernel, shop: Distributor, among: DatabaseServer, folder: Path
) -> list[Line]:
    lines = [
        await hook_line(kernel, shop, rounds=plan.rounds, calls=plan.calls),
        await request_line(kernel, shop, rounds=plan.rounds, calls=plan.calls // 2),
        await admission_line(kernel, rounds=plan.rounds, calls=plan.calls),
    ]
    actors = await buyers(kernel, shop)
    places = await find_places(kernel, shop, actors[0])
    page_reference = await captured_pages(kernel, shop, plan.captured, folder)
    order_references = await captured_orders(kernel, shop, plan.captured, folder)
    _say(f"{plan.captured} orders and pages taken down")
    with ExitStack() as servers:
        headgate = servers.enter_context(serving.headgate(kernel.databases.server))
        body = folder / "page.json"
        body.write_bytes(await one_body(headgate, shop, places))
        bare = servers.enter_context(serving.bare(body))
        lines += await page_lines(
            headgate, bare, shop, places, page_reference, rounds=plan.rounds, seconds=plan.seconds
        )
        _say("pages measured")
        with serving.headgate(among) as crowded:
            lines.append(
                await neighbour_line(
                    headgate,
                    crowded,
                    shop,
                    places,
                    tenants=plan.tenants,
                    rounds=plan.rounds,
                    seconds=plan.seconds,
                )
            )
        _say("neighbours measured")
        lines += await order_lines(headgate, shop, order_references, rounds=plan.rounds, seconds=plan.seconds)
        with serving.headgate(kernel.databases.server, limits=False) as unmetered:
            lines.append(
                await metering_line(headgate, unmetered, shop, rounds=plan.rounds, seconds=plan.seconds)
            )
        lines.append(
            await flood_line(kernel, headgate, shop, places, rounds=plan.rounds, seconds=plan.seconds)
        )
        _say("plans measured")
        memory = headgate.memory_bytes() / 2**20
    lines.append(
        Line(
            what="memory of one worker",
            ours=f"{memory:.0f} MB",
            reference="",
            ratio="",
            budget="<= 250 MB",
            met=memory <= 250,
        )
    )
    return lines


@asynccontextmanager
async def _kernel(server: DatabaseServer, host: PluginHost, settings: Settings) -> AsyncIterator[Kernel]:
    databases = await Databases.connect(server, migration_sources(host))
    try:
        yield Kernel(settings, databases, host)
    finally:
        await databases.app.close()
        await databases.platform.close()


async def _tidy(server: DatabaseServer) -> None:
    connection = await asyncpg.connect(server.admin)
    try:
        await connection.execute("VACUUM ANALYZE")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


_began = time.monotonic()


def _say(words: str) -> None:
    print(f"{time.monotonic() - _began:5.0f} s  {words}", flush=True)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="less data and fewer rounds, to see that it works"
    )
    plan = QUICK if parser.parse_args().quick else Plan()
    load = os.getloadavg()[0]
    lines = uvloop.run(run(plan))
    print(f"\n{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, "
          f"load of the machine before: {load:.1f}; medians of {plan.rounds} rounds\n")  # fmt: skip
    print(table(lines))


if __name__ == "__main__":
    main()
