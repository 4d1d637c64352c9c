"""Forms keep what was typed and tell what is wrong at the field."""

import io

import pytest
from PIL import Image

PRODUCT = {
    "code": "NEW1", "name": "膨胀螺丝", "spec": "M8", "category": "螺栓", "barcode": "", "maker_code": "",
    "base_unit": "个", "base_price": "0.5", "unit": ["盒", "", ""], "factor": ["100", "", ""],
    "default_unit": "1",
    "min_quantity": "1", "multiple": "1", "stocked": "on", "description": "",
}  # fmt: skip


async def test_a_product_is_made_and_found(owner, shop):
    made = await owner.post("/desk/products/new", data=PRODUCT)
    assert made.status_code == 303, made.text[-1500:]
    assert "膨胀螺丝" in (await owner.get("/desk/products?q=pengzhang")).text


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("base_price", "-3", "cannot be negative"),
        ("base_price", "abc", "is not a price"),
        ("base_price", "1e20", "too large"),
        ("min_quantity", "1.5", "whole number"),
        ("multiple", "0", "whole number"),
        ("factor", ["x", "", ""], "is not a unit factor"),
        ("unit", ["", "", ""], "Name the unit"),
        ("name", " ", "Please fill this in"),
        ("code", "LS001", "is taken by"),
    ],
)
async def test_a_wrong_field_is_told_and_the_rest_is_kept(owner, shop, field, typed, told):
    response = await owner.post("/desk/products/new", data=PRODUCT | {field: typed})
    assert response.status_code == 422
    assert told in response.text
    assert 'value="M8"' in response.text
    assert 'aria-invalid="true"' in response.text


async def test_saving_a_product_keeps_its_units_and_code(owner, shop):
    path = f"/desk/products/{shop.skus['LS001']}"
    form = PRODUCT | {"code": "OTHER", "name": "外六角螺栓", "unit": ["盒", "箱"], "factor": ["200", "1/3"]}
    assert (await owner.post(path, data=form)).status_code == 303
    page = (await owner.get(path)).text
    assert 'value="LS001"' in page
    assert 'value="1/3"' in page


async def test_a_picture_is_shown_and_something_else_is_refused(owner, shop):
    path = f"/desk/products/{shop.skus['LS001']}"
    picture = io.BytesIO()
    Image.new("RGB", (60, 40), "red").save(picture, "PNG")
    files = {"picture": ("a.png", picture.getvalue(), "image/png")}
    assert (await owner.post(f"{path}/picture", files=files)).status_code == 303
    assert "/files/" in (await owner.get(path)).text
    refused = await owner.post(f"{path}/picture", files={"picture": ("a.png", b"no picture", "image/png")})
    assert refused.status_code == 422
    assert "e-picture" in refused.text


async def test_a_product_is_taken_off_sale_and_put_back(owner, shop):
    path = f"/desk/products/{shop.skus['LS001']}"
    await owner.post(f"{path}/status", data={"status": "stopped"})
    assert "LS001" not in (await owner.get("/desk/products")).text
    assert "LS001" in (await owner.get("/desk/products?stopped=1")).text
    await owner.post(f"{path}/status", data={"status": "active"})
    assert "LS001" in (await owner.get("/desk/products")).text


async def test_a_customer_is_made_altered_and_a_taken_code_refused(owner, shop):
    form = {"code": "C3", "name": "新客户", "group": "零售店", "level": "银牌", "phone": "1"}
    made = await owner.post("/desk/customers/new", data=form)
    assert made.status_code == 303, made.text[-1500:]
    path = made.headers["location"].partition("?")[0]
    assert (await owner.post(path, data=form | {"name": "改名", "status": "stopped"})).status_code == 303
    assert "改名" in (await owner.get("/desk/customers?q=C3")).text
    again = await owner.post("/desk/customers/new", data=form)
    assert again.status_code == 422
    assert "is taken by" in again.text


async def test_a_fixed_price_is_set_told_wrong_and_removed(owner, shop):
    path = f"/desk/customers/{shop.customers['C1']}"
    wrong = await owner.post(f"{path}/prices", data={"sku_code": "NOPE", "unit": "", "price": "1"})
    assert "There is no item with the code NOPE" in wrong.text
    unit = await owner.post(f"{path}/prices", data={"sku_code": "LS001", "unit": "车", "price": "1"})
    assert unit.status_code == 422
    assert (
        await owner.post(f"{path}/prices", data={"sku_code": "LS001", "unit": "盒", "price": "15.20"})
    ).is_redirect
    assert "15.20" in (await owner.get(path)).text
    gone = {"sku_id": str(shop.skus["LS001"]), "unit": "盒"}
    assert (await owner.post(f"{path}/prices/remove", data=gone)).is_redirect
    assert "15.20" not in (await owner.get(path)).text


async def test_a_list_price_is_edited_in_its_row(owner, shop):
    path = f"/desk/prices/{shop.list_id}/item"
    cell = {"sku_id": str(shop.skus["LS001"]), "unit": "盒", "price": "16.80"}
    assert 'value="16.80"' in (await owner.post(path, data=cell)).text
    wrong = await owner.post(path, data=cell | {"price": "-3"})
    assert wrong.status_code == 422
    assert 'value="-3"' in wrong.text
    assert "cannot be negative" in wrong.text
    assert "16.80" in (await owner.get(f"/desk/prices/{shop.list_id}")).text.replace('value="16.8"', "16.80")


async def test_stock_is_received_corrected_and_counted_with_its_reason(owner, shop):
    path = f"/desk/stock/{shop.skus['LS001']}"
    for kind, quantity, unit in (
        ("receipt", "5", "盒"),
        ("correction", "-3", "个"),
        ("count", "100000", "个"),
    ):
        form = {"kind": kind, "quantity": quantity, "unit": unit, "reason": f"why {kind}"}
        assert (await owner.post(path, data=form)).status_code == 303
        assert f"why {kind}" in (await owner.get(path)).text
    page = (await owner.get(path)).text
    assert "+1,000" in page
    assert "-997" in page


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"kind": "receipt", "quantity": "-3"}, "more than zero"),
        ({"kind": "receipt", "quantity": "abc"}, "is not a quantity"),
        ({"kind": "correction", "quantity": "-100000"}, "reserved for orders"),
        ({"kind": "receipt", "quantity": "1", "reason": " "}, "Say why"),
        ({"kind": "count", "quantity": "100000"}, "what the books say"),
        ({"kind": "steal", "quantity": "1"}, "Choose what to do"),
    ],
)
async def test_a_stock_form_that_cannot_be_is_told(owner, shop, form, told):
    form = {"unit": "个", "reason": "test"} | form
    response = await owner.post(f"/desk/stock/{shop.skus['LS001']}", data=form)
    assert response.status_code in (409, 422)
    assert told in response.text
    assert f'value="{form["quantity"]}"' in response.text
