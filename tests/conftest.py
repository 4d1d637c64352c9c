"""A filled distributor for the tests that cross rooms, and its people signed in."""

from uuid import uuid4

import httpx
import pytest

from tests.shop import Shop, fill_shop


@pytest.fixture
async def shop(kernel, new_tenant) -> Shop:
    """With goods, customers, prices and stock; its orders have come to their end."""
    return await fill_shop(kernel, await new_tenant(), open_orders=False)


@pytest.fixture
async def people(shop, client_for) -> dict[str, httpx.AsyncClient]:
    """Everybody of the shop, by role."""
    return {
        role: await client_for(shop.tenant, role)
        for role in ("buyer", "buyer2", "clerk", "finance", "warehouse", "owner")
    }


@pytest.fixture
def key():
    """A new idempotency key as a header."""
    return lambda: {"Idempotency-Key": uuid4().hex}
