"""Attributes are set up by category, and filled in with each product."""

import re

import pytest

from .test_forms import PRODUCT

LENGTH = {"key": "length", "name": "长度", "type": "number", "unit": "mm", "choices": ""}
THREAD = {"key": "thread", "name": "螺纹", "type": "choice", "unit": "", "choices": "M6\nM8\n\n"}


@pytest.fixture
async def category(owner, shop):
    """Id of the category of the bolt."""
    page = (await owner.get("/desk/attributes")).text
    return re.search(r'<option value="([0-9a-f-]{36})"[^>]*>螺栓<', page)[1]


async def set_up(owner, category):
    for form in (LENGTH, THREAD):
        answer = await owner.post("/desk/attributes", data=form | {"category": category})
        assert answer.status_code == 303, answer.text[-1500:]


async def test_attributes_are_made_changed_and_taken_away(owner, category):
    await set_up(owner, category)
    page = (await owner.get(f"/desk/attributes?category={category}")).text
    assert page.index("长度") < page.index("螺纹")
    assert "M6、M8" in page
    form = (await owner.get(f"/desk/attributes?category={category}&key=thread")).text
    assert re.search(r'name="key"[^>]*readonly', form)
    changed = await owner.post(
        "/desk/attributes", data=THREAD | {"category": category, "name": "螺纹规格", "choices": "M6\nM8\nM10"}
    )
    assert changed.status_code == 303
    page = (await owner.get(f"/desk/attributes?category={category}")).text
    assert page.index("长度") < page.index("螺纹规格")  # its place is kept
    removed = re.findall(r'action="(/desk/attributes/[0-9a-f-]+/remove)"', page)[1]
    assert (await owner.post(removed)).status_code == 303
    assert "螺纹规格" not in (await owner.get(f"/desk/attributes?category={category}")).text
    assert (await owner.post(removed)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": "Länge"}, "small letter"),
        ({"name": " "}, "Please fill this in"),
        ({"type": "text"}, "Only numbers"),
        ({"type": "choice", "unit": ""}, "List what can be chosen"),
        ({"choices": "a"}, "Only a choice"),
    ],
)
async def test_what_is_wrong_is_told_at_its_field_and_kept_as_typed(owner, category, changes, told):
    answer = await owner.post("/desk/attributes", data=LENGTH | {"category": category} | changes)
    assert answer.status_code == 422
    assert told in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert "Nothing was saved" in answer.text


async def test_values_are_filled_in_with_the_product(owner, shop, category):
    await set_up(owner, category)
    path = f"/desk/products/{shop.skus['LS001']}"
    form = PRODUCT | {"name": "外六角螺栓", "spec": "M6×20", "attribute_key": ["length", "thread"]}
    wrong = await owner.post(path, data=form | {"attribute": ["long", "M8"]})
    assert wrong.status_code == 422
    assert "is a number" in wrong.text
    assert 'value="long"' in wrong.text
    assert (await owner.post(path, data=form | {"attribute": ["20 mm", "M8"]})).status_code == 303
    page = (await owner.get(path)).text
    assert 'value="20"' in page
    assert '<option value="M8" selected>' in page
    sku = (await owner.get(f"/api/v1/skus/{shop.skus['LS001']}")).json()
    assert [(one["key"], one["value"], one["unit"]) for one in sku["attributes"]] == [
        ("length", "20", "mm"), ("thread", "M8", ""),
    ]  # fmt: skip


async def test_a_product_that_changes_its_category_leaves_its_values_behind(owner, shop, category):
    await set_up(owner, category)
    path = f"/desk/products/{shop.skus['LS001']}"
    form = PRODUCT | {"attribute_key": ["length", "thread"], "attribute": ["20", "M8"]}
    assert (await owner.post(path, data=form)).status_code == 303
    assert (await owner.post(path, data=form | {"category": "其他"})).status_code == 303
    assert "attribute_key" not in (await owner.get(path)).text


async def test_an_unknown_category_is_told(owner):
    assert (await owner.get("/desk/attributes?category=x")).status_code == 422
    nowhere = "00000000-0000-0000-0000-000000000000"
    assert (await owner.get(f"/desk/attributes?category={nowhere}")).status_code == 404
    assert (await owner.post("/desk/attributes", data=LENGTH | {"category": nowhere})).status_code == 404


async def test_a_distributor_without_goods_is_led_to_the_import(new_tenant, client_for):
    page = await (await client_for(await new_tenant(), "owner")).get("/desk/attributes")
    assert "No categories yet" in page.text
