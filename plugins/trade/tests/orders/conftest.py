"""Contexts with the real workflow engine and hook caller, and a small shop to order from."""

import itertools
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import msgspec
import pytest
from headgate_kernel.plugins.calling import BoundHooks
from headgate_kernel.plugins.host import Implementation
from headgate_kernel.quotas import quota_place, use_quota
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.engine import WorkflowEngine
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import SYSTEM, Actor, Context, TenantInfo
from headgate_sdk.ids import TenantId, new_id
from headgate_trade import flow
from headgate_trade.catalogue import SkuInput, UnitInput, list_skus, save_skus
from headgate_trade.customer_changes import CustomerInput, link_member, save_customers
from headgate_trade.customers import list_customers
from headgate_trade.stock import StockChange, receive_stock

STEPS = StepCatalogue.of(
    [msgspec.structs.replace(step, plugin="trade") for step in flow.STEPS],
    [msgspec.structs.replace(flow.SUBJECT, plugin="trade")],
)
START = datetime(2026, 3, 1, 2, 0, tzinfo=UTC)
BUYER = frozenset(
    {"trade.catalogue.read", "trade.orders.place_own", "trade.accounts.read_own", "trade.orders.receive",
     "trade.orders.cancel"}
)  # fmt: skip
_numbers = itertools.count(5000)


class Services:
    """The kernel's side of a context, without web pages.

    `deciders` are implementations of `headgate_check_orders`, each `async (ctx, drafts)`.
    """

    def __init__(self):
        self.deciders = []
        self.told = []

    def workflow(self, ctx):
        return WorkflowEngine(ctx, STEPS)

    def hooks(self, ctx):
        found = tuple(
            Implementation(f"plugin-{n}", d, ("ctx", "drafts")) for n, d in enumerate(self.deciders)
        )
        return BoundHooks(ctx, {"headgate_check_orders": found})

    def translate(self, locale, text):
        return text

    async def audit(self, ctx, action, subject, details):
        pass

    async def emit(self, ctx, kind, bodies):
        self.told += [(kind.name, body) for body in bodies]

    async def use_quota(self, ctx, meter, amount):
        await use_quota(ctx, meter, amount)

    def quota_place(self, ctx, meter):
        return quota_place(ctx, meter)


@pytest.fixture
def services():
    return Services()


@pytest.fixture
def open_context(databases, services):
    """Open units of work of a tenant of this test's own: `async with open_context() as ctx`."""
    info = TenantInfo(
        id=TenantId(next(_numbers)),
        slug="test",
        name="Test",
        currency="GBP",
        timezone="Europe/London",
        locale="en",
    )
    manual = ManualClock(START)

    @asynccontextmanager
    async def opener(actor=SYSTEM, clock=None):
        async with databases.tenant_scope(info.id) as db:
            yield Context(
                tenant=info, actor=actor, db=db, clock=clock or manual, plugins=frozenset({"trade"}),
                services=services,
            )  # fmt: skip

    opener.clock = manual
    return opener


class Shop(msgspec.Struct):
    """What the tests order: a mug (by piece or box of 6), a lamp (in twos, at least 4), and postage."""

    skus: dict[str, UUID]
    customers: dict[str, UUID]
    buyers: dict[str, Actor]

    @property
    def mug(self):
        return self.skus["MUG"]

    @property
    def lamp(self):
        return self.skus["LAMP"]

    @property
    def post(self):
        return self.skus["POST"]

    @property
    def customer(self):
        return self.customers["A"]

    @property
    def buyer(self):
        return self.buyers["A"]


@pytest.fixture
async def shop(open_context) -> Shop:
    async with open_context() as ctx:
        await save_skus(
            ctx,
            [
                SkuInput(
                    code="MUG",
                    name="Mug",
                    category="Kitchen",
                    base_unit="pc",
                    base_price=Decimal("2.55"),
                    units=(UnitInput("box", 6),),
                ),
                SkuInput(
                    code="LAMP",
                    name="Lamp",
                    category="Home",
                    base_unit="pc",
                    base_price=Decimal("3.3333"),
                    min_quantity=4,
                    multiple=2,
                ),
                SkuInput(
                    code="POST",
                    name="Postage",
                    category="Services",
                    base_unit="pc",
                    base_price=Decimal(18),
                    stocked=False,
                ),
                SkuInput(
                    code="OLD",
                    name="Old vase",
                    category="Home",
                    base_unit="pc",
                    base_price=Decimal(1),
                    status="stopped",
                ),
            ],
        )
        await save_customers(ctx, [CustomerInput(code=code, name=f"Customer {code}") for code in "AB"])
        skus = {s.code: s.id for s in (await list_skus(ctx, include_stopped=True)).items}
        customers = {c.code: c.id for c in (await list_customers(ctx)).items}
        buyers = {}
        for code, customer_id in customers.items():
            member = new_id()
            await link_member(ctx, member, customer_id)
            buyers[code] = Actor("customer", f"Buyer {code}", member, new_id(), "Buyer", BUYER)
        await receive_stock(
            ctx, [StockChange(skus["MUG"], 100), StockChange(skus["LAMP"], 50)],
            document_type="opening", document_id=new_id(), kind="opening",
        )  # fmt: skip
    return Shop(skus, customers, buyers)
