"""People who sign in with passwords while others shop: how many a second, and what the shoppers notice."""

import asyncio
from statistics import median

import msgspec
from headgate_kernel.identity.passwords import hash_password
from headgate_kernel.runtime import Kernel

from tests.bench.goods import Distributor
from tests.bench.load import Load, drive, request
from tests.bench.measuring import Line, Sample, measure, spread
from tests.bench.pages import CLIENTS
from tests.bench.serving import Server
from tests.bench.tenancy import PAGE, products_of_one

PASSWORD = "a password of the bench"
SIGNING_IN = 4
SHOPPING = CLIENTS // 2


async def give_passwords(kernel: Kernel, shop: Distributor) -> None:
    """Let the distributor's buyers sign in; hashed once for all of them."""
    hashed = await hash_password(PASSWORD)
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "INSERT INTO person_password (person_id, hash, changed_at) "
            "SELECT person_id, $2, now() FROM membership WHERE tenant_id = $1 AND login LIKE 'bench%' "
            "ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash",
            shop.tenant.info.id, hashed,
        )  # fmt: skip


async def sign_in_lines(server: Server, shop: Distributor, *, rounds: int, seconds: float) -> list[Line]:
    """Measure."""
    mall: dict[str, list[Load]] = {"quiet": [], "busy": []}
    sign_ins: list[Load] = []

    async def shopping(kind: str) -> float:
        make = products_of_one(shop, PAGE)
        load = await drive(server.port, make, clients=SHOPPING, seconds=seconds)
        mall[kind].append(load)
        return load.quantile(0.95)

    async def signing_in() -> None:
        sign_ins.append(
            await drive(
                server.port, lambda client: _sign_in(shop, client), clients=SIGNING_IN, seconds=seconds
            )
        )

    async def quiet() -> float:
        return await shopping("quiet")

    async def busy() -> float:
        p95, _ = await asyncio.gather(shopping("busy"), signing_in())
        return p95

    samples: dict[str, Sample] = {"quiet": quiet, "busy": busy}
    taken = await measure(samples, rounds)
    slower = [busy / quiet for busy, quiet in zip(taken["busy"], taken["quiet"], strict=True)]
    rate = [load.rate for load in sign_ins]
    waited = median(load.quantile(0.95) for load in sign_ins)
    return [
        Line(
            what="mall's p95 while people sign in",
            ours=f"{median(taken['busy']):.1f} ms, {median(load.rate for load in mall['busy']):,.0f}/s",
            reference=f"nobody signs in {median(taken['quiet']):.1f} ms, "
            f"{median(load.rate for load in mall['quiet']):,.0f}/s",
            ratio=spread(slower), budget="<= 1.5", met=median(slower) <= 1.5,
        ),
        Line(
            what="  sign-ins meanwhile", ours=f"{median(rate):.1f}/s, p95 {waited:,.0f} ms",
            reference=f"{SIGNING_IN} people at once, {SHOPPING} shopping", ratio=spread(rate, 1) + " /s",
        ),
    ]  # fmt: skip


def _sign_in(shop: Distributor, client: int) -> bytes:
    slug = shop.tenant.info.slug
    login = f"bench{client % len(shop.buyers)}@{slug}.example"
    body = msgspec.json.encode({"login": login, "password": PASSWORD})
    return request("POST", "/api/v1/sessions", shop.host, body=body)
