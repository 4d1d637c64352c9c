"""A filled distributor behind a real server, and its people with tokens."""

from collections.abc import Iterator
from uuid import UUID

import pytest
from headgate_sdk.testing.tenants import make_tenant

from tests.faults.serving import Served, served
from tests.isolation.conftest import own_ids
from tests.shop import Shop, fill_shop


@pytest.fixture(scope="session")
async def api_shop(kernel) -> Shop:
    """A distributor that nothing else uses: what is asked of it may end anything."""
    return await fill_shop(kernel, await make_tenant(kernel))


@pytest.fixture(scope="session")
def api(kernel, api_shop) -> Iterator[Served]:
    """Headgate as it is run."""
    with served(kernel.databases.server) as server:
        yield server


@pytest.fixture
def ids(api_shop) -> dict[str, str]:
    """The shop's ids by kind."""
    return own_ids(api_shop)


@pytest.fixture
def token_of(kernel, api_shop):
    """Sign somebody in, without the cost of a password."""

    async def token(role: str) -> str:
        login = f"{role}@{api_shop.tenant.info.slug}.example"
        async with kernel.databases.platform_scope() as db:
            row = await db.fetch_row(
                "SELECT id, person_id FROM membership WHERE tenant_id = $1 AND login = $2",
                api_shop.tenant.info.id, login,
            )  # fmt: skip
        opened: tuple[UUID, UUID] = (row["person_id"], row["id"])
        return await kernel.sessions.open(opened[0], api_shop.tenant.info.id, opened[1], "tests")

    return token
