"""What people and programs send by mistake: told clearly, at the field, and never a broken page."""

import json
from decimal import Decimal
from uuid import uuid4

import msgspec
import pytest
from headgate_sdk.testing.checksums import changed_tables, checksums, tenant_tables
from headgate_trade.api import stop_sku

BAD_QUANTITIES = {
    "negative": "-1", "huge": "1e12", "huge in digits": "1000000000000", "too fine": "1.5",
    "not a number": "NaN",
    "infinite": "Infinity", "words": "three", "nothing": " ", "many decimals": "1.0000000001",
    "long": "9" * 5000,
    "a formula": "=1+1", "a null byte": "1\x00",
}  # fmt: skip
ID = "0193f6a1-7c52-7d11-9a5e-3f2f6f0b8a11"
TELLING = ("quantity", "Write a number", "too large", "more than zero", "divided", "decimals")


@pytest.fixture
async def nothing_changes(kernel, shop):
    """Insist that a test leaves no trace in any table."""
    tables = await tenant_tables(kernel)
    before = await checksums(kernel, [shop.tenant], tables)
    yield
    assert changed_tables(before, await checksums(kernel, [shop.tenant], tables)) == []


def check_problem(answer, *, field=None, statuses=(400, 413, 422)):
    """Insist on a JSON problem: stable code, words, no stack trace."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:2000])
    problem = answer.json()
    assert problem["code"]
    assert problem["message"]
    assert "Traceback" not in answer.text
    if field:
        fields = {problem.get("field", ""), *(part.get("field", "") for part in problem.get("problems", ()))}
        assert any(field in name for name in fields), problem
    return problem


def check_page(answer, *words, statuses=(400, 404, 413, 422)):
    assert answer.status_code in statuses, (answer.status_code, answer.text[:2000])
    assert "<!doctype html>" in answer.text
    assert "Traceback" not in answer.text
    assert "went wrong" not in answer.text
    for word in words:
        assert word in answer.text, answer.text[-3000:]


@pytest.mark.parametrize("quantity", BAD_QUANTITIES.values(), ids=BAD_QUANTITIES)
async def test_a_quantity_that_cannot_be_is_told_everywhere(shop, people, key, nothing_changes, quantity):
    sku = str(shop.skus["bolt"])
    line = {"sku_id": sku, "unit": "个", "quantity": quantity}
    problem = check_problem(await people["buyer"].put("/api/v1/mall/cart/lines", json=line), field="quantity")
    assert any(word in problem["message"] for word in TELLING), problem
    form = {"sku": sku, "unit": "个", "quantity": quantity}
    if quantity.strip():
        check_page(await people["buyer"].post("/mall/cart/lines", data=form))
    order = {"customer_id": str(shop.customers["first"]), "lines": [line]}
    check_problem(await people["clerk"].post("/api/v1/orders", json=order, headers=key()), field="quantity")
    stock = {"kind": "receipt", "unit": "个", "reason": "found", "quantity": quantity}
    check_page(await people["owner"].post(f"/desk/stock/{sku}", data=stock))


async def test_zero_takes_a_line_out_of_the_cart_and_cannot_be_ordered(shop, people, key):
    line = {"sku_id": str(shop.skus["nut"]), "unit": "个", "quantity": "0"}
    assert (await people["buyer"].put("/api/v1/mall/cart/lines", json=line)).json()["lines"] == []
    order = {"customer_id": str(shop.customers["first"]), "lines": [line]}
    problem = check_problem(
        await people["clerk"].post("/api/v1/orders", json=order, headers=key()), field="quantity"
    )
    assert problem["problems"][0]["row"] == 1
    empty = await people["buyer"].post("/api/v1/mall/checkout", json={}, headers=key())
    assert "The cart is empty" in check_problem(empty, field="lines")["message"]


async def test_the_nearest_quantities_that_would_do_are_named(shop, people, nothing_changes):
    line = {"sku_id": str(shop.skus["nut"]), "unit": "个", "quantity": "25"}
    problem = check_problem(await people["buyer"].put("/api/v1/mall/cart/lines", json=line), field="quantity")
    assert "20" in problem["message"]
    assert "30" in problem["message"]


async def test_an_item_that_is_stopped_meanwhile_stands_in_the_way_with_its_name(kernel, shop, people, key):
    async with kernel.context(shop.tenant) as ctx:
        await stop_sku(ctx, shop.skus["nut"])
    cart = (await people["buyer"].get("/api/v1/mall/cart")).json()["lines"][0]
    assert "no longer sold" in cart["problem"]
    assert shop.code("nut") in cart["problem"]
    refused = await people["buyer"].post("/api/v1/mall/checkout", json={}, headers=key())
    problem = check_problem(refused, field="sku_id")
    assert problem["problems"][0]["row"] == 1
    page = await people["buyer"].post("/mall/checkout", data={"key": uuid4().hex, "note": "keep me"})
    check_page(page, "no longer sold", "keep me")
    line = {"sku_id": str(shop.skus["old"]), "unit": "个", "quantity": "1"}
    check_problem(await people["buyer"].put("/api/v1/mall/cart/lines", json=line), field="sku_id")


@pytest.mark.parametrize("unit", ["", "箱", "盒 ", "x" * 3000])
async def test_a_unit_that_the_item_is_not_sold_in_is_told(shop, people, key, nothing_changes, unit):
    line = {"sku_id": str(shop.skus["bolt"]), "unit": unit, "quantity": "1"}
    check_problem(await people["buyer"].put("/api/v1/mall/cart/lines", json=line))
    order = {"customer_id": str(shop.customers["first"]), "lines": [line]}
    check_problem(await people["clerk"].post("/api/v1/orders", json=order, headers=key()))
    asked = {"customer_id": str(shop.customers["first"]), "lines": [{"sku_id": line["sku_id"], "unit": unit}]}
    check_problem(await people["clerk"].post("/api/v1/prices", json=asked))


BODIES = {
    "nothing": b"", "half": b'{"lines": [', "not JSON": b"lines=1", "a list": b"[]", "a text": b'"text"',
    "null": b"null",
    "a number": b"7", "bytes": b"\xff\xfe\x00", "deep": b"[" * 100_000, "twice": b"{}{}",
    "wrong types": json.dumps({
        "customer_id": 7, "lines": {"a": 1}, "sku_id": [], "unit": 3, "quantity": {}, "note": 5, "rows": "x",
        "document_id": 1, "amount": True, "number": None, "decision": "maybe", "reason": 1, "rules": 3,
        "login": 1,
        "password": [], "seq": "x",
    }).encode(),
}  # fmt: skip
JSON_ROUTES = (
    ("buyer", "PUT", "/api/v1/mall/cart/lines"),
    ("buyer", "POST", "/api/v1/mall/checkout"),
    ("buyer", "POST", f"/api/v1/mall/orders/{ID}/cancel"),
    ("buyer", "POST", f"/api/v1/mall/orders/{ID}/steps/trade.receive"),
    ("owner", "POST", "/api/v1/orders"),
    ("owner", "POST", f"/api/v1/orders/{ID}/steps/trade.ship"),
    ("owner", "POST", f"/api/v1/orders/{ID}/cancel"),
    ("owner", "PUT", "/api/v1/skus"),
    ("owner", "PUT", "/api/v1/customers"),
    ("owner", "PUT", f"/api/v1/customers/{ID}/prices"),
    ("owner", "POST", "/api/v1/prices"),
    ("owner", "POST", f"/api/v1/accounts/{ID}/credit-notes"),
    ("owner", "POST", "/api/v1/stock/deliveries"),
    ("owner", "POST", "/api/v1/stock/counts"),
    ("owner", "PUT", "/api/v1/order-minimum/rules"),
    ("owner", "POST", "/api/v1/sessions"),
)
LISTS = {"/api/v1/skus", "/api/v1/customers", f"/api/v1/customers/{ID}/prices"}
MAY_BE_EMPTY = {"/api/v1/mall/checkout"} | {
    path for _, _, path in JSON_ROUTES if "/steps/" in path or "/mall/orders/" in path
}


@pytest.mark.parametrize("kind", BODIES)
async def test_a_body_that_is_not_what_is_asked_for_is_a_problem_and_no_failure(
    shop, people, key, nothing_changes, kind
):
    for role, method, path in JSON_ROUTES:
        headers = key() | {"content-type": "application/json"}
        answer = await people[role].request(method, path, content=BODIES[kind], headers=headers)
        if kind == "a list" and path in LISTS:
            continue
        check_problem(answer, statuses=(400, 404, 413, 422))


async def test_a_body_of_many_megabytes_is_refused_by_its_size(shop, people, key, nothing_changes):
    row = {"sku_id": str(shop.skus["bolt"]), "unit": "盒", "quantity": "1"}
    many = {"customer_id": str(shop.customers["first"]), "lines": [row] * 6000}
    problem = check_problem(await people["clerk"].post("/api/v1/orders", json=many, headers=key()))
    assert "5000" in problem["message"].replace(",", "")
    note = many | {"lines": [row], "note": "x" * 5_000_000}
    check_problem(await people["clerk"].post("/api/v1/orders", json=note, headers=key()), field="note")
    headers = key() | {"content-type": "application/json"}
    too_much = await people["clerk"].post(
        "/api/v1/orders", content=b" " * (49 * 1024 * 1024), headers=headers
    )
    assert too_much.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PUT", "/api/v1/mall/cart/lines", {"sku_id": ID, "unit": "个", "quantity": "1", "qty": "5"}),
        ("POST", "/api/v1/mall/checkout", {"notes": "soon"}),
    ],
)
async def test_a_field_that_nobody_knows_does_nothing_by_itself(
    shop, people, key, nothing_changes, method, path, body
):
    """A slip in a name must not pass as if it had been understood, nor do harm."""
    answer = await people["buyer"].request(method, path, json=body, headers=key())
    check_problem(answer)


ADDRESSES = (
    ("buyer", "/api/v1/mall/catalogue?limit=0"), ("buyer", "/api/v1/mall/catalogue?limit=many"),
    ("buyer", "/api/v1/mall/catalogue?after=%00%ff"), ("buyer", "/api/v1/mall/catalogue?after=AAAA"),
    ("buyer", "/api/v1/mall/catalogue?category=7"), ("buyer", "/api/v1/mall/orders?state=lost"),
    ("buyer", "/api/v1/mall/orders?after=bm8"), ("buyer", "/api/v1/mall/account?after=bm8"),
    ("owner", "/api/v1/orders?after=bm8"), ("owner", "/api/v1/orders?customer_id=x"),
    ("owner", "/api/v1/orders?state=lost"), ("owner", "/api/v1/orders?limit=-1"),
    ("owner", "/api/v1/skus?after=bm8"), ("owner", "/api/v1/customers?after=bm8"), ("owner", "/api/v1/stock"),
    ("owner", "/api/v1/stock?sku_id=x"), ("owner", f"/api/v1/accounts/{ID}?after=bm8"),
    ("owner", "/api/v1/skus?q=" + "x" * 200), ("buyer", "/mall/catalogue?after=bm8"),
    ("buyer", "/mall/catalogue?category=7"), ("buyer", "/mall/catalogue?shown=-5"),
    ("buyer", "/mall/orders?after=bm8"),
    ("buyer", "/mall/orders?state=lost"), ("buyer", "/mall/account?after=bm8"),
    ("buyer", "/mall/cart?again=7"),
    ("buyer", "/mall/sku/7"), ("owner", "/desk/orders?after=bm8"), ("owner", "/desk/products?after=bm8"),
    ("owner", "/desk/products?category=7"), ("owner", "/desk/customers?after=bm8"),
    ("owner", "/desk/inbox?after=bm8"),
    ("owner", "/desk/stock?after=bm8"), ("owner", "/desk/accounts?after=bm8"), ("owner", "/desk/orders/7"),
    ("owner", "/settings/plugins/no-such-plugin"), ("owner", "/files/7"), ("owner", f"/files/{ID}"),
)  # fmt: skip


@pytest.mark.parametrize(("role", "address"), ADDRESSES, ids=[address[:60] for _, address in ADDRESSES])
async def test_an_address_that_makes_no_sense_is_told(shop, people, nothing_changes, role, address):
    answer = await people[role].get(address)
    if address.startswith("/api/"):
        check_problem(answer, statuses=(400, 404, 422))
    else:
        check_page(answer)


@pytest.mark.parametrize(
    "text", ["\x00", "'; DROP TABLE trade_order; --", "%%%", "\\", "<b>", "🙂" * 30, "_" * 90, "()&|!:*"]
)
async def test_whatever_is_searched_for_is_only_words(shop, people, nothing_changes, text):
    for role, path in (
        ("buyer", "/api/v1/mall/catalogue"), ("buyer", "/mall/catalogue"), ("owner", "/desk/products"),
        ("owner", "/desk/orders"), ("owner", "/desk/customers"), ("owner", "/desk/stock"),
        ("owner", "/api/v1/skus"),
        ("owner", "/api/v1/customers"), ("owner", "/api/v1/orders"),
        ("owner", f"/desk/prices/{shop.price_list}"),
    ):  # fmt: skip
        answer = await people[role].get(path, params={"q": text})
        assert answer.status_code in {200, 400, 422}, (path, answer.text[:1500])
        assert "<b>" not in answer.text.partition("</head>")[2] or text != "<b>"


@pytest.mark.parametrize("price", ["-1", "NaN", "1e20", "x", "0.0000001", "1,5", "9" * 400])
async def test_a_price_that_cannot_be_is_told_where_it_was_typed(shop, people, nothing_changes, price):
    sku, first = str(shop.skus["bolt"]), shop.customers["first"]
    form = {"sku_id": sku, "unit": "盒", "price": price}
    cell = await people["clerk"].post(f"/desk/prices/{shop.price_list}/item", data=form)
    assert cell.status_code == 422, cell.text[:500]
    form = {"sku_code": shop.code("bolt"), "unit": "盒", "price": price}
    check_page(await people["clerk"].post(f"/desk/customers/{first}/prices", data=form))
    rows = [{"sku_id": sku, "unit": "盒", "price": price}]
    check_problem(await people["clerk"].put(f"/api/v1/customers/{first}/prices", json=rows))
    note = {"amount": price, "number": "G-9"}
    check_problem(await people["owner"].post(f"/api/v1/accounts/{first}/credit-notes", json=note))
    rules = {"rules": [{"group_id": None, "amount": price}]}
    check_problem(await people["owner"].put("/api/v1/order-minimum/rules", json=rules))


async def test_a_batch_with_wrong_rows_names_each_and_saves_none(shop, people, nothing_changes):
    good = {"code": "B-1", "name": "Good", "category": "Rings", "base_unit": "个", "base_price": "1"}
    rows = [
        good,
        good | {"code": "B-2", "base_price": "-1"},
        good | {"code": "", "name": ""},
        good | {"min_quantity": 0},
    ]
    problem = check_problem(await people["clerk"].put("/api/v1/skus", json=rows))
    assert {part["row"] for part in problem["problems"]} == {2, 3, 4}
    rows = [{"code": "K-1", "name": "Good"}, {"code": "K-2", "name": "", "group": "nowhere"}]
    problem = check_problem(await people["clerk"].put("/api/v1/customers", json=rows))
    assert {part["row"] for part in problem["problems"]} == {2}


@pytest.mark.parametrize("quantity", [0, -5, 10**30, 10**18, 1.5, "three", None])
async def test_a_delivery_that_cannot_be_is_told(shop, people, nothing_changes, quantity):
    rows = [{"sku_id": str(shop.skus["bolt"]), "quantity": quantity}]
    for path in ("/api/v1/stock/deliveries",) + (() if quantity in (0, -5) else ("/api/v1/stock/counts",)):
        check_problem(await people["warehouse"].post(path, json={"document_id": ID, "rows": rows}))


@pytest.mark.parametrize(
    "content", [b"", b"\x00\x01", b"no,such,columns\n1,2,3\n", b"\xff\xfe", b"a" * 100_000, b'"half']
)
async def test_a_file_that_is_no_table_is_told(shop, people, content):
    for kind in ("catalogue", "customers", "price-list", "customer-prices", "nonsense"):
        answer = await people["clerk"].post(
            "/desk/imports", data={"kind": kind}, files={"file": ("upload.csv", content, "text/csv")}
        )
        assert answer.status_code in {200, 413, 422}, answer.text[:1500]
        assert "Traceback" not in answer.text
    assert (await people["clerk"].post("/desk/imports", data={"kind": "customers"})).status_code in {400, 422}


@pytest.mark.parametrize(
    "content", [b"GIF89a", b"\x89PNG\r\n\x1a\n", b"<svg onload=alert(1)>", b"x" * 9_000_000]
)
async def test_a_picture_that_is_none_is_told(shop, people, nothing_changes, content):
    answer = await people["clerk"].post(
        f"/desk/products/{shop.skus['bolt']}/picture", files={"picture": ("a.png", content, "image/png")}
    )
    check_page(answer)


async def test_what_people_type_is_shown_and_never_run(shop, people, key):
    line = {"sku_id": str(shop.skus["bolt"]), "unit": "盒", "quantity": "1"}
    await people["buyer"].put("/api/v1/mall/cart/lines", json=line)
    evil = "<script>alert(1)</script>"
    placed = await people["buyer"].post(
        "/api/v1/mall/checkout", json={"note": evil, "address": evil}, headers=key()
    )
    order_id = placed.json()["id"]
    for role, path in (("buyer", f"/mall/orders/{order_id}"), ("clerk", f"/desk/orders/{order_id}")):
        page = await people[role].get(path)
        assert evil not in page.text
        assert "&lt;script&gt;" in page.text


async def test_a_total_that_no_books_could_hold_is_refused(shop, people, key, kernel):
    sku = {
        "code": "GOLD",
        "name": "Gold",
        "category": "Metal",
        "base_unit": "kg",
        "base_price": "999999999999",
        "stocked": False,
    }
    assert (await people["clerk"].put("/api/v1/skus", json=[sku])).status_code == 200
    gold = (await people["clerk"].get("/api/v1/skus", params={"q": "GOLD"})).json()["items"][0]
    assert Decimal(gold["base_price"]) == Decimal(999_999_999_999)
    order = {
        "customer_id": str(shop.customers["second"]),
        "lines": [{"sku_id": gold["id"], "unit": "kg", "quantity": "999999999"}],
    }
    problem = check_problem(await people["clerk"].post("/api/v1/orders", json=order, headers=key()))
    assert "too large" in json.dumps(problem)


async def test_a_null_character_in_a_text_is_told(shop, people, key, nothing_changes):
    for call in (
        people["buyer"].post("/api/v1/mall/checkout", json={"note": "a\x00b"}, headers=key()),
        people["clerk"].put("/api/v1/customers", json=[{"code": "N-1", "name": "a\x00b"}]),
    ):
        assert "null character" in check_problem(await call)["message"]
    form = {"code": "N-1", "name": "a\x00b"}
    check_page(await people["clerk"].post("/desk/customers/new", data=form), "null character")


def test_every_json_body_says_which_fields_it_knows(app):
    """A slip in the name of an optional field must not be passed over in silence."""
    bodies = [
        (route.path, struct)
        for route in app.routes
        if route.path.startswith("/api/")
        for handler in getattr(route, "route_handlers", ())
        if handler.http_methods != {"OPTIONS"} and "data" in handler.parsed_fn_signature.parameters
        for struct in _structs(
            msgspec.inspect.type_info(handler.parsed_fn_signature.parameters["data"].annotation)
        )
    ]
    assert len({path for path, _ in bodies}) >= 14
    assert [found for found in bodies if not found[1].__struct_config__.forbid_unknown_fields] == []


def _structs(info) -> list[type]:
    """Give the Structs in a type, those inside others too."""
    if isinstance(info, msgspec.inspect.StructType):
        return [info.cls, *(struct for field in info.fields for struct in _structs(field.type))]
    inner = [getattr(info, "item_type", None), *getattr(info, "types", ())]
    return [struct for one in inner if one is not None for struct in _structs(one)]
