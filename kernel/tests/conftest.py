"""A kernel with plugins made for these tests, on one migrated database; each test gets tenants of its own.

Row-level security keeps tenants apart, so nothing is cleaned up between tests. Units of work are opened
inside tests: they belong to one task, and fixtures run in another.
"""

import itertools
import os
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import httpx
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.config import Settings
from headgate_kernel.database.database import Databases
from headgate_kernel.database.migrations import migrate_server
from headgate_kernel.identity.memberships import save_members, save_roles
from headgate_kernel.identity.passwords import hash_password
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.plugins.activation import set_active
from headgate_kernel.plugins.discovery import InstalledPlugin
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import Kernel, migration_sources
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.tenancy.plan_terms import MeterLimit, MeterLimits, Plan, PlanName
from headgate_kernel.tenancy.plans import apply_plans, assign_plan, list_plans
from headgate_kernel.tenancy.tenants import save_tenant
from headgate_kernel.web.session_cookie import SESSION_COOKIE
from headgate_sdk.blueprint import PersonEntry, Profile, RoleEntry
from headgate_sdk.context import SYSTEM
from headgate_sdk.testing.application import running
from headgate_sdk.testing.server import TEST_SECRET_KEY, open_temporary_folder, postgres_server
from litestar import Litestar

sys.path.insert(0, str(Path(__file__).parent / "sample_plugins"))

import headgate_lone.plugin
import headgate_sample.plugin
import headgate_sample_extra.plugin

PASSWORD = "correct horse battery"
ROLES = (
    RoleEntry("owner", "Owner", ("*",)),
    RoleEntry("reader", "Reader", ("sample.notes.read",)),
    RoleEntry("writer", "Writer", ("sample.notes.*",)),
    RoleEntry("buyer", "Buyer", ()),
)
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def plugin_host() -> PluginHost:
    modules = (headgate_sample.plugin, headgate_sample_extra.plugin, headgate_lone.plugin)
    return PluginHost([InstalledPlugin(module.manifest, module) for module in modules])


@pytest.fixture(scope="session")
async def kernel(plugin_host: PluginHost) -> AsyncIterator[Kernel]:
    settings = Settings(data_dir=open_temporary_folder(), secret_key=TEST_SECRET_KEY)
    async with postgres_server() as server:
        await migrate_server(server, migration_sources(plugin_host))
        databases = await Databases.connect(server, migration_sources(plugin_host), most=8)
        yield Kernel(settings, databases, plugin_host)
        await databases.app.close()
        await databases.platform.close()


@pytest.fixture(scope="session")
async def app(kernel: Kernel) -> AsyncIterator[Litestar]:
    async with running(create_app(kernel.settings, kernel=kernel)) as application:
        yield application


@pytest.fixture(scope="session")
async def password_hash() -> str:
    return await hash_password(PASSWORD)


@pytest.fixture
def new_tenant(kernel: Kernel, password_hash: str):
    """Makes tenants; logins are `<role>@<slug>.example`, all with the same password."""

    async def make(*plugins: str) -> Tenant:
        slug = f"k{os.getpid()}-{next(_numbers)}"
        now = kernel.clock.now()
        people = [
            PersonEntry(
                login_of(role.key, slug),
                role.name,
                "customer" if role.key == "buyer" else "staff",
                (role.key,),
            )
            for role in ROLES
        ]
        profile = Profile(
            slug=slug, name=f"Tenant {slug}", currency="CNY", timezone="Asia/Shanghai", locale="en"
        )
        async with kernel.databases.platform_scope() as db:
            await save_tenant(db, profile, domain="localhost", at=now)
            ids = await save_people(db, [NewPerson(p.login, p.name, password_hash) for p in people], now)
        async with kernel.context(await kernel.tenant(slug)) as ctx:
            await set_active(ctx, kernel.host, plugins or ("sample",))
            await save_roles(ctx, ROLES)
            await save_members(ctx, people, ids)
        return await kernel.tenant(slug)

    return make


@pytest.fixture
async def tenant(new_tenant) -> Tenant:
    return await new_tenant()


@pytest.fixture
async def other_tenant(new_tenant) -> Tenant:
    return await new_tenant()


@pytest.fixture
def give_plan(kernel: Kernel):
    """Puts a tenant on a plan of its own, or changes that one; meters are given as (soft, hard).

    All other tenants are on the first plan, which limits nothing.
    """

    async def give(tenant: Tenant, *, key: str = "", plugins="*", requests=None, **meters) -> Plan:
        key = key or f"p{os.getpid()}-{next(_numbers)}"
        limits = MeterLimits(**{meter: MeterLimit(*pair) for meter, pair in meters.items()})
        plan = Plan(key, PlanName("Small", "小号"), plugins, requests, limits)
        now = kernel.clock.now()
        async with kernel.databases.platform_scope() as db:
            others = [one.plan for one in await list_plans(db) if one.plan.key != key]
            first = [] if others else [Plan("open", PlanName("Open", "开放版"), "*")]
            await apply_plans(db, [*first, *others, plan], actor=SYSTEM, now=now)
            await assign_plan(db, tenant.info.id, key, actor=SYSTEM, now=now)
        kernel.directory.forget(tenant.info.id)
        return plan

    return give


@pytest.fixture
async def operator(kernel: Kernel, password_hash: str) -> str:
    """Login of somebody who runs the platform."""
    login = f"operator{next(_numbers)}@{os.getpid()}.example"
    async with kernel.databases.platform_scope() as db:
        await save_people(db, [NewPerson(login, "Op", password_hash, is_operator=True)], kernel.clock.now())
    return login


def login_of(role: str, slug: str) -> str:
    return f"{role}@{slug}.example"


@pytest.fixture
async def browse(app: Litestar) -> AsyncIterator[Callable[..., httpx.AsyncClient]]:
    """Opens browsers at a host; they say where their requests come from, as browsers do."""
    opened: list[httpx.AsyncClient] = []

    def at(host: str, **headers: str) -> httpx.AsyncClient:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"http://{host}",
            headers={"sec-fetch-site": "same-origin"} | headers,
        )  # fmt: skip
        opened.append(client)
        return client

    yield at
    for client in opened:
        await client.aclose()


@pytest.fixture
def token_for(kernel: Kernel):
    """Opens sessions of a tenant's people without the cost of a password."""

    async def give(tenant: Tenant, role: str) -> str:
        async with kernel.databases.platform_scope() as db:
            row = await db.fetch_row(
                "SELECT id, person_id FROM membership WHERE tenant_id = $1 AND login = $2",
                tenant.info.id, login_of(role, tenant.info.slug),
            )  # fmt: skip
        return await kernel.sessions.open(row["person_id"], tenant.info.id, row["id"], "tests")

    return give


@pytest.fixture
def client_for(browse, token_for):
    """Signs people of a tenant in, by the key of their role; empty: nobody."""

    async def sign(tenant: Tenant, role: str = "", **headers: str) -> httpx.AsyncClient:
        client = browse(f"{tenant.info.slug}.localhost", **headers)
        if role:
            client.cookies.set(SESSION_COOKIE, await token_for(tenant, role))
        return client

    return sign
