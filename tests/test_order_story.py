"""An order's way through the house over HTTP: by the buttons of the pages, and by the JSON API.

At each point the books are looked at as well: stock, reservation, account and milestones, and that every
projection is the sum of its movements.
"""

from decimal import Decimal
from html import unescape
from uuid import UUID

import msgspec
import pytest
from headgate_trade.api import (
    customer_account,
    get_order,
    ledger_differences,
    stock_differences,
    stock_levels,
)

from tests.forms import forms_of, press

BOXES = 3
PIECES = BOXES * 200
AMOUNT = 3 * 1650
MILESTONES = ("released", "issued", "received", "completed")


class Books(msgspec.Struct, frozen=True):
    """What the books say of the bolt, the first customer and an order."""

    on_hand: int
    reserved: int
    owed: int
    pending: int
    reached: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


@pytest.fixture
def books(kernel, shop):
    async def look(order_id: str | None = None) -> Books:
        async with kernel.context(shop.tenant) as ctx:
            assert not await stock_differences(ctx)
            assert not await ledger_differences(ctx)
            level = (await stock_levels(ctx, [shop.skus["bolt"]]))[shop.skus["bolt"]]
            account = await customer_account(ctx, shop.customers["first"])
            reached, waiting = (), ()
            if order_id:
                order = await get_order(ctx, UUID(order_id))
                reached = tuple(m.milestone for m in order.flow.milestones if m.at is not None)
                waiting = order.summary.waiting_steps
            return Books(
                level.on_hand,
                level.reserved,
                account.balance.amount,
                account.pending.amount,
                reached,
                waiting,
            )

    return look


@pytest.fixture
async def empty_cart(people):
    assert (await people["buyer"].post("/mall/cart/clear")).status_code == 303


async def check_way(before: Books, order_id: str, books, steps) -> None:
    """Take the steps in turn and hold the books against what each stands for.

    Args:
        before: the books before the order.
        order_id: of the order, which is placed.
        books: reads them.
        steps: for each of the five steps a callable that does it.
    """
    left = {"reserved": before.reserved + PIECES, "pending": before.pending + AMOUNT}
    gone = {"on_hand": before.on_hand - PIECES, "owed": before.owed + AMOUNT}
    replace = msgspec.structs.replace
    placed = replace(before, waiting=("trade.sales_approval",), reached=(), **left)
    issued = replace(before, reached=MILESTONES[:2], waiting=("trade.ship",), **gone)
    expected = (
        replace(placed, waiting=("trade.finance_approval",)),
        replace(placed, waiting=("trade.outbound",), reached=MILESTONES[:1]),
        issued,
        replace(issued, waiting=("trade.receive",)),
        replace(issued, waiting=(), reached=MILESTONES),
    )
    assert await books(order_id) == placed
    for step, after in zip(steps, expected, strict=True):
        await step()
        assert await books(order_id) == after


async def test_by_the_buttons_of_the_pages(shop, people, books, empty_cart):
    buyer = people["buyer"]
    before = await books()
    line = {"sku": str(shop.skus["bolt"]), "unit": "盒", "quantity": str(BOXES)}
    assert (await buyer.post("/mall/cart/lines", data=line)).status_code == 303
    cart = await buyer.get("/mall/cart")
    assert "49.50" in cart.text
    checkout = await buyer.get("/mall/checkout")
    order = await press(buyer, checkout, "Place order", note="Ring the bell")
    assert "/mall/orders/" in str(order.url)
    assert "Ring the bell" in order.text
    assert "The cart is empty" in (await buyer.get("/mall/cart")).text
    order_id = str(order.url).rpartition("/")[2]
    again = await press(buyer, checkout, "Place order", note="Ring the bell")
    assert str(again.url) == str(order.url), "a second press of the same button made a second order"

    def at_desk(role, label):
        async def step():
            page = await people[role].get(f"/desk/orders/{order_id}")
            done = await press(people[role], page, label)
            assert done.status_code == 200, done.text

        return step

    async def receive():
        page = await press(buyer, await buyer.get(f"/mall/orders/{order_id}"), "Confirm receipt")
        assert "Completed" in page.text

    await check_way(
        before, order_id, books,
        (
            at_desk("clerk", "Approve · Sales approval"), at_desk("finance", "Approve · Finance approval"),
            at_desk("warehouse", "Send out"), at_desk("warehouse", "Ship"), receive,
        ),
    )  # fmt: skip
    account = await buyer.get("/mall/account")
    assert "49.50" in account.text
    for role in ("clerk", "finance", "warehouse"):
        labels = [
            b[0] for f in forms_of(await people[role].get(f"/desk/orders/{order_id}")) for b in f.buttons
        ]
        assert not {"Approve", "Send out", "Ship"}.intersection(labels)


async def test_by_the_json_api(shop, people, books, empty_cart, key):
    buyer = people["buyer"]
    before = await books()
    line = {"sku_id": str(shop.skus["bolt"]), "unit": "盒", "quantity": str(BOXES)}
    cart = (await buyer.put("/api/v1/mall/cart/lines", json=line)).json()
    assert cart["total"] == {"amount": "49.50", "currency": "CNY"}
    placed = await buyer.post("/api/v1/mall/checkout", json={"note": "by API"}, headers=key())
    assert placed.status_code == 201, placed.text
    order_id = placed.json()["id"]
    assert (await buyer.get("/api/v1/mall/cart")).json()["lines"] == []

    def step(role, path, name):
        async def act():
            client = people[role]
            order = (await client.get(f"{path}/{order_id}")).json()
            seq = {"seq": order["seq"]} if role == "buyer" else {"expected_seq": order["seq"]}
            done = await client.post(f"{path}/{order_id}/steps/trade.{name}", json=seq)
            assert done.status_code == 200, done.text
            stale = await client.post(f"{path}/{order_id}/steps/trade.{name}", json=seq)
            assert stale.status_code == 409, "a step was done twice"

        return act

    desk, mall = "/api/v1/orders", "/api/v1/mall/orders"
    await check_way(
        before, order_id, books,
        (
            step("clerk", desk, "sales_approval"), step("finance", desk, "finance_approval"),
            step("warehouse", desk, "outbound"), step("warehouse", desk, "ship"),
            step("buyer", mall, "receive"),
        ),
    )  # fmt: skip
    stock = (
        await people["warehouse"].get("/api/v1/stock", params={"sku_id": str(shop.skus["bolt"])})
    ).json()[0]
    assert stock["on_hand"] == before.on_hand - PIECES
    account = (await people["finance"].get(f"/api/v1/accounts/{shop.customers['first']}")).json()
    own = (await buyer.get("/api/v1/mall/account")).json()
    assert account["balance"] == own["balance"]
    assert Decimal(own["balance"]["amount"]) * 100 == before.owed + AMOUNT
    seen = (await people["finance"].get(f"{desk}/{order_id}")).json()
    assert seen["order"]["state"] == "completed"
    assert [milestone["milestone"] for milestone in seen["milestones"] if milestone["at"]] == list(MILESTONES)


async def test_nobody_does_anothers_step(shop, people, key, empty_cart, books):
    placed = await place(people["buyer"], shop, key)
    before = await books(placed)
    for role in ("finance", "warehouse"):
        refused = await people[role].post(f"/api/v1/orders/{placed}/steps/trade.sales_approval", json={})
        assert refused.status_code == 403
    for step in ("outbound", "receive"):
        early = await people["owner"].post(f"/api/v1/orders/{placed}/steps/trade.{step}", json={})
        assert early.status_code == 409
    assert (
        await people["buyer"].post(f"/api/v1/mall/orders/{placed}/steps/trade.sales_approval", json={})
    ).status_code == 403
    assert await books(placed) == before


async def test_a_refused_order_waits_for_sales_again_and_a_cancelled_one_gives_all_back(
    shop, people, key, empty_cart, books
):
    before = await books()
    placed = await place(people["buyer"], shop, key)
    url = f"/api/v1/orders/{placed}"
    assert (await people["clerk"].post(f"{url}/steps/trade.sales_approval", json={})).status_code == 200
    nothing_said = await people["finance"].post(
        f"{url}/steps/trade.finance_approval", json={"decision": "reject"}
    )
    assert nothing_said.status_code == 422
    refused = await people["finance"].post(
        f"{url}/steps/trade.finance_approval", json={"decision": "reject", "note": "owes too much"}
    )
    assert refused.status_code == 200
    assert (await books(placed)).waiting == ("trade.sales_approval",)
    done = await people["buyer"].post(
        f"/api/v1/mall/orders/{placed}/cancel", json={"reason": "ordered twice"}
    )
    assert done.status_code == 200, done.text
    assert await books() == before
    late = await people["clerk"].post(f"{url}/steps/trade.sales_approval", json={})
    assert late.status_code == 409


async def test_finance_switched_off_frees_the_next_order_and_not_the_one_under_way(
    shop, people, key, empty_cart, books
):
    under_way = await place(people["buyer"], shop, key)
    settings = await people["owner"].get("/settings/flow")
    flow = next(form for form in forms_of(settings) if form.id == "flow")
    assert ("steps", "trade.finance_approval") in flow.fields
    without = [(name, value) for name, value in flow.fields if value != "trade.finance_approval"]
    data = {name: [v for n, v in without if n == name] for name, _ in without}
    draft = await people["owner"].post("/settings/flow/draft", data=data)
    assert "Not published yet" in draft.text
    published = await people["owner"].post("/settings/flow", data=data)
    assert published.status_code == 303, published.text
    next_one = await place(people["buyer"], shop, key)
    for order_id in (under_way, next_one):
        done = await people["clerk"].post(f"/api/v1/orders/{order_id}/steps/trade.sales_approval", json={})
        assert done.status_code == 200
    assert (await books(under_way)).waiting == ("trade.finance_approval",)
    after = await books(next_one)
    assert (after.waiting, after.reached) == (("trade.outbound",), ("released",))
    page = (await people["buyer"].get(f"/mall/orders/{next_one}")).text
    assert "Finance approval" not in page
    assert "Finance approval" in (await people["buyer"].get(f"/mall/orders/{under_way}")).text
    inbox = (await people["finance"].get("/api/v1/orders/inbox")).json()["items"]
    assert [order["id"] for order in inbox] == [under_way]
    stale = await people["owner"].post("/settings/flow", data=data)
    assert stale.status_code == 422
    assert "Somebody else has published" in unescape(stale.text)


async def test_a_plugin_switched_off_is_gone_here_and_untouched_there(
    shop, people, key, kernel, new_tenant, client_for
):
    other = await new_tenant()
    other_owner = await client_for(other, "owner")
    page, api = "/desk/order-minimum", "/api/v1/order-minimum/rules"
    off = await press(
        people["owner"], await people["owner"].get("/settings/plugins/order-minimum"), "Switch off"
    )
    assert off.status_code == 200
    for client, status in ((people["owner"], 404), (other_owner, 200)):
        assert (await client.get(page)).status_code == status
        assert (await client.get(api)).status_code == status
        assert (f'<a href="{page}"' in (await client.get("/desk/products")).text) is (status == 200)
        assert (api in (await client.get("/api/v1/openapi.json")).json()["paths"]) is (status == 200)
    on = await press(
        people["owner"], await people["owner"].get("/settings/plugins/order-minimum"), "Switch on"
    )
    assert on.status_code == 200
    rules = (await people["owner"].get(api)).json()["rules"]
    assert {rule["amount"] for rule in rules} == {"0.00", "0.01"}


async def place(buyer, shop, key) -> str:
    line = {"sku_id": str(shop.skus["bolt"]), "unit": "盒", "quantity": "2"}
    assert (await buyer.put("/api/v1/mall/cart/lines", json=line)).status_code == 200
    placed = await buyer.post("/api/v1/mall/checkout", json={}, headers=key())
    assert placed.status_code == 201, placed.text
    return placed.json()["id"]
