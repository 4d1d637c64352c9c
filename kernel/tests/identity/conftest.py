"""A house whose time stands still until a test moves it, people of a fresh tenant, browsers at its door."""

import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from uuid import UUID

import httpx
import msgspec
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.identity.opening import open_session
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.runtime import Kernel
from headgate_sdk.clock import ManualClock
from headgate_sdk.testing.application import running
from litestar import Litestar

PASSWORD = "correct horse battery"
START = datetime(2026, 3, 1, 12, tzinfo=UTC)
_addresses = itertools.count(1)


class Somebody(msgspec.Struct):
    """One of a tenant's people."""

    id: UUID
    membership_id: UUID
    login: str


@pytest.fixture(scope="session")
def house_clock() -> ManualClock:
    return ManualClock(START)


@pytest.fixture(scope="session")
def house(kernel: Kernel, house_clock: ManualClock) -> Kernel:
    """The kernel on the same database with a clock of its own."""
    return Kernel(kernel.settings, kernel.databases, kernel.host, house_clock)


@pytest.fixture(scope="session")
async def house_app(house: Kernel) -> AsyncIterator[Litestar]:
    async with running(create_app(house.settings, kernel=house)) as application:
        yield application


@pytest.fixture
def clock(house_clock: ManualClock) -> ManualClock:
    house_clock.moment = START
    return house_clock


@pytest.fixture
def address() -> str:
    """A network address that no other test uses."""
    number = next(_addresses)
    return f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"


@pytest.fixture
def somebody(kernel, tenant):
    """Gives one of the tenant's people by role."""

    async def give(role: str = "writer", at=tenant) -> Somebody:
        login = f"{role}@{at.info.slug}.example"
        async with kernel.databases.platform_scope() as db:
            row = await db.fetch_row(
                "SELECT person_id, id FROM membership WHERE tenant_id = $1 AND login = $2", at.info.id, login
            )
        return Somebody(row["person_id"], row["id"], login)

    return give


@pytest.fixture
def opened(house, clock, tenant, somebody, address):
    """Opens sessions of the tenant's people."""

    async def go(role: str = "writer", **more):
        person = await somebody(role)
        values = {
            "tenant_id": tenant.info.id,
            "method": "password",
            "address": address,
            "user_agent": "tests",
        }
        return await open_session(house, person_id=person.id, **(values | more))

    return go


@pytest.fixture
async def visit(house_app, tenant, address):
    """Opens browsers at the tenant's host, or another one; `token` is of a session."""
    clients: list[httpx.AsyncClient] = []

    def at(host: str = "", *, token: str = "", **headers: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=house_app, client=(address, 1)),
            base_url=f"http://{host or tenant.info.slug + '.localhost'}",
            headers={"sec-fetch-site": "same-origin"} | headers,
        )
        if token:
            client.cookies.set("headgate_session", token, domain=client.base_url.host)
        clients.append(client)
        return client

    yield at
    for client in clients:
        await client.aclose()


@pytest.fixture
def letters(house):
    """Sends what is due and gives what somebody got, the oldest first."""

    async def to(recipient: str, template: str = ""):
        await run_due_jobs(house)
        return [n for n in house.notices.to(recipient) if template in {"", n.message.template}]

    return to


@pytest.fixture
def trail(kernel, tenant):
    """Gives the tenant's audit log: action, actor, subject, details."""

    async def read(action: str = ""):
        async with kernel.context(tenant) as ctx:
            rows = await ctx.db.fetch(
                "SELECT action, actor_name, subject, details, address FROM audit_entry "
                "WHERE tenant_id = $1 AND ($2 = '' OR action = $2) ORDER BY id",
                tenant.info.id, action,
            )  # fmt: skip
        return [(r["action"], r["actor_name"], r["subject"], msgspec.json.decode(r["details"])) for r in rows]

    return read
