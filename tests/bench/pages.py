"""A page of fifty goods with the buyer's prices and stock: as JSON, rendered, and what each costs."""

import random
from pathlib import Path
from statistics import median

import msgspec
from headgate_kernel.runtime import Kernel
from headgate_mall.http.catalogue_pages import find_skus
from headgate_mall.shelf import load_shelf
from headgate_sdk.context import Actor, Context
from headgate_trade.api import buyer, list_categories, quantities_in_cart

from tests.bench.capture import Sent, capture
from tests.bench.goods import Distributor
from tests.bench.load import Load, ask_once, drive, request
from tests.bench.measuring import Line, Sample, cost_line, measure, rate_line
from tests.bench.reference import Reference, Run, prepare
from tests.bench.serving import Server

CLIENTS = 8
PAGE = 50


class Places(msgspec.Struct, frozen=True):
    """Addresses of pages in the middle of the catalogue, as JSON and as HTML."""

    json: list[str]
    html: list[str]


async def find_places(kernel: Kernel, shop: Distributor, actor: Actor) -> Places:
    """Go through the categories and give the second page of each."""
    json, html = [], []
    async with kernel.context(shop.tenant, actor=actor) as ctx:
        for category in await list_categories(ctx):
            first = await find_skus(ctx, category.id, "", None, PAGE)
            json.append(f"/api/v1/mall/catalogue?category={category.id}&after={first.next}&limit={PAGE}")
            html.append(f"/mall/catalogue?category={category.id}&after={first.next}")
    return Places(json, html)


async def buyers(kernel: Kernel, shop: Distributor) -> list[Actor]:
    """Give the people behind the buyers' tokens."""
    return [(await kernel.sessions.find(token, shop.tenant.info.id)).actor for token in shop.buyers]


async def captured_pages(kernel: Kernel, shop: Distributor, count: int, folder: Path) -> Reference:
    """Give what a page sends, for pgbench."""
    chance = random.Random(7)
    actors = await buyers(kernel, shop)
    async with kernel.context(shop.tenant, actor=actors[0]) as ctx:
        categories = await list_categories(ctx)
        after = {one.id: (await find_skus(ctx, one.id, "", None, PAGE)).next for one in categories}
    runs: list[list[Sent]] = []
    for _ in range(count):
        category = chance.choice(categories).id

        async def read(ctx: Context) -> None:
            customer = await buyer(ctx)
            found = await find_skus(ctx, category, "", after[category], PAGE)  # noqa: B023 (called before the next turn)
            await load_shelf(ctx, customer.id, found.items, await quantities_in_cart(ctx))

        runs.append(await capture(kernel, shop.tenant, chance.choice(actors), read))
    return await prepare(kernel.databases.server, shop.tenant.info.id, "read_page", runs, folder)


def page_request(shop: Distributor, paths: list[str], client: int) -> bytes:
    """Ask for one of the pages as one of the buyers."""
    return request("GET", random.choice(paths), shop.host, token=shop.buyers[client % len(shop.buyers)])


async def one_body(server: Server, shop: Distributor, places: Places) -> bytes:
    """Give the JSON of one page, for the bare server to send."""
    status, body = await ask_once(server.port, page_request(shop, places.json[:1], 0))
    assert status == 200, body
    return body


async def page_lines(
    server: Server,
    bare: Server,
    shop: Distributor,
    places: Places,
    reference: Reference,
    *,
    rounds: int,
    seconds: float,
) -> list[Line]:
    """Measure."""
    loads: dict[str, list[tuple[Load, float]]] = {"json": [], "html": [], "bare": []}
    runs: list[Run] = []

    def ours(name: str, which: Server, paths: list[str]) -> Sample:
        async def sample() -> float:
            before = which.cpu_seconds()
            load = await drive(
                which.port, lambda client: page_request(shop, paths, client), clients=CLIENTS, seconds=seconds
            )
            loads[name].append((load, which.cpu_seconds() - before))
            return load.rate

        return sample

    async def pgbench() -> float:
        runs.append(await reference.run(clients=CLIENTS, seconds=seconds))
        return runs[-1].rate

    taken = await measure(
        {
            "json": ours("json", server, places.json),
            "pgbench": pgbench,
            "bare": ours("bare", bare, ["/"]),
            "html": ours("html", server, places.html),
        },
        rounds,
    )

    def p95(name: str) -> float:
        return median(load.quantile(0.95) for load, _ in loads[name])

    def cpu(name: str) -> list[float]:
        return [spent / len(load.latencies) * 1e6 for load, spent in loads[name]]

    return [
        rate_line(
            f"page of {PAGE} with own prices and stock, JSON",
            taken["json"],
            taken["pgbench"],
            f"pgbench, same statements (p95 {median(run.p95 for run in runs):.0f} ms)",
            extra=f", p95 {p95('json'):.0f} ms",
        ),
        rate_line("", taken["json"], taken["bare"], f"bare Litestar, same JSON (p95 {p95('bare'):.0f} ms)"),
        cost_line(
            "the same rendered, CPU of the server", cpu("html"), cpu("json"), "JSON", at_most=2, kind="ratio"
        ),
    ]
