"""Makes tenants for tests: all plugins on, the usual roles, one person for each."""

import itertools
import os

import httpx
from headgate_kernel.identity.memberships import save_members, save_roles
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.plugins.activation import set_active
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.tenancy.tenants import save_tenant
from headgate_kernel.web.session_cookie import SESSION_COOKIE

from headgate_sdk.blueprint import PersonEntry, Profile, RoleEntry
from headgate_sdk.context import Actor

Client = httpx.AsyncClient

ROLES = (
    RoleEntry("owner", "Owner", ("*",)),
    RoleEntry(
        "clerk", "Sales clerk",
        ("trade.catalogue.*", "trade.customers.*", "trade.prices.*", "trade.stock.read", "trade.orders.read",
         "trade.orders.place", "trade.orders.approve_sales", "trade.orders.cancel", "trade.accounts.read",
         "trade.imports.run"),
    ),
    RoleEntry("finance", "Finance", ("trade.orders.read", "trade.orders.approve_finance",
                                     "trade.accounts.read")),
    RoleEntry("warehouse", "Warehouse", ("trade.catalogue.read", "trade.stock.*", "trade.orders.read",
                                         "trade.orders.outbound", "trade.orders.ship")),
    RoleEntry("buyer", "Buyer", ("trade.catalogue.read", "trade.orders.place_own", "trade.orders.cancel",
                                 "trade.orders.receive", "trade.accounts.read_own",
                                 "trade.company.write")),
)  # fmt: skip
"""Roles as blueprints give them."""

_numbers = itertools.count(1)


async def make_tenant(kernel: Kernel, *, currency: str = "CNY") -> Tenant:
    """Make a tenant with all plugins on; logins are `<role>@<slug>.example`, and `buyer2@…` besides."""
    slug = f"t{os.getpid()}-{next(_numbers)}"
    now = kernel.clock.now()
    people = [
        PersonEntry(
            f"{role.key}@{slug}.example",
            role.name,
            "customer" if role.key == "buyer" else "staff",
            (role.key,),
        )
        for role in ROLES
    ]
    people.append(PersonEntry(f"buyer2@{slug}.example", "Second buyer", "customer", ("buyer",)))
    async with kernel.databases.platform_scope() as db:
        await save_tenant(
            db,
            Profile(
                slug=slug, name=f"Tenant {slug}", currency=currency, timezone="Asia/Shanghai", locale="en"
            ),
            domain=kernel.settings.domain,
            at=now,
        )
        person_ids = await save_people(db, [NewPerson(person.login, person.name) for person in people], now)
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        await set_active(
            ctx, kernel.host, tuple(p.manifest.id for p in kernel.host.installed if not p.problem)
        )
        await save_roles(ctx, ROLES)
        await save_members(ctx, people, person_ids)
    return await kernel.tenant(slug)


async def sign_in(kernel: Kernel, client: Client, tenant: Tenant, role: str) -> None:
    """Give a client the session of a tenant's person, without the cost of a password."""
    login = f"{role}@{tenant.info.slug}.example"
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            SELECT m.id, m.person_id FROM membership m WHERE m.tenant_id = $1 AND m.login = $2
            """,
            tenant.info.id, login,
        )  # fmt: skip
    assert row is not None, f"nobody has the login {login}"
    token = await kernel.sessions.open(row["person_id"], tenant.info.id, row["id"], "tests")
    client.cookies.set(SESSION_COOKIE, token, domain=f"{tenant.info.slug}.localhost")


async def actor_of(kernel: Kernel, tenant: Tenant, role: str) -> Actor:
    """Give one of a tenant's people as use cases know them, by the key of their role."""
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            SELECT m.id, m.person_id, m.name, m.kind, r.permissions
            FROM membership m
            JOIN membership_role mr ON mr.tenant_id = $1 AND mr.membership_id = m.id
            JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
            WHERE m.tenant_id = $1 AND m.login = $2
            """,
            tenant.info.id, f"{role}@{tenant.info.slug}.example",
        )  # fmt: skip
    assert row is not None, f"nobody is {role} there"
    return Actor(
        row["kind"], row["name"], row["id"], row["person_id"], permissions=frozenset(row["permissions"])
    )
