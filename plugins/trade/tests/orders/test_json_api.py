"""The staff's JSON API over HTTP, with the real kernel."""

import pytest
from headgate_sdk.ids import new_id

SKUS = [
    {"code": "MUG", "name": "Mug", "category": "Kitchen", "base_unit": "pc", "base_price": "2.55",
     "units": [{"name": "box", "num": 6, "den": 1}]},
    {"code": "LAMP", "name": "Lamp", "category": "Home", "base_unit": "pc", "base_price": "3.3333",
     "min_quantity": 4, "multiple": 2},
]  # fmt: skip


@pytest.fixture
async def api(new_tenant, client_for):
    """An owner's client of a fresh tenant with two SKUs in stock and one customer."""
    tenant = await new_tenant()
    client = await client_for(tenant, "owner")
    assert (await client.put("/api/v1/skus", json=SKUS)).json() == {
        "created": 2,
        "changed": 0,
        "unchanged": 0,
    }
    assert (await client.put("/api/v1/customers", json=[{"code": "A", "name": "Ann's"}])).status_code == 200
    client.skus = {sku["code"]: sku["id"] for sku in (await client.get("/api/v1/skus")).json()["items"]}
    client.customer = (await client.get("/api/v1/customers")).json()["items"][0]["id"]
    client.tenant = tenant
    delivery = {
        "document_id": str(new_id()),
        "rows": [
            {"sku_id": client.skus["MUG"], "quantity": 100},
            {"sku_id": client.skus["LAMP"], "quantity": 10},
        ],
    }
    for _ in range(2):
        levels = (await client.post("/api/v1/stock/deliveries", json=delivery)).json()
    assert [level["available"] for level in levels] == [100, 10]
    return client


def order_of(api, *lines):
    return {
        "customer_id": api.customer,
        "lines": [
            {"sku_id": api.skus[code], "unit": unit, "quantity": quantity, **rest}
            for code, unit, quantity, rest in lines
        ],
    }


async def place(api, *lines, key=None):
    return await api.post(
        "/api/v1/orders", json=order_of(api, *lines), headers={"Idempotency-Key": key or str(new_id())}
    )


async def test_an_order_goes_its_way(api):
    placed = await place(api, ("MUG", "box", "2", {}), ("LAMP", "pc", "4", {"agreed_price": "3.00"}))
    assert placed.status_code == 201, placed.text
    assert placed.json()["total"] == {"amount": "42.60", "currency": "CNY"}
    path = f"/api/v1/orders/{placed.json()['id']}"
    order = (await api.get(path)).json()
    assert [line["rule"] for line in order["lines"]] == ["base", "agreed"]
    assert [(line["price"], line["quantity"]) for line in order["lines"]] == [("15.3", "2"), ("3", "4")]
    assert order["lines"][0]["trace"][-1] == {
        "rule": "base", "price": "15.3", "won": True, "why": "The first rule with a price",
    }  # fmt: skip
    assert order["order"]["waiting_for"] == ["trade.sales_approval"]
    inbox = (await api.get("/api/v1/orders/inbox")).json()["items"]
    assert [one["id"] for one in inbox] == [placed.json()["id"]]
    for step in ("sales_approval", "finance_approval", "outbound", "ship", "receive"):
        done = await api.post(f"{path}/steps/trade.{step}", json={"expected_seq": order["seq"]})
        assert done.status_code == 200, done.text
        order = done.json()
    assert order["order"]["state"] == "completed"
    stock = await api.get("/api/v1/stock", params={"sku_id": list(api.skus.values())})
    assert {level["sku_id"]: (level["on_hand"], level["reserved"]) for level in stock.json()} == {
        api.skus["MUG"]: (88, 0), api.skus["LAMP"]: (6, 0),
    }  # fmt: skip
    account = (await api.get(f"/api/v1/accounts/{api.customer}")).json()
    assert account["balance"] == {"amount": "42.60", "currency": "CNY"}
    note = await api.post(
        f"/api/v1/accounts/{api.customer}/credit-notes", json={"amount": "2.60", "number": "CN1"}
    )
    assert note.json()["balance"]["amount"] == "40.00"
    entries = (await api.get(f"/api/v1/accounts/{api.customer}")).json()["entries"]
    assert [(entry["kind"], entry["amount"]["amount"]) for entry in entries] == [
        ("credit_note", "-2.60"), ("order", "42.60"),
    ]  # fmt: skip


async def test_a_key_gives_one_order(api):
    first = await place(api, ("MUG", "pc", "1", {}), key="the-same-key")
    again = await place(api, ("MUG", "pc", "1.0", {}), key="the-same-key")
    other = await place(api, ("MUG", "pc", "2", {}), key="the-same-key")
    assert (first.status_code, again.status_code, other.status_code) == (201, 200, 422)
    assert again.json() == first.json() | {"replayed": True}
    assert other.json()["code"] == "idempotency"
    missing = await api.post("/api/v1/orders", json=order_of(api, ("MUG", "pc", "1", {})))
    assert missing.status_code in (400, 422)


async def test_everything_wrong_is_told_with_its_row(api):
    refused = await place(api, ("MUG", "pc", "1.5", {}), ("MUG", "pc", "1", {}), ("LAMP", "pc", "12", {}))
    assert refused.status_code == 422
    problems = refused.json()["problems"]
    assert [(problem["row"], problem["field"]) for problem in problems] == [(1, "quantity"), (3, "quantity")]
    assert not (await api.get("/api/v1/orders")).json()["items"]


async def test_prices_come_with_their_reasons(api):
    await api.put(
        f"/api/v1/customers/{api.customer}/prices",
        json=[{"sku_id": api.skus["MUG"], "unit": "pc", "price": "2.40"}],
    )
    question = {
        "customer_id": api.customer,
        "lines": [{"sku_id": api.skus["MUG"], "unit": unit} for unit in ("pc", "box")],
    }
    answer = (await api.post("/api/v1/prices", json=question)).json()
    assert [(price["rule"], float(price["price"])) for price in answer] == [("fixed", 2.4), ("base", 15.3)]
    assert [entry["rule"] for entry in answer[0]["trace"] if entry.get("won")] == ["fixed"]


async def test_lists_go_page_by_page(api):
    numbers = [(await place(api, ("MUG", "pc", "1", {}))).json()["number"] for _ in range(3)]
    seen, after = [], None
    for _ in range(3):
        page = (
            await api.get("/api/v1/orders", params={"limit": 1} | ({"after": after} if after else {}))
        ).json()
        seen += [order["number"] for order in page["items"]]
        after = page["next"]
    assert (sorted(seen), after) == (sorted(numbers), None)
    assert (await api.get("/api/v1/orders", params={"after": "nonsense"})).status_code == 422
    found = (await api.get("/api/v1/orders", params={"q": numbers[0]})).json()["items"]
    assert [order["number"] for order in found] == [numbers[0]]


async def test_cancelling_needs_a_reason_and_gives_back(api):
    path = f"/api/v1/orders/{(await place(api, ('MUG', 'pc', '10', {}))).json()['id']}"
    assert (await api.post(f"{path}/cancel", json={"reason": " "})).status_code == 422
    cancelled = await api.post(f"{path}/cancel", json={"reason": "ordered twice"})
    assert cancelled.json()["order"]["state"] == "cancelled"
    assert (await api.post(f"{path}/cancel", json={"reason": "again"})).status_code == 409
    stock = (await api.get("/api/v1/stock", params={"sku_id": api.skus["MUG"]})).json()
    assert stock[0]["reserved"] == 0


async def test_what_another_tenant_has_is_not_there(api, new_tenant, client_for):
    placed = (await place(api, ("MUG", "pc", "1", {}))).json()
    stranger = await client_for(await new_tenant(), "owner")
    for path in (
        f"/api/v1/orders/{placed['id']}",
        f"/api/v1/skus/{api.skus['MUG']}",
        f"/api/v1/customers/{api.customer}",
        f"/api/v1/accounts/{api.customer}",
    ):
        assert (await stranger.get(path)).status_code == 404, path
    body = order_of(api, ("MUG", "pc", "1", {}))
    refused = await stranger.post("/api/v1/orders", json=body, headers={"Idempotency-Key": "k" * 10})
    assert refused.status_code == 404
    step = await stranger.post(f"/api/v1/orders/{placed['id']}/steps/trade.sales_approval", json={})
    assert step.status_code == 404


async def test_a_buyer_has_no_way_to_the_staffs_side(api, client_for):
    buyer = await client_for(api.tenant, "buyer")
    for path in ("/api/v1/orders", "/api/v1/customers", "/api/v1/stock", f"/api/v1/accounts/{api.customer}"):
        assert (await buyer.get(path, params={"sku_id": api.skus["MUG"]})).status_code == 403, path
