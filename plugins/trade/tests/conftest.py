"""A migrated PostgreSQL for the session, and a fresh tenant with an open unit of work for each test."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from importlib.resources import files
from uuid import UUID

import pytest
import pytest_asyncio
from headgate_kernel.database.database import Databases
from headgate_kernel.database.engine import HeadgateEngine, bind_tables
from headgate_kernel.database.migration_files import MigrationSource
from headgate_kernel.database.migrations import migrate_server
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import SYSTEM, Actor, Context, TenantInfo
from headgate_sdk.ids import TenantId, new_id
from headgate_sdk.testing.server import postgres_server
from headgate_trade.catalogue import SkuInput, UnitInput, list_skus, save_skus
from headgate_trade.customers import CustomerInput, link_member, list_customers, save_customers
from headgate_trade.tables import TABLES

SOURCES = [
    MigrationSource("kernel", (), files("headgate_kernel") / "migrations"),
    MigrationSource("trade", ("kernel",), files("headgate_trade") / "migrations"),
]
_numbers = itertools.count(1000)
BUYER_PERMISSIONS = frozenset({"trade.catalogue.read", "trade.orders.place_own", "trade.accounts.read_own"})


class AuditOnly:
    """The kernel's side of a context where nothing but the audit log is used: entries are kept in a list."""

    def __init__(self):
        self.entries = []

    async def audit(self, ctx, action, subject, details):
        self.entries.append((action, subject, details))

    def translate(self, locale, text):
        return text


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def databases() -> AsyncIterator[Databases]:
    async with postgres_server() as server:
        await migrate_server(server, SOURCES)
        bind_tables(HeadgateEngine(), TABLES)
        opened = await Databases.connect(server, SOURCES, most=60)
        try:
            yield opened
        finally:
            await opened.app.close()
            await opened.platform.close()


@pytest.fixture
def tenant(databases):
    """Open contexts of a tenant of this test's own: `async with tenant() as ctx`; each is a transaction."""
    info = TenantInfo(
        id=TenantId(next(_numbers)), slug="test", name="Test", currency="CNY", timezone="Asia/Shanghai",
        locale="zh_CN",
    )  # fmt: skip
    clock = ManualClock(datetime(2026, 3, 1, 2, 0, tzinfo=UTC))

    @asynccontextmanager
    async def open_context(actor=SYSTEM):
        async with databases.tenant_scope(info.id) as db:
            yield Context(
                tenant=info,
                actor=actor,
                db=db,
                clock=clock,
                plugins=frozenset({"trade"}),
                services=AuditOnly(),
            )

    return open_context


@pytest_asyncio.fixture(loop_scope="session")
async def ctx(tenant) -> AsyncIterator[Context]:
    async with tenant() as opened:
        opened.db._task = None  # the test runs in another task than its fixtures
        yield opened


class Build:
    """Builds catalogues and customers."""

    def bolt(self, code: str = "LS001", **changes) -> SkuInput:
        """A bolt sold by piece, by box of 200 and by carton of 4000."""
        values = {
            "code": code, "name": "外六角螺栓", "spec": f"M6×20 {code}", "category": "螺栓螺母",
            "base_unit": "个", "base_price": Decimal("0.085"),
            "units": (UnitInput("盒", 200), UnitInput("件", 4000)),
        }  # fmt: skip
        return SkuInput(**(values | changes))

    async def sku_ids(self, ctx: Context) -> dict[str, UUID]:
        page = await list_skus(ctx, limit=200, include_stopped=True)
        return {sku.code: sku.id for sku in page.items}

    async def make_sku(self, ctx: Context, **changes) -> UUID:
        sku = self.bolt(**changes)
        await save_skus(ctx, [sku])
        return (await self.sku_ids(ctx))[sku.code]

    async def make_customer(self, ctx: Context, code: str = "C1", **changes) -> UUID:
        await save_customers(ctx, [CustomerInput(code=code, name=f"客户{code}", **changes)])
        page = await list_customers(ctx, query=code)
        return next(customer.id for customer in page.items if customer.code == code)

    async def buyer_of(self, ctx: Context, customer_id: UUID) -> Context:
        membership = new_id()
        await link_member(ctx, membership, customer_id)
        return ctx.acting_as(
            Actor(kind="customer", name="买家", membership_id=membership, permissions=BUYER_PERMISSIONS)
        )


@pytest.fixture
def build():
    return Build()
