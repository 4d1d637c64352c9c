"""A made-up distributor: the same goods, customers and prices each time, brought in through the use cases."""

import random
from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal
from typing import TypeVar
from uuid import UUID

import msgspec
from headgate_kernel.identity.memberships import save_members
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from headgate_sdk.blueprint import PersonEntry
from headgate_sdk.context import Context
from headgate_sdk.ids import new_id
from headgate_sdk.testing.tenants import make_tenant
from headgate_trade.api import (
    OrderInput,
    OrderLineInput,
    SkuInput,
    StockChange,
    UnitInput,
    receive_stock,
    save_skus,
)
from headgate_trade.customer_changes import CustomerInput, link_member, save_customers
from headgate_trade.orders import Placement, place_orders
from headgate_trade.price_changes import (
    CustomerPrice,
    PriceListItem,
    TrackedPrice,
    import_tracked,
    set_customer_price,
    set_price_list_items,
)
from headgate_trade.terms import save_customer_group, save_price_level, save_price_list

T = TypeVar("T")

BATCH = 500
STOCK = 500_000_000
KINDS = ("螺丝", "螺母", "垫圈", "轴承", "扳手", "钻头", "砂纸", "胶带", "手套", "卷尺", "阀门", "软管")
MAKERS = ("东成", "世达", "长城", "史丹利", "博世", "得力", "绿林", "捷科")


class Size(msgspec.Struct, frozen=True):
    """How much there is."""

    skus: int = 3_700
    customers: int = 500
    listed: int = 1_200
    fixed: int = 20
    tracked: int = 60
    buyers: int = 16
    orders: int = 500


class Distributor(msgspec.Struct, kw_only=True):
    """What requests need to know.

    Args:
        tenant: whose.
        skus: ids.
        customers: ids.
        clerk: token of staff who order for customers.
        buyers: tokens of retailers, each of another customer.
    """

    tenant: Tenant
    skus: list[UUID]
    customers: list[UUID]
    clerk: str
    buyers: list[str]

    @property
    def host(self) -> str:
        """Where its pages are."""
        return f"{self.tenant.info.slug}.localhost"


async def make_distributor(kernel: Kernel, size: Size) -> Distributor:
    """Make the distributor."""
    tenant = await make_tenant(kernel)
    chance = random.Random(20)
    async with kernel.context(tenant) as ctx:
        skus = await _goods(ctx, size, chance)
        customers = await _customers(ctx, size)
        await _prices(ctx, size, chance, skus, customers)
    await _orders(kernel, tenant, size, chance, skus, customers)
    buyers = await _buyers(kernel, tenant, customers[: size.buyers])
    clerk = await _token(kernel, tenant, f"clerk@{tenant.info.slug}.example")
    return Distributor(tenant=tenant, skus=skus, customers=customers, clerk=clerk, buyers=buyers)


async def _goods(ctx: Context, size: Size, chance: random.Random) -> list[UUID]:
    for part in _batches(range(size.skus)):
        await save_skus(ctx, [_sku(number, chance) for number in part])
    rows = await ctx.db.fetch("SELECT id FROM trade_sku WHERE tenant_id = $1 ORDER BY code", ctx.tenant.id)
    skus = [row["id"] for row in rows]
    for part in _batches(skus):
        await receive_stock(
            ctx, [StockChange(sku, STOCK) for sku in part], document_type="opening", document_id=new_id()
        )
    return skus


def _sku(number: int, chance: random.Random) -> SkuInput:
    kind = KINDS[number % len(KINDS)]
    box = (UnitInput("盒", chance.choice((10, 12, 24, 100))),) if chance.random() < 0.3 else ()
    return SkuInput(
        code=f"{number:05d}", name=f"{chance.choice(MAKERS)}{kind}{number // 4:04d}", category=kind,
        spec=f"M{number % 4 + 3}×{chance.randrange(5, 90)}", base_unit="个", units=box,
        base_price=Decimal(chance.randrange(20, 90_000)).scaleb(-2), barcode=f"69{number:011d}",
    )  # fmt: skip


async def _customers(ctx: Context, size: Size) -> list[UUID]:
    for number, discount in enumerate(("0", "3", "5")):
        await save_price_level(ctx, f"L{number}", f"Level {number}", Decimal(discount))
    for number in range(3):
        list_id = await save_price_list(ctx, f"P{number}", f"List {number}")
        await save_customer_group(ctx, f"G{number}", f"Group {number}", list_id)
    await save_customer_group(ctx, "G3", "Group 3", None)
    rows = [
        CustomerInput(
            code=f"C{number:05d}", name=f"Customer {number}", group=f"G{number % 4}", level=f"L{number % 3}",
            address=f"{number} Station Road",
        )
        for number in range(size.customers)
    ]  # fmt: skip
    await save_customers(ctx, rows)
    found = await ctx.db.fetch(
        "SELECT id FROM trade_customer WHERE tenant_id = $1 ORDER BY code", ctx.tenant.id
    )
    return [row["id"] for row in found]


async def _prices(
    ctx: Context, size: Size, chance: random.Random, skus: Sequence[UUID], customers: Sequence[UUID]
) -> None:
    def price() -> Decimal:
        return Decimal(chance.randrange(20, 90_000)).scaleb(-2)

    lists = await ctx.db.fetch(
        "SELECT id FROM trade_price_list WHERE tenant_id = $1 ORDER BY key", ctx.tenant.id
    )
    for row in lists:
        items = [
            PriceListItem(row["id"], sku, "个", price())
            for sku in chance.sample(skus, min(size.listed, len(skus)))
        ]
        for part in _batches(items):
            await set_price_list_items(ctx, part)
    earlier = ctx.clock.now() - timedelta(days=30)
    fixed: list[CustomerPrice] = []
    tracked: list[TrackedPrice] = []
    for customer in customers:
        known = chance.sample(skus, size.fixed + size.tracked)
        fixed += [CustomerPrice(customer, sku, "个", price()) for sku in known[: size.fixed]]
        tracked += [TrackedPrice(customer, sku, "个", price(), earlier) for sku in known[size.fixed :]]
    for part in _batches(fixed):
        await set_customer_price(ctx, part)
    for part in _batches(tracked):
        await import_tracked(ctx, part)


async def _orders(
    kernel: Kernel, tenant: Tenant, size: Size, chance: random.Random, skus: list[UUID], customers: list[UUID]
) -> None:
    """Have orders there already: PostgreSQL plans differently for tables that it knows to be empty."""
    placements = [
        Placement(
            OrderInput(
                chance.choice(customers),
                tuple(
                    OrderLineInput(sku, "个", Decimal(chance.randrange(1, 20)))
                    for sku in chance.sample(skus, 5)
                ),
                source="import",
            ),
            f"earlier-{number}",
        )
        for number in range(size.orders)
    ]
    for part in _batches(placements):
        async with kernel.context(tenant) as ctx:
            await place_orders(ctx, part)


async def _buyers(kernel: Kernel, tenant: Tenant, customers: Sequence[UUID]) -> list[str]:
    people = [
        PersonEntry(f"bench{number}@{tenant.info.slug}.example", f"Buyer {number}", "customer", ("buyer",))
        for number in range(len(customers))
    ]
    async with kernel.databases.platform_scope() as db:
        persons = await save_people(
            db, [NewPerson(person.login, person.name) for person in people], kernel.clock.now()
        )
    async with kernel.context(tenant) as ctx:
        members = await save_members(ctx, people, persons)
        for person, customer in zip(people, customers, strict=True):
            await link_member(ctx, members[person.login], customer)
    return [await _token(kernel, tenant, person.login) for person in people]


async def _token(kernel: Kernel, tenant: Tenant, login: str) -> str:
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            "SELECT id, person_id FROM membership WHERE tenant_id = $1 AND login = $2", tenant.info.id, login
        )
    assert row is not None
    return await kernel.sessions.open(row["person_id"], tenant.info.id, row["id"], "bench")


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for first in range(0, len(items), BATCH):
        yield items[first : first + BATCH]
