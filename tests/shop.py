"""A distributor with goods, customers, prices, stock, files and orders at every step."""

import io
import secrets
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_kernel.identity.impersonations import SupportRequest, ask_to_impersonate
from headgate_kernel.identity.memberships import save_roles
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.support import choose_consent
from headgate_kernel.notify import Message, send_message
from headgate_kernel.portability.requests import ask_erasure
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.checklist import set_logo
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.tenancy.operating import operating
from headgate_kernel.tenancy.plugin_settings import save_settings
from headgate_order_minimum.rules import RuleInput, replace_rules
from headgate_sdk.blueprint import RoleEntry
from headgate_sdk.context import Actor, Context
from headgate_sdk.ids import new_id
from headgate_sdk.money import Money
from headgate_sdk.testing.tenants import ROLES, actor_of
from headgate_trade.accounts import CreditNote, post_credit_notes
from headgate_trade.api import (
    ORDER,
    OrderInput,
    OrderLineInput,
    SkuInput,
    StockChange,
    UnitInput,
    get_sku,
    list_categories,
    list_customers,
    list_skus,
    place_order,
    receive_stock,
    save_skus,
    set_cart_line,
    set_product_image,
)
from headgate_trade.attribute_input import AttributeInput
from headgate_trade.attributes import list_attributes, save_attribute, save_attributes
from headgate_trade.customer_changes import CustomerInput, link_member, save_customers
from headgate_trade.desk.import_files import keep_file
from headgate_trade.desk.stock_by_hand import change_stock
from headgate_trade.price_changes import (
    CustomerPrice,
    PriceListItem,
    set_customer_price,
    set_price_list_items,
)
from headgate_trade.terms import save_customer_group, save_price_level, save_price_list
from PIL import Image

from tests.shop_people import People, fill_people
from tests.shop_ways import add_passkey, fill_ways

BUYER = next(role for role in ROLES if role.key == "buyer")
CANCELLING_BUYER = RoleEntry("buyer", BUYER.name, (*BUYER.permissions, "trade.orders.cancel"))
STAGES = ("new", "issued", "shipped", "completed", "cancelled")


class Shop(msgspec.Struct, kw_only=True):
    """What a filled distributor has.

    Args:
        tenant: whose it is.
        mark: makes its codes its own.
        canary: stands in every text of it, and nowhere else.
        secret: stands in what belongs to the first customer alone.
        skus: ids by short name: `bolt` (个, 盒 of 200), `nut` (个), `fee` (no stock is kept) and
            `old` (stopped).
        customers: ids by short name: `first` (of `buyer`), `second` (of `buyer2`).
        orders: ids by the stage that they have reached; `second` is the second customer's.
        attribute: of the category's items; the bolt has a value.
        price_list: of the customers' group.
        group: of the first customer.
        category: of all goods.
        picture: of the bolt.
        file: an import that waits to be applied.
        impersonation: what an operator asks the owner for.
        passkey: of the owner.
        sso_link: of the clerk, to an identity provider.
        people: staff and others, a role, a token.
    """

    tenant: Tenant
    mark: str
    canary: str
    secret: str
    skus: dict[str, UUID]
    customers: dict[str, UUID]
    orders: dict[str, UUID]
    attribute: UUID
    price_list: UUID
    group: UUID
    category: UUID
    picture: UUID
    file: UUID
    impersonation: UUID
    passkey: UUID
    sso_link: UUID
    people: People | None = None

    def code(self, name: str) -> str:
        """Give the code of a SKU or customer."""
        return f"{self.mark}-{name}"


async def fill_shop(kernel: Kernel, tenant: Tenant, *, open_orders: bool = True) -> Shop:
    """Fill a tenant through the use cases that its people would use.

    Args:
        kernel: of the test.
        tenant: with all plugins on.
        open_orders: also place orders that wait for a step.
    """
    mark = "x" + secrets.token_hex(4)
    canary, secret = f"kanari{mark}", f"geheim{mark}"
    impersonation = await _ask_for_help(kernel, tenant, canary)
    async with kernel.context(tenant) as ctx:
        await save_roles(ctx, [CANCELLING_BUYER])
        price_list = await save_price_list(ctx, "retail", f"Retail {canary}")
        group = await save_customer_group(ctx, "retail", f"Shops {canary}", price_list)
        await save_price_level(ctx, "silver", f"Silver {canary}", Decimal(2))
        skus = await _goods(ctx, mark, canary)
        category = (await list_categories(ctx))[0].id
        attribute = (await list_attributes(ctx))[0].id
        await save_settings(kernel, ctx, "trade", {"few": 11})
        picture = await ctx.store_file(png(), purpose="product")
        await set_product_image(ctx, (await get_sku(ctx, skus["bolt"])).product_id, picture)
        customers = await _customers(ctx, mark, canary, secret)
        await set_price_list_items(ctx, [PriceListItem(price_list, skus["bolt"], "盒", Decimal("16.5"))])
        await set_customer_price(ctx, [CustomerPrice(customers["first"], skus["nut"], "个", Decimal("0.07"))])
        await replace_rules(ctx, [RuleInput(group, Decimal(0)), RuleInput(None, Decimal("0.01"))])
        await change_stock(
            ctx,
            skus["bolt"],
            kind="receipt",
            quantity=Decimal(5),
            unit="盒",
            reason=f"delivered late {canary}",
        )
        note = CreditNote(customers["first"], Money(100, "CNY"), f"G-{canary}", id=new_id())
        await post_credit_notes(ctx, [note])
        await ask_erasure(ctx, repeated=ctx.tenant.slug, reason=f"closing down {canary}")
        await send_message(
            ctx.db,
            Message(channel="email", to=f"{canary}@shop.example", template="test", values={}, locale="en"),
            now=ctx.clock.now(),
        )
        file = await keep_file(
            ctx, "customers", f"{canary}.csv", f"code,name\n{mark}-new,New {canary}\n".encode()
        )
        shop = Shop(
            tenant=tenant, mark=mark, canary=canary, secret=secret, skus=skus, customers=customers, orders={},
            attribute=attribute, price_list=price_list, group=group, category=category, picture=picture,
            file=file.id,
            impersonation=impersonation, passkey=await add_passkey(kernel, ctx, canary),
            sso_link=await fill_ways(kernel, ctx, canary),
        )  # fmt: skip
    shop.people = await fill_people(kernel, tenant, customers["first"], canary, secret)
    for stage in STAGES if open_orders else ("completed", "cancelled"):
        shop.orders[stage] = await order_at(kernel, shop, stage)
    if open_orders:
        shop.orders["second"] = await order_at(kernel, shop, "new", customer="second")
    for role in ("buyer", "buyer2"):
        async with kernel.context(tenant, actor=await actor_of(kernel, tenant, role)) as ctx:
            await set_cart_line(ctx, skus["nut"], "个", Decimal(30 if role == "buyer" else 40))
    return shop


async def spare_attribute(ctx: Context) -> UUID:
    """Give an attribute that nothing hangs on; made anew where it was taken away."""
    first = (await list_attributes(ctx))[0]
    await save_attribute(ctx, AttributeInput(first.category, "spare", "Spare", "text"))
    return next(one.id for one in await list_attributes(ctx) if one.key == "spare")


async def order_at(kernel: Kernel, shop: Shop, stage: str, *, customer: str = "first") -> UUID:
    """Place an order of two boxes of bolts and bring it to a stage."""
    whose = shop.secret if customer == "first" else shop.canary
    order = OrderInput(
        shop.customers[customer],
        (OrderLineInput(shop.skus["bolt"], "盒", Decimal(2)),),
        note=f"Ring twice {whose} {shop.canary}",
        address=f"Back door {whose} {shop.canary}",
        reference=f"R-{whose}",
    )
    async with kernel.context(shop.tenant) as ctx:
        placed = (await place_order(ctx, order, new_id().hex)).id
        if stage == "cancelled":
            await ctx.workflow.cancel(ORDER, placed, f"Ordered twice {whose}")
        elif stage != "new":
            await ctx.workflow.complete_all(ORDER, placed, until=None if stage == "completed" else "issued")
            if stage == "shipped":
                await ctx.workflow.resolve(ORDER, placed, "trade.ship")
    return placed


async def _goods(ctx: Context, mark: str, canary: str) -> dict[str, UUID]:
    def sku(name: str, price: str, **more: object) -> SkuInput:
        values = {
            "code": f"{mark}-{name}", "name": f"{name} {canary}", "category": f"Fasteners {canary}",
            "base_unit": "个", "base_price": Decimal(price), "spec": f"M6 {canary}", "barcode": "",
            "maker_code": f"M-{canary}", "description": f"Zinc plated {canary}",
        }  # fmt: skip
        return SkuInput(**(values | more))

    coat = AttributeInput(f"Fasteners {canary}", "coat", f"Coating {canary}", "choice", "", (canary, "none"))
    await save_attributes(ctx, [coat])
    await save_skus(
        ctx,
        [
            sku("bolt", "0.085", units=(UnitInput("盒", 200, is_default=True),), attributes={"coat": canary}),
            sku("nut", "0.08", min_quantity=10, multiple=10),
            sku("fee", "15", stocked=False),
            sku("old", "1", status="stopped"),
        ],
    )
    found = {
        s.code.removeprefix(f"{mark}-"): s.id for s in (await list_skus(ctx, include_stopped=True)).items
    }
    await receive_stock(
        ctx, [StockChange(found["bolt"], 1_000_000), StockChange(found["nut"], 1_000_000)],
        document_type="opening", document_id=new_id(), kind="opening",
    )  # fmt: skip
    return found


async def _customers(ctx: Context, mark: str, canary: str, secret: str) -> dict[str, UUID]:
    await save_customers(
        ctx,
        [
            CustomerInput(
                code=f"{mark}-first", name=f"First {canary}", group="retail", level="silver",
                contact=f"Zhou {secret}", phone=f"1-{secret}", address=f"1 Gate Road {secret} {canary}",
            ),
            CustomerInput(code=f"{mark}-second", name=f"Second {canary}", contact=f"Wu {canary}"),
        ],
    )  # fmt: skip
    found = {one.code.removeprefix(f"{mark}-"): one.id for one in (await list_customers(ctx)).items}
    for role, customer in (("buyer", "first"), ("buyer2", "second")):
        membership = await ctx.db.fetch_value(
            "SELECT id FROM membership WHERE tenant_id = $1 AND login = $2",
            ctx.tenant.id, f"{role}@{ctx.tenant.slug}.example",
        )  # fmt: skip
        await link_member(ctx, membership, found[customer])
    return found


async def _ask_for_help(kernel: Kernel, tenant: Tenant, canary: str) -> UUID:
    """Have an operator ask the owner, who wants to be asked."""
    async with kernel.context(tenant) as ctx:
        await choose_consent(ctx, "ask")
        await set_logo(ctx, png())
    async with kernel.databases.platform_scope() as db:
        person = NewPerson("helper@headgate.example", "Helper", is_operator=True)
        helper = next(iter((await save_people(db, [person], kernel.clock.now())).values()))
        owner = await db.fetch_value(
            "SELECT id FROM membership WHERE tenant_id = $1 AND login = $2",
            tenant.info.id, f"owner@{tenant.info.slug}.example",
        )  # fmt: skip
    async with operating(kernel, tenant, Actor("operator", "Helper", person_id=helper)) as ctx:
        return (await ask_to_impersonate(ctx, SupportRequest(owner, f"Cannot print {canary}", 30))).id


def png() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "#0b6e4f").save(picture, "PNG")
    return picture.getvalue()
