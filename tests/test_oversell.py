"""Many at once over HTTP: the last goods are sold once, and one key is one order however often it comes."""

import asyncio
from uuid import uuid4

import pytest
from headgate_kernel.identity.memberships import save_members
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_sdk.blueprint import PersonEntry
from headgate_trade.api import (
    StockChange,
    adjust_stock,
    ledger_differences,
    list_orders,
    stock_differences,
    stock_levels,
)
from headgate_trade.customer_changes import CustomerInput, link_member, save_customers
from headgate_trade.customers import list_customers

BUYERS = 50
LEFT = 10


async def many_buyers(kernel, shop, count):
    """Make buyers, each of a customer of their own."""
    slug = shop.tenant.info.slug
    people = [
        PersonEntry(f"crowd{n}@{slug}.example", f"Crowd {n}", "customer", ("buyer",)) for n in range(count)
    ]
    async with kernel.databases.platform_scope() as db:
        ids = await save_people(db, [NewPerson(one.login, one.name) for one in people], kernel.clock.now())
    async with kernel.context(shop.tenant) as ctx:
        members = await save_members(ctx, people, ids)
        await save_customers(ctx, [CustomerInput(code=f"crowd{n}", name=f"Crowd {n}") for n in range(count)])
        customers = {one.code: one.id for one in (await list_customers(ctx, query="Crowd", limit=200)).items}
        for login, membership in members.items():
            await link_member(ctx, membership, customers[login.partition("@")[0]])


async def leave(kernel, shop, name, pieces):
    async with kernel.context(shop.tenant) as ctx:
        level = (await stock_levels(ctx, [shop.skus[name]]))[shop.skus[name]]
        await adjust_stock(ctx, [StockChange(shop.skus[name], pieces - level.available)])


async def check_books(kernel, shop, name):
    """Give the stock of a SKU, and insist that every sum is right."""
    async with kernel.context(shop.tenant) as ctx:
        assert not await stock_differences(ctx)
        assert not await ledger_differences(ctx)
        return (await stock_levels(ctx, [shop.skus[name]]))[shop.skus[name]]


async def test_fifty_buyers_of_the_last_ten_get_exactly_ten(kernel, shop, client_for, key):
    await many_buyers(kernel, shop, BUYERS)
    await leave(kernel, shop, "bolt", LEFT)
    crowd = [await client_for(shop.tenant, f"crowd{n}") for n in range(BUYERS)]
    line = {"sku_id": str(shop.skus["bolt"]), "unit": "个", "quantity": "1"}
    await asyncio.gather(*(buyer.put("/api/v1/mall/cart/lines", json=line) for buyer in crowd))
    answers = await asyncio.gather(
        *(buyer.post("/api/v1/mall/checkout", json={}, headers=key()) for buyer in crowd)
    )
    placed = [answer for answer in answers if answer.status_code == 201]
    refused = [answer for answer in answers if answer.status_code != 201]
    assert (len(placed), len(refused)) == (LEFT, BUYERS - LEFT)
    assert {answer.status_code for answer in refused} == {422}
    assert all("is out of stock" in answer.json()["problems"][0]["message"] for answer in refused)
    assert len({answer.json()["number"] for answer in placed}) == LEFT
    level = await check_books(kernel, shop, "bolt")
    assert (level.on_hand, level.reserved, level.available) == (LEFT, LEFT, 0)
    carts = await asyncio.gather(*(buyer.get("/api/v1/mall/cart") for buyer in crowd))
    assert [bool(cart.json()["lines"]) for cart in carts] == [answer.status_code != 201 for answer in answers]


async def test_one_key_at_once_from_one_buyer_gives_one_order(kernel, shop, people, key):
    reserved = (await check_books(kernel, shop, "nut")).reserved
    headers = key()
    answers = await asyncio.gather(
        *(people["buyer"].post("/api/v1/mall/checkout", json={}, headers=headers) for _ in range(20))
    )
    assert {answer.status_code for answer in answers} == {200, 201}, [answer.text for answer in answers]
    assert [answer.status_code for answer in answers].count(201) == 1
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert [answer.json()["replayed"] for answer in answers].count(False) == 1
    again = await people["buyer"].post("/api/v1/mall/checkout", json={}, headers=headers)
    assert (again.status_code, again.json()["replayed"]) == (200, True)
    assert (await check_books(kernel, shop, "nut")).reserved == reserved + 30


async def test_one_key_at_once_by_the_form_gives_one_order(kernel, shop, people):
    form = {"key": uuid4().hex}
    answers = await asyncio.gather(*(people["buyer"].post("/mall/checkout", data=form) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    async with kernel.context(shop.tenant) as ctx:
        assert len((await list_orders(ctx, state="open")).items) == 1


@pytest.fixture
def order_of(shop):
    def body(**changes):
        line = {"sku_id": str(shop.skus["bolt"]), "unit": "盒", "quantity": "1"}
        order = {
            "customer_id": str(shop.customers["first"]),
            "lines": [line],
            "note": "",
            "reference": "PO 1",
        }
        return order | changes

    return body


async def test_the_same_key_and_body_by_the_staffs_api_is_the_same_order(shop, people, key, order_of):
    headers = key()
    answers = await asyncio.gather(
        *(people["clerk"].post("/api/v1/orders", json=order_of(), headers=headers) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [200] * 19 + [201]
    assert len({answer.json()["number"] for answer in answers}) == 1
    differently_written = order_of(lines=[{**order_of()["lines"][0], "quantity": "1.0"}])
    again = await people["clerk"].post("/api/v1/orders", json=differently_written, headers=headers)
    assert again.status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"note": "another"},
        {"address": "elsewhere"},
        {"reference": "PO 2"},
        {"lines": "two boxes"},
        {"lines": "by piece"},
    ],
    ids=lambda change: " ".join(f"{name} {value}" for name, value in change.items()),
)
async def test_the_same_key_with_another_body_is_refused_and_says_so(
    kernel, shop, people, key, order_of, change
):
    headers = key()
    placed = (await people["clerk"].post("/api/v1/orders", json=order_of(), headers=headers)).json()
    line = order_of()["lines"][0]
    lines = {"two boxes": [line | {"quantity": "2"}], "by piece": [line | {"unit": "个"}]}
    other = order_of(**({"lines": lines[change["lines"]]} if "lines" in change else change))
    refused = await people["clerk"].post("/api/v1/orders", json=other, headers=headers)
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["field"]) == (422, "idempotency", "Idempotency-Key")
    assert placed["number"] in problem["message"]
    assert "Use a new key" in problem["message"]


async def test_the_same_key_with_another_cart_is_refused_and_the_cart_stays(shop, people, key):
    headers = key()
    assert (await people["buyer"].post("/api/v1/mall/checkout", json={}, headers=headers)).status_code == 201
    line = {"sku_id": str(shop.skus["bolt"]), "unit": "盒", "quantity": "1"}
    await people["buyer"].put("/api/v1/mall/cart/lines", json=line)
    refused = await people["buyer"].post("/api/v1/mall/checkout", json={}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "idempotency")
    assert len((await people["buyer"].get("/api/v1/mall/cart")).json()["lines"]) == 1


async def test_a_key_belongs_to_one_customer_of_one_distributor(
    kernel, shop, people, key, new_tenant, client_for
):
    from tests.shop import fill_shop

    other = await fill_shop(kernel, await new_tenant(), open_orders=False)
    headers = key()
    buyers = [people["buyer"], people["buyer2"], await client_for(other.tenant, "buyer")]
    answers = [await buyer.post("/api/v1/mall/checkout", json={}, headers=headers) for buyer in buyers]
    assert [answer.status_code for answer in answers] == [201] * 3
    assert len({answer.json()["id"] for answer in answers}) == 3


@pytest.mark.parametrize("key_sent", ["", "short", "x" * 101, None])
async def test_an_order_without_a_proper_key_is_refused(people, shop, order_of, key_sent):
    headers = {} if key_sent is None else {"Idempotency-Key": key_sent}
    for client, path, body in (
        (people["clerk"], "/api/v1/orders", order_of()), (people["buyer"], "/api/v1/mall/checkout", {}),
    ):  # fmt: skip
        refused = await client.post(path, json=body, headers=headers)
        assert refused.status_code in {400, 422}, refused.text
        assert "Idempotency-Key" in refused.text
