"""The page with its form, and the JSON endpoints."""

import pytest

PAGE, API = "/desk/order-minimum", "/api/v1/order-minimum/rules"


@pytest.fixture
async def owner(shop, client_for):
    return await client_for(shop.tenant, "owner")


async def test_the_form_saves_and_shows_what_was_saved(shop, owner):
    form = {f"amount.{shop.group_id}": "￥1,500.50", "amount.others": "０"}
    saved = await owner.post(PAGE, data=form)
    assert saved.status_code == 303, saved.text[-1500:]
    page = (await owner.get(saved.headers["location"])).text
    assert "零售店" in page
    assert 'value="1500.50"' in page
    assert 'value="0.00"' in page


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("-3", "cannot be negative"),
        ("abc", "is not a price"),
        ("1e20", "too large"),
        ("0.001", "more decimals"),
    ],
)
async def test_a_wrong_amount_is_told_at_its_field_and_nothing_is_saved(shop, owner, typed, told):
    response = await owner.post(PAGE, data={f"amount.{shop.group_id}": typed, "amount.others": "300"})
    assert response.status_code == 422
    assert told in response.text
    assert f'value="{typed}"' in response.text
    assert 'value="300"' in response.text
    assert response.text.count('aria-invalid="true"') == 1
    assert (await owner.get(API)).json() == {"rules": []}


async def test_a_field_that_names_no_group_is_refused(owner):
    assert (await owner.post(PAGE, data={"amount.nonsense": "3"})).status_code == 422


async def test_the_json_api_reads_what_it_replaced(shop, owner):
    body = {
        "rules": [
            {"group_id": str(shop.group_id), "amount": "500.00"},
            {"group_id": None, "amount": "300.00"},
        ]
    }
    assert (await owner.put(API, json=body)).json() == body
    assert (await owner.get(API)).json() == body
    wrong = await owner.put(API, json={"rules": [{"group_id": None, "amount": "-3"}]})
    assert wrong.status_code == 422
    assert (await owner.get(API)).json() == body


async def test_buyers_have_neither_page_nor_endpoint(shop, client_for):
    buyer = await client_for(shop.tenant, "buyer")
    assert (await buyer.get(PAGE)).status_code == 403
    assert (await buyer.get(API)).status_code == 403
    assert (await buyer.put(API, json={"rules": []})).status_code == 403


async def test_switched_off_it_is_gone_for_this_distributor_only(owner, new_tenant, client_for):
    other = await client_for(await new_tenant(), "owner")
    await owner.post("/settings/plugins/order-minimum", data={"state": "off"})
    for path in (PAGE, API):
        assert (await owner.get(path)).status_code == 404
        assert (await other.get(path)).status_code == 200
    assert PAGE not in (await owner.get("/desk/orders")).text
    assert PAGE in (await other.get("/desk/orders")).text
