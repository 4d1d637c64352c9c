"""Fixtures for tests of plugins: load them with `pytest_plugins = ["headgate_sdk.testing.plugin"]`.

One server, one migrated database and one kernel serve a whole test session; each test gets tenants of its
own, which row-level security keeps apart, so nothing needs to be cleaned up between tests.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import httpx
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.config import Settings
from headgate_kernel.database.database import Databases
from headgate_kernel.database.migrations import migrate_server
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import Kernel, migration_sources
from headgate_kernel.tenancy.directory import Tenant
from litestar import Litestar

from headgate_sdk.clock import Clock
from headgate_sdk.context import SYSTEM, Actor, Context
from headgate_sdk.testing.application import running
from headgate_sdk.testing.server import TEST_SECRET_KEY, open_temporary_folder, postgres_server
from headgate_sdk.testing.tenants import Client, make_tenant, sign_in


class OpenContext(Protocol):
    """Opens a unit of work of the test's tenant."""

    def __call__(
        self, *, actor: Actor = SYSTEM, clock: Clock | None = None
    ) -> AbstractAsyncContextManager[Context]:
        """Commits on a normal exit."""
        ...


@pytest.fixture(scope="session")
def plugin_host() -> PluginHost:
    """The installed plugins."""
    return PluginHost()


@pytest.fixture(scope="session")
async def kernel(plugin_host: PluginHost) -> AsyncIterator[Kernel]:
    """A kernel on a migrated database with no tenants yet."""
    settings = Settings(data_dir=open_temporary_folder(), secret_key=TEST_SECRET_KEY)
    async with postgres_server() as server:
        await migrate_server(server, migration_sources(plugin_host))
        databases = await Databases.connect(server, migration_sources(plugin_host), most=24)
        yield Kernel(settings, databases, plugin_host)
        await databases.app.close()
        await databases.platform.close()


@pytest.fixture(scope="session")
async def app(kernel: Kernel) -> AsyncIterator[Litestar]:
    """The application, in this process."""
    async with running(create_app(kernel.settings, kernel=kernel)) as application:
        yield application


@pytest.fixture
def new_tenant(kernel: Kernel) -> Callable[[], Awaitable[Tenant]]:
    """Makes tenants with all plugins on, the usual roles, and people to sign in as."""

    async def make() -> Tenant:
        return await make_tenant(kernel)

    return make


@pytest.fixture
async def tenant(new_tenant: Callable[[], Awaitable[Tenant]]) -> Tenant:
    """A fresh tenant."""
    return await new_tenant()


@pytest.fixture
async def other_tenant(new_tenant: Callable[[], Awaitable[Tenant]]) -> Tenant:
    """Another fresh tenant."""
    return await new_tenant()


@pytest.fixture
def open_context(kernel: Kernel, tenant: Tenant) -> OpenContext:
    """Opens units of work of the test's tenant."""

    def opened(*, actor: Actor = SYSTEM, clock: Clock | None = None) -> AbstractAsyncContextManager[Context]:
        return kernel.context(tenant, actor=actor, clock=clock)

    return opened


@pytest.fixture
async def ctx(open_context: OpenContext) -> AsyncIterator[Context]:
    """A context of the system with an open unit of work, undone at the end if the test fails."""
    async with open_context() as context:
        context.db._task = None  # type: ignore[attr-defined]  # noqa: SLF001 (tests run in another task than fixtures)
        yield context


@pytest.fixture
def run_jobs(kernel: Kernel) -> Callable[[Tenant], Awaitable[list[str]]]:
    """Runs the jobs of a tenant that are due, as a worker would; gives the state that each one ended in."""

    async def run(tenant: Tenant) -> list[str]:
        return [outcome.state for outcome in await run_due_jobs(kernel, [tenant.info.id])]

    return run


@pytest.fixture
async def client_for(
    app: Litestar, kernel: Kernel
) -> AsyncIterator[Callable[[Tenant, str], Awaitable[Client]]]:
    """Signs people of a tenant in, by the key of their role (`owner`, `clerk`, `buyer`, …); empty: nobody."""
    opened: list[httpx.AsyncClient] = []

    async def sign(tenant: Tenant, role: str) -> Client:
        client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app),  # type: ignore[arg-type]
            base_url=f"http://{tenant.info.slug}.localhost",
            headers={"sec-fetch-site": "same-origin"},
        )
        opened.append(client)
        if role:
            await sign_in(kernel, client, tenant, role)
        return client

    yield sign
    for client in opened:
        await client.aclose()
