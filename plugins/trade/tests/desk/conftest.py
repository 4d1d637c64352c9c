"""A distributor with a few goods, customers and orders, opened by its staff in the browser's way."""

from decimal import Decimal
from types import SimpleNamespace

import pytest
from headgate_sdk.ids import new_id
from headgate_trade.catalogue import SkuInput, UnitInput, list_skus, save_skus
from headgate_trade.customers import CustomerInput, list_customers, save_customers
from headgate_trade.order_lines import OrderLineInput
from headgate_trade.orders import OrderInput, place_order
from headgate_trade.price_changes import PriceListItem, set_price_list_items
from headgate_trade.stock import StockChange, receive_stock
from headgate_trade.terms import save_customer_group, save_price_level, save_price_list


@pytest.fixture
async def shop(kernel, new_tenant):
    """Ids of what is there: skus and customers by code, orders in the order of placing."""
    tenant = await new_tenant()
    async with kernel.context(tenant) as ctx:
        list_id = await save_price_list(ctx, "retail", "零售价")
        await save_customer_group(ctx, "retail", "零售店", list_id)
        await save_price_level(ctx, "silver", "银牌", Decimal(2))
        await save_skus(ctx, [
            SkuInput(
                code="LS001", name="外六角螺栓", spec="M6×20", category="螺栓", base_unit="个",
                base_price=Decimal("0.085"), units=(UnitInput("盒", 200, is_default=True),),
            ),
            SkuInput(
                code="FW1", name="运费", category="其他", base_unit="次", base_price=Decimal(15),
                stocked=False,
            ),
        ])  # fmt: skip
        skus = {sku.code: sku.id for sku in (await list_skus(ctx)).items}
        await receive_stock(
            ctx,
            [StockChange(skus["LS001"], 100_000)],
            document_type="opening",
            document_id=new_id(),
            kind="opening",
        )
        await set_price_list_items(ctx, [PriceListItem(list_id, skus["LS001"], "盒", Decimal("16.5"))])
        await save_customers(ctx, [
            CustomerInput(code="C1", name="老周五金", group="retail", level="silver", phone="19900000001"),
            CustomerInput(code="C2", name="便民五金"),
        ])  # fmt: skip
        customers = {customer.code: customer.id for customer in (await list_customers(ctx)).items}
        orders = [
            (
                await place_order(
                    ctx,
                    OrderInput(customers[code], (OrderLineInput(skus["LS001"], "盒", Decimal(2)),)),
                    f"order {number}",
                )
            ).id
            for number, code in enumerate(("C1", "C1", "C2"))
        ]
    return SimpleNamespace(tenant=tenant, list_id=list_id, skus=skus, customers=customers, orders=orders)


@pytest.fixture
async def owner(shop, client_for):
    return await client_for(shop.tenant, "owner")
