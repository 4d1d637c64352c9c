"""A distributor with a customer group, a customer of it and something to order."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from headgate_sdk.context import Actor
from headgate_sdk.ids import new_id
from headgate_trade.api import SkuInput, list_skus, save_skus
from headgate_trade.customers import CustomerInput, link_member, list_customers, save_customers
from headgate_trade.terms import save_customer_group


@pytest.fixture
async def shop(kernel, new_tenant):
    tenant = await new_tenant()
    async with kernel.context(tenant) as ctx:
        group_id = await save_customer_group(ctx, "retail", "零售店", None)
        await save_skus(ctx, [
            SkuInput(
                code="P1", name="运费券", category="其他", base_unit="张", base_price=Decimal(100),
                stocked=False,
            ),
        ])  # fmt: skip
        await save_customers(
            ctx,
            [CustomerInput(code="C1", name="老周", group="retail"), CustomerInput(code="C2", name="散客")],
        )
        customers = {customer.code: customer.id for customer in (await list_customers(ctx)).items}
        sku_id = (await list_skus(ctx)).items[0].id
        membership = new_id()
        await link_member(ctx, membership, customers["C1"])
    buyer = Actor(
        kind="customer",
        name="老周",
        membership_id=membership,
        permissions=frozenset({"trade.catalogue.read", "trade.orders.place_own"}),
    )
    return SimpleNamespace(tenant=tenant, group_id=group_id, sku_id=sku_id, customers=customers, buyer=buyer)
