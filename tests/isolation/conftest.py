"""Two distributors filled alike, clients of all their people, and what nobody may have seen or changed."""

import secrets
from collections.abc import Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from uuid import uuid4

import httpx
import msgspec
import pytest
from headgate_kernel.web.assets_manifest import asset
from headgate_kernel.web.session_cookie import SESSION_COOKIE
from headgate_sdk.testing.checksums import changed_tables, checksums, tenant_tables
from headgate_sdk.testing.tenants import actor_of, make_tenant, sign_in
from headgate_trade.api import set_cart_line

from tests.shop import Shop, fill_shop, order_at, spare_attribute
from tests.shop_people import fill_people


class House(msgspec.Struct, kw_only=True):
    """Two shops that know nothing of each other, and the way in.

    Args:
        mine: where people try things.
        theirs: what they must not reach.
        trial: where everything that is allowed is done.
        client: opens a client at a shop's host with the session of a shop's person; an empty role is nobody.
        unchanged: insists that no row of either shop differs when its block ends.
    """

    mine: Shop
    theirs: Shop
    trial: Shop
    client: Callable
    unchanged: Callable


@pytest.fixture(scope="session")
async def open_client(app, kernel):
    """Open clients for the whole session, one for each host, person and way to carry the session."""
    clients: dict[tuple[str, str, str, bool], httpx.AsyncClient] = {}

    async def opened(
        host: Shop, role: str = "", *, of: Shop | None = None, bearer: bool = False, fresh: bool = False
    ):
        home = of or host
        key = (host.mark, role, home.mark, bearer)
        if key not in clients or fresh:
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url=f"http://{host.tenant.info.slug}.localhost",
                headers={"sec-fetch-site": "same-origin", "accept-encoding": "identity"},
            )  # fmt: skip
            if role:
                carrier = httpx.AsyncClient()
                await sign_in(kernel, carrier, home.tenant, role)
                token = next(iter(carrier.cookies.jar)).value
                await carrier.aclose()
                client.headers["authorization" if bearer else "cookie"] = (
                    f"Bearer {token}" if bearer else f"{SESSION_COOKIE}={token}"
                )
            if fresh:
                return client
            clients[key] = client
        return clients[key]

    yield opened
    for client in clients.values():
        await client.aclose()


@pytest.fixture(scope="session")
async def house(kernel, app, open_client) -> House:
    mine, theirs, trial = [await fill_shop(kernel, await make_tenant(kernel)) for _ in range(3)]
    tables = await tenant_tables(kernel)

    @asynccontextmanager
    async def unchanged():
        tenants = [mine.tenant, theirs.tenant]
        before = await checksums(kernel, tenants, tables)
        yield
        assert not changed_tables(before, await checksums(kernel, tenants, tables))

    return House(mine=mine, theirs=theirs, trial=trial, client=open_client, unchanged=unchanged)


@pytest.fixture
def fresh_ids(kernel):
    """Give a shop's own ids, with orders that nobody has touched yet, and something in the buyer's cart."""

    async def give(shop: Shop) -> dict[str, str]:
        async with kernel.context(shop.tenant, actor=await actor_of(kernel, shop.tenant, "buyer")) as ctx:
            await set_cart_line(ctx, shop.skus["fee"], "个", Decimal(1))
        async with kernel.context(shop.tenant) as ctx:
            attribute = await spare_attribute(ctx)
        new, shipped = await order_at(kernel, shop, "new"), await order_at(kernel, shop, "shipped")
        people = await fill_people(
            kernel, shop.tenant, shop.customers["first"], shop.canary, shop.secret
        )  # fmt: skip
        return own_ids(shop) | people.by_kind() | {
            "order": str(new), "shipped order": str(shipped), "attribute": str(attribute),
        }  # fmt: skip

    return give


def own_ids(shop: Shop) -> dict[str, str]:
    """Give a shop's ids by the kinds of `arguments`."""
    return {
        "sku": str(shop.skus["bolt"]),
        "other sku": str(shop.skus["nut"]),
        "customer": str(shop.customers["first"]),
        "order": str(shop.orders["new"]),
        "shipped order": str(shop.orders["shipped"]),
        "attribute": str(shop.attribute),
        "price list": str(shop.price_list),
        "group": str(shop.group),
        "category": str(shop.category),
        "picture": str(shop.picture),
        "import file": str(shop.file),
        "impersonation": str(shop.impersonation),
        "passkey": str(shop.passkey),
        "sso link": str(shop.sso_link),
        **shop.people.by_kind(),
        "tenant": shop.tenant.info.slug,
        "sku code": shop.code("bolt"),
        "customer code": shop.code("first"),
        "word": shop.mark,
        "asset": asset("app.css").rpartition("/")[2],
    }


def nobodys_ids(shop: Shop) -> dict[str, str]:
    """Give ids as a shop has them, of which nothing exists."""
    ids = {kind: str(uuid4()) for kind in own_ids(shop)}
    mark = f"x{secrets.token_hex(4)}"
    return ids | {
        "sku code": f"{mark}-bolt",
        "customer code": f"{mark}-first",
        "word": mark,
        "asset": own_ids(shop)["asset"],
    }
