"""Operators for tests: at the console, and as use cases know them."""

from uuid import UUID

import httpx
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.web.session_cookie import SESSION_COOKIE

from headgate_sdk.context import Actor
from headgate_sdk.ids import new_id


async def new_operator(kernel: Kernel, name: str = "Wang Qin") -> Actor:
    """Make somebody known who runs the platform."""
    login = f"op{new_id().hex[-12:]}@headgate.example"
    async with kernel.databases.platform_scope() as db:
        people = await save_people(db, [NewPerson(login, name, is_operator=True)], kernel.clock.now())
    return Actor("operator", name, person_id=people[login])


async def at_console(kernel: Kernel, client: httpx.AsyncClient, operator: Actor) -> httpx.AsyncClient:
    """Sign an operator in at the console."""
    assert operator.person_id is not None
    client.cookies.set(SESSION_COOKIE, await kernel.sessions.open(operator.person_id, None, None, "tests"))
    return client


async def membership_of(kernel: Kernel, tenant: Tenant, role: str) -> UUID:
    """Give the membership of a tenant's person, by the key of their role."""
    async with kernel.databases.platform_scope() as db:
        found: UUID = await db.fetch_value(
            "SELECT id FROM membership WHERE tenant_id = $1 AND login = $2",
            tenant.info.id, f"{role}@{tenant.info.slug}.example",
        )  # fmt: skip
    return found
