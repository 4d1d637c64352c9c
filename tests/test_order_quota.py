"""Orders against the distributor's plan, over HTTP: what counts, what is refused, and in which words."""

import asyncio
from decimal import Decimal
from uuid import uuid4

import pytest
from headgate_kernel.quotas import usage_of
from headgate_kernel.tenancy.plan_terms import MeterLimit, MeterLimits, Plan, PlanName
from headgate_kernel.tenancy.plans import apply_plans, assign_plan, list_plans
from headgate_sdk.context import SYSTEM
from headgate_trade.api import OrderInput, OrderLineInput, place_order, stock_differences, stock_levels

from tests.forms import press

pytest_plugins = ["headgate_sdk.testing.plugin"]


@pytest.fixture
def on_plan(kernel, shop):
    """Puts the shop on a plan with so many orders a month."""

    async def give(orders: int) -> None:
        plan = Plan(
            f"q-{uuid4().hex[:12]}", PlanName("Small", "小号"), "*",
            limits=MeterLimits(orders=MeterLimit(hard=orders)),
        )  # fmt: skip
        now = kernel.clock.now()
        async with kernel.databases.platform_scope() as db:
            others = [one.plan for one in await list_plans(db)] or [
                Plan("open", PlanName("Open", "开放"), "*")
            ]
            await apply_plans(db, [*others, plan], actor=SYSTEM, now=now)
            await assign_plan(db, shop.tenant.info.id, plan.key, actor=SYSTEM, now=now)
        kernel.directory.forget(shop.tenant.info.id)

    return give


@pytest.fixture
def order(shop):
    """What an order of the API is made of."""
    return {
        "customer_id": str(shop.customers["first"]),
        "lines": [{"sku_id": str(shop.skus["bolt"]), "unit": "个", "quantity": "1"}],
    }


async def counted(kernel, shop) -> int:
    async with kernel.databases.platform_scope() as db:
        usage = await usage_of(db, [shop.tenant.info.id], now=kernel.clock.now())
    return usage[shop.tenant.info.id][0].used


async def reserved(kernel, shop) -> int:
    async with kernel.context(shop.tenant) as ctx:
        assert not await stock_differences(ctx)
        return (await stock_levels(ctx, [shop.skus["bolt"]]))[shop.skus["bolt"]].reserved


async def test_every_order_of_people_counts_once_and_those_of_the_system_do_not(
    kernel, shop, people, order, key, on_plan
):
    await on_plan(100)
    before = await counted(kernel, shop)
    same = key()
    for headers in (same, same, key()):
        answer = await people["clerk"].post("/api/v1/orders", json=order, headers=headers)
        assert answer.status_code < 300, answer.text
    refused = await people["clerk"].post(
        "/api/v1/orders", headers=key(),
        json=order | {"lines": [order["lines"][0] | {"quantity": "100000000"}]},
    )  # fmt: skip
    assert refused.status_code == 422
    async with kernel.context(shop.tenant) as ctx:
        lines = (OrderLineInput(shop.skus["bolt"], "个", Decimal(1)),)
        await place_order(ctx, OrderInput(shop.customers["first"], lines, source="replay"), uuid4().hex)
    assert await counted(kernel, shop) == before + 2


async def test_at_the_limit_staff_hear_of_the_plan_and_a_used_key_still_gives_its_order(
    kernel, shop, people, order, key, on_plan
):
    await on_plan(1)
    first = key()
    placed = await people["clerk"].post("/api/v1/orders", json=order, headers=first)
    assert placed.status_code == 201
    held = await reserved(kernel, shop)
    refused = await people["clerk"].post("/api/v1/orders", json=order, headers=key())
    assert refused.status_code == 402
    assert refused.json()["code"] == "quota_exceeded"
    assert refused.json()["field"] == "orders"
    assert "The plan Small gives 1 orders a month" in refused.json()["message"]
    again = await people["clerk"].post("/api/v1/orders", json=order, headers=first)
    assert again.json()["id"] == placed.json()["id"]
    assert await reserved(kernel, shop) == held


async def test_a_buyer_is_told_to_call_and_keeps_the_cart(kernel, shop, people, on_plan):
    await on_plan(1)
    buyer = people["buyer"]
    line = {"sku": str(shop.skus["bolt"]), "unit": "盒", "quantity": "1"}
    outcomes = []
    for _ in range(2):
        await buyer.post("/mall/cart/lines", data=line)
        page = await buyer.get("/mall/checkout")
        outcomes.append(await press(buyer, page, "Place order"))
    assert outcomes[0].status_code in {200, 303}
    assert outcomes[1].status_code == 402
    assert "please call them" in outcomes[1].text
    assert "Small" not in outcomes[1].text
    assert "bolt" in (await buyer.get("/mall/cart")).text


async def test_orders_of_many_at_once_stop_exactly_at_the_limit(kernel, shop, people, order, key, on_plan):
    await on_plan(17)
    held = await reserved(kernel, shop)
    answers = await asyncio.gather(
        *(people["clerk"].post("/api/v1/orders", json=order, headers=key()) for _ in range(40))
    )
    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [201] * 17 + [402] * 23
    assert await counted(kernel, shop) == 17
    assert await reserved(kernel, shop) == held + 17
