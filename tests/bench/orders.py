"""Placing orders of five lines over HTTP, against pgbench with the same statements; all on the same goods."""

import random
import re
import time
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import msgspec
from headgate_kernel.runtime import Kernel
from headgate_sdk.context import SYSTEM, Context
from headgate_trade.api import OrderInput, OrderLineInput, PlacedOrder, place_order

from tests.bench.capture import Sent, capture
from tests.bench.goods import Distributor
from tests.bench.load import Load, drive, request
from tests.bench.measuring import Line, Sample, measure, rate_line
from tests.bench.reference import Reference, prepare
from tests.bench.serving import Server

LINES = 5
CLIENTS = 8
SAVEPOINTS = re.compile(r"^(?!SAVEPOINT|RELEASE)")


async def captured_orders(
    kernel: Kernel, shop: Distributor, count: int, folder: Path
) -> tuple[Reference, Reference]:
    """Give what placing an order sends, and the same without savepoints, for pgbench."""
    chance = random.Random(5)

    async def place(ctx: Context, key: str) -> PlacedOrder:
        lines = tuple(
            OrderLineInput(sku, "个", Decimal(chance.randrange(1, 20)))
            for sku in chance.sample(shop.skus, LINES)
        )
        return await place_order(ctx, OrderInput(chance.choice(shop.customers), lines, source="api"), key)

    runs: list[list[Sent]] = []
    fresh: list[frozenset[str]] = []
    began = time.time_ns() // 1_000_000
    for number in range(count):
        key = f"capture-{number}"
        placed: list[PlacedOrder] = []

        async def use_case(ctx: Context) -> None:
            placed.append(await place(ctx, key))  # noqa: B023 (called before the next turn)

        sent = await capture(kernel, shop.tenant, SYSTEM, use_case)
        runs.append(sent)
        fresh.append(_new_ids(sent, began) | {key, placed[0].number})
    server, tenant_id = kernel.databases.server, shop.tenant.info.id
    whole = await prepare(server, tenant_id, "place_order", runs, folder, fresh=fresh)
    bare = await prepare(server, tenant_id, "place_order_bare", runs, folder, fresh=fresh, only=SAVEPOINTS)
    return whole, bare


def _new_ids(sent: Sequence[Sent], since: int) -> frozenset[str]:
    """Find the ids that were made for this order: of version 7, and from now."""
    values = (value for one in sent for value in one.values)
    items = (item for value in values for item in (value if isinstance(value, list) else [value]))
    return frozenset(
        str(item)
        for item in items
        if isinstance(item, UUID) and item.version == 7 and item.int >> 80 >= since
    )


class Buying:
    """Makes requests that place orders."""

    def __init__(self, shop: Distributor) -> None:
        self._shop = shop
        self._chance = random.Random()
        self._few = shop.skus[:LINES]

    def anything(self, _client: int) -> bytes:
        """Order five goods of all there are."""
        return self._order(self._chance.sample(self._shop.skus, LINES))

    def the_same(self, _client: int) -> bytes:
        """Order the same five goods as everybody."""
        return self._order(self._few)

    def _order(self, skus: Sequence[UUID]) -> bytes:
        lines = [
            {"sku_id": sku, "unit": "个", "quantity": str(self._chance.randrange(1, 20))} for sku in skus
        ]
        body = msgspec.json.encode({"customer_id": self._chance.choice(self._shop.customers), "lines": lines})
        key = f"Idempotency-Key: bench-{self._chance.getrandbits(80):x}\r\n"
        return request(
            "POST", "/api/v1/orders", self._shop.host, token=self._shop.clerk, body=body, headers=key
        )


async def order_lines(
    server: Server, shop: Distributor, references: tuple[Reference, Reference], *, rounds: int, seconds: float
) -> list[Line]:
    """Measure."""
    buying = Buying(shop)
    loads: dict[str, list[Load]] = {"any": [], "same": []}

    def ours(kind: str) -> Sample:
        async def sample() -> float:
            make = buying.anything if kind == "any" else buying.the_same
            loads[kind].append(await drive(server.port, make, clients=CLIENTS, seconds=seconds))
            return loads[kind][-1].rate

        return sample

    def theirs(reference: Reference) -> Sample:
        async def sample() -> float:
            return (await reference.run(clients=CLIENTS, seconds=seconds)).rate

        return sample

    whole, bare = references
    samples = {"any": ours("any"), "whole": theirs(whole), "bare": theirs(bare), "same": ours("same")}
    taken = await measure(samples, rounds)
    p95 = sorted(load.quantile(0.95) for load in loads["any"])[rounds // 2]
    what = f"order of {LINES} lines, HTTP, {CLIENTS} clients"
    return [
        rate_line(
            what,
            taken["any"],
            taken["whole"],
            "pgbench, same statements",
            at_least=0.5,
            extra=f", p95 {p95:.0f} ms",
        ),
        rate_line("", taken["any"], taken["bare"], "pgbench, no savepoints"),
        rate_line(
            "all orders on the same five SKUs", taken["same"], taken["any"], "uncontended", at_least=0.4
        ),
    ]
