"""What a request costs with one distributor and with a thousand, and with row-level security and without."""

import itertools
import random
from collections.abc import Callable
from statistics import median

import asyncpg
from headgate_kernel.database.server import DatabaseServer

from tests.bench.goods import Distributor
from tests.bench.load import Load, drive, request
from tests.bench.many_tenants import host_of, token_of
from tests.bench.measuring import Line, cost_line, measure, rate_line
from tests.bench.pages import CLIENTS
from tests.bench.serving import Server, cpu_seconds, headgate

WARM = 20
"""Distributors among which requests go round so fast that each is asked for again while it is remembered."""

Make = Callable[[int], bytes]


class Measured:
    """Loads of one kind, with the processor time of each request: the server's and its database's.

    Args:
        server: that is asked.
        database: where its connections are.
        make: gives the next request of a client.
        seconds: of each load.
    """

    def __init__(self, server: Server, database: DatabaseServer, make: Make, seconds: float) -> None:
        self._server, self._database, self._make, self._seconds = server, database, make, seconds
        self.loads: list[Load] = []
        self.cpu: list[float] = []

    async def sample(self) -> float:
        """Drive a while and give the rate."""
        before = await self._cpu_seconds()
        load = await drive(self._server.port, self._make, clients=CLIENTS, seconds=self._seconds)
        self.loads.append(load)
        self.cpu.append((await self._cpu_seconds() - before) / len(load.latencies) * 1e6)
        return load.rate

    @property
    def p95(self) -> float:
        """Median over the rounds, in milliseconds."""
        return median(load.quantile(0.95) for load in self.loads)

    async def _cpu_seconds(self) -> float:
        connection = await asyncpg.connect(self._database.admin)
        try:
            rows = await connection.fetch(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                "AND application_name LIKE 'headgate%'"
            )
        finally:
            await connection.close()
        return self._server.cpu_seconds() + sum(cpu_seconds(row["pid"]) for row in rows)


def products_of_one(shop: Distributor, path: str) -> Make:
    """Ask for a product as one of the buyers of one distributor."""

    def make(client: int) -> bytes:
        token = shop.buyers[client % len(shop.buyers)]
        return request("GET", path.format(random.choice(shop.skus)), shop.host, token=token)

    return make


def products_of_many(shop: Distributor, path: str, tenants: int) -> Make:
    """Ask for a product at one distributor after the other, as one of its buyers."""
    numbers = itertools.cycle(range(2, tenants + 2))

    def make(_client: int) -> bytes:
        number = next(numbers)
        token = token_of(number, number % len(shop.buyers))
        return request("GET", path.format(random.choice(shop.skus)), host_of(number), token=token)

    return make


JSON, PAGE = "/api/v1/mall/skus/{}", "/mall/sku/{}"


async def tenancy_lines(
    alone: DatabaseServer, among: DatabaseServer, shop: Distributor, *, tenants: int, rounds: int,
    seconds: float,
) -> list[Line]:  # fmt: skip
    """Measure both.

    Args:
        alone: the database with one distributor.
        among: its copy with many.
        shop: the distributor.
        tenants: how many there are in the copy.
        rounds: how often each is measured.
        seconds: how long.
    """
    lines: list[Line] = []
    with headgate(alone) as one, headgate(among) as many:
        for name, path in (("product, JSON", JSON), ("product's page", PAGE)):
            kinds = {
                "alone": Measured(one, alone, products_of_one(shop, path), seconds),
                "same": Measured(many, among, products_of_one(shop, path), seconds),
                "warm": Measured(many, among, products_of_many(shop, path, min(WARM, tenants - 1)), seconds),
                "cold": Measured(many, among, products_of_many(shop, path, tenants - 1), seconds),
            }
            taken = await measure({kind: one.sample for kind, one in kinds.items()}, rounds)
            lines += _compared(name, kinds, taken, tenants)
    lines += await _security_lines(alone, shop, rounds=rounds, seconds=seconds)
    return lines


def _compared(
    name: str, kinds: dict[str, Measured], taken: dict[str, list[float]], tenants: int
) -> list[Line]:
    words = {
        "same": f"{name}: one of {tenants:,} tenants",
        "warm": f"{name}: {min(WARM, tenants - 1)} of {tenants:,} in turn, remembered",
        "cold": f"{name}: all {tenants:,} in turn, not remembered",
    }
    lines = []
    for kind, what in words.items():
        at_least = None if kind == "cold" else 0.9
        extra = f", p95 {kinds[kind].p95:.0f} ms"
        reference = f"the only tenant (p95 {kinds['alone'].p95:.0f} ms)"
        lines.append(rate_line(what, taken[kind], taken["alone"], reference, at_least=at_least, extra=extra))
        lines.append(
            cost_line(
                "  CPU of server and database", kinds[kind].cpu, kinds["alone"].cpu, "the only tenant",
                at_most=1.1 if at_least else None, kind="ratio",
            )
        )  # fmt: skip
    return lines


async def _security_lines(
    database: DatabaseServer, shop: Distributor, *, rounds: int, seconds: float
) -> list[Line]:
    """Let the same requests go once through the role under row-level security, once through one that is not.

    The tenant stands in every predicate either way, and the transaction begins with the tenant either way.
    """
    bypassing = DatabaseServer(
        admin=database.admin, app=database.platform, platform=database.platform,
        secret_key=database.secret_key,
    )  # fmt: skip
    make, name = products_of_one(shop, JSON), "a role that bypasses it"
    with headgate(database) as one, headgate(bypassing) as other:
        under, without = Measured(one, database, make, seconds), Measured(other, database, make, seconds)
        taken = await measure({"under": under.sample, "without": without.sample}, rounds)
    return [
        rate_line(
            "product, JSON: under row-level security", taken["under"], taken["without"], name, at_least=0.9
        ),
        cost_line(
            "  CPU of server and database", under.cpu, without.cpu, name, at_most=1.1, kind="ratio"
        ),
    ]  # fmt: skip
