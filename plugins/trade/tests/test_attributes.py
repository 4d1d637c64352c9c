"""Attributes have a type and a unit for each category, and their values are held to it."""

from decimal import Decimal
from uuid import uuid4

import pytest
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, Invalid, InvalidFields, NotFound
from headgate_trade.attribute_input import AttributeInput
from headgate_trade.attribute_values import parse_value, sku_attributes
from headgate_trade.attributes import Attribute, list_attributes, remove_attribute, save_attributes
from headgate_trade.catalogue import SkuInput, list_categories, list_skus, save_skus
from headgate_trade.imports.catalogue_csv import import_catalogue

BOLTS = (
    AttributeInput("螺栓", "thread", "螺纹规格", "choice", choices=("M6", "M8")),
    AttributeInput("螺栓", "length", "长度", "number", "mm"),
    AttributeInput("螺栓", "coated", "镀层", "bool"),
    AttributeInput("螺栓", "note", "备注", "text"),
)


def bolt(code="B1", **more):
    values = {
        "code": code,
        "name": "外六角螺栓",
        "category": "螺栓",
        "base_unit": "个",
        "base_price": Decimal(1),
    }
    return SkuInput(**(values | more))


async def told(ctx, code="B1"):
    """Give the attributes of a SKU by key, as text."""
    sku = next(one for one in (await list_skus(ctx)).items if one.code == code)
    return {one.attribute.key: one.text for one in await sku_attributes(ctx, sku.id, sku.category_id)}


def of(kind, **more):
    values = {"unit": "", "choices": ()} | more
    return Attribute(uuid4(), uuid4(), "螺栓", "x", "长度", kind, values["unit"], values["choices"], 1)


@pytest.mark.parametrize(
    ("attribute", "text", "value"),
    [
        (of("number", unit="mm"), "20", Decimal(20)),
        (of("number", unit="mm"), "20 mm", Decimal(20)),
        (of("number", unit="mm"), "２０．５mm", Decimal("20.5")),
        (of("number"), "-1,000", Decimal(-1000)),
        (of("number", unit="℃"), "-20℃", Decimal(-20)),
        (of("bool"), "是", True),
        (of("bool"), "No", False),
        (of("bool"), "√", True),
        (of("choice", choices=("M6", "M8")), " M8 ", "M8"),
        (of("text"), " 镀 锌 ", "镀 锌"),
    ],
)
def test_a_value_is_read_by_the_type_of_its_attribute(attribute, text, value):
    assert parse_value(attribute, text, field="f") == value


@pytest.mark.parametrize(
    ("attribute", "text", "words"),
    [
        (of("number", unit="mm"), "20 cm", "is a number"),
        (of("number"), "long", "is a number"),
        (of("number"), "NaN", "is a number"),
        (of("number"), "1e99", "is a number"),
        (of("number"), "0.1234567891", "is a number"),
        (of("bool"), "maybe", "neither yes nor no"),
        (of("choice", choices=("M6", "M8")), "M9", "Choose one of: M6、M8"),
        (of("text"), "x" * 501, "500 characters"),
    ],
)
def test_a_value_of_the_wrong_type_says_what_could_be_written(attribute, text, words):
    with pytest.raises(Invalid, match=words) as caught:
        parse_value(attribute, text, field="attr:x", row=3)
    assert (caught.value.field, caught.value.row) == ("attr:x", 3)


async def test_attributes_stand_in_the_order_given_and_saving_them_again_changes_nothing(ctx):
    assert await save_attributes(ctx, BOLTS) == 4
    assert [one.key for one in await list_attributes(ctx)] == ["thread", "length", "coated", "note"]
    assert await save_attributes(ctx, BOLTS) == 0
    assert await save_attributes(ctx, [BOLTS[2], BOLTS[0]]) == 3
    found = await list_attributes(ctx)
    assert [(one.key, one.position) for one in found] == [
        ("coated", 1),
        ("thread", 2),
        ("length", 3),
        ("note", 4),
    ]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (AttributeInput("螺栓", "Thread", "x", "text"), "key"),
        (AttributeInput("", "a", "x", "text"), "category"),
        (AttributeInput("螺栓", "a", " ", "text"), "name"),
        (AttributeInput("螺栓", "a", "x", "date"), "type"),
        (AttributeInput("螺栓", "a", "x", "text", "mm"), "unit"),
        (AttributeInput("螺栓", "a", "x", "choice"), "choices"),
        (AttributeInput("螺栓", "a", "x", "text", choices=("b",)), "choices"),
        (AttributeInput("螺栓", "a", "x", "choice", choices=("b", "b")), "choices"),
    ],
)
async def test_a_senseless_attribute_is_refused_by_field_and_row(ctx, row, field):
    with pytest.raises(InvalidFields) as caught:
        await save_attributes(ctx, [BOLTS[0], row])
    assert [(one.field, one.row) for one in caught.value.problems] == [(field, 2)]
    assert not await list_attributes(ctx)


async def test_values_are_saved_with_the_sku_and_left_alone_when_none_are_given(ctx):
    await save_attributes(ctx, BOLTS)
    first = await save_skus(ctx, [bolt(attributes={"thread": "M8", "length": "20mm", "coated": "是"})])
    assert first.created == 1
    assert await told(ctx) == {"thread": "M8", "length": "20", "coated": "yes", "note": ""}
    same = await save_skus(ctx, [bolt(attributes={"length": "20.0", "coated": "yes", "thread": "M8"})])
    assert same.unchanged == 1
    await save_skus(ctx, [bolt(base_price=Decimal(2))])
    assert (await told(ctx))["thread"] == "M8"
    changed = await save_skus(ctx, [bolt(base_price=Decimal(2), attributes={"length": "25"})])
    assert changed.changed == 1
    assert await told(ctx) == {"thread": "", "length": "25", "coated": "", "note": ""}


async def test_every_wrong_value_of_a_batch_is_told_and_nothing_is_saved(ctx):
    await save_attributes(ctx, BOLTS)
    with pytest.raises(InvalidFields) as caught:
        await save_skus(
            ctx,
            [
                bolt("B1", attributes={"thread": "M7", "length": "x"}),
                bolt("B2", attributes={"colour": "red"}),
            ],
        )
    assert [(one.row, one.field) for one in caught.value.problems] == [
        (1, "attr:thread"), (1, "attr:length"), (2, "attr:colour"),
    ]  # fmt: skip
    assert not (await list_skus(ctx)).items


async def test_a_sku_that_moves_to_another_category_loses_the_values_of_the_old_one(ctx):
    await save_attributes(ctx, [*BOLTS, AttributeInput("螺母", "thread", "螺纹", "text")])
    await save_skus(ctx, [bolt(attributes={"thread": "M8"})])
    await save_skus(ctx, [bolt(category="螺母")])
    assert await told(ctx) == {"thread": ""}
    await save_skus(ctx, [bolt()])
    assert (await told(ctx))["thread"] == ""


async def test_an_attribute_with_values_keeps_its_type_and_the_choices_in_use(ctx):
    await save_attributes(ctx, BOLTS)
    await save_skus(ctx, [bolt(attributes={"thread": "M8", "length": "20"})])
    for row, field in (
        (AttributeInput("螺栓", "length", "长度", "text"), "type"),
        (AttributeInput("螺栓", "thread", "螺纹规格", "choice", choices=("M6",)), "choices"),
    ):
        with pytest.raises(InvalidFields) as caught:
            await save_attributes(ctx, [row])
        assert [(one.field, one.row) for one in caught.value.problems] == [(field, 1)]
    assert await save_attributes(
        ctx, [AttributeInput("螺栓", "thread", "螺纹规格", "choice", choices=("M8", "M10"))]
    )


async def test_an_attribute_goes_with_its_values(ctx):
    await save_attributes(ctx, BOLTS)
    await save_skus(ctx, [bolt(attributes={"thread": "M8"})])
    thread = (await list_attributes(ctx))[0]
    assert await remove_attribute(ctx, thread.id) == 1
    assert "thread" not in await told(ctx)
    with pytest.raises(NotFound):
        await remove_attribute(ctx, thread.id)


async def test_a_file_brings_values_in_columns_of_their_own_and_bad_ones_are_told_by_row(ctx):
    await save_attributes(ctx, BOLTS)
    report = await import_catalogue(
        ctx,
        "商品编码,名称,分类,基本单位,基准价,attr:thread,属性：length,计库存\n"
        "B1,外六角螺栓,螺栓,个,1,M8,20 mm,是\n"
        "B2,外六角螺栓,螺栓,个,1,M9,20,\n"
        "B3,外六角螺栓,螺栓,个,1,,long,\n"
        "B4,螺母,螺母,个,1,M8,,否\n"
        "B5,螺母,螺母,个,1,,,否\n".encode(),
    )
    assert (report.accepted, sorted((one.row, one.field) for one in report.refused)) == (
        2, [(3, "attr:thread"), (4, "属性：length"), (5, "attr:thread")],
    )  # fmt: skip
    assert await told(ctx, "B1") == {"thread": "M8", "length": "20", "coated": "", "note": ""}
    assert {one.code: one.stocked for one in (await list_skus(ctx)).items} == {"B1": True, "B5": False}


async def test_a_file_without_such_columns_leaves_the_values_alone(ctx):
    await save_attributes(ctx, BOLTS)
    await save_skus(ctx, [bolt(attributes={"thread": "M8"})])
    await import_catalogue(ctx, "商品编码,名称,分类,基本单位,基准价\nB1,外六角螺栓,螺栓,个,2\n".encode())
    assert (await told(ctx))["thread"] == "M8"


async def test_only_who_may_change_the_catalogue_changes_attributes(ctx):
    reader = ctx.acting_as(Actor(kind="staff", permissions=frozenset({"trade.catalogue.read"})))
    assert await list_attributes(reader) == []
    with pytest.raises(Forbidden):
        await save_attributes(reader, BOLTS)


async def test_attributes_make_their_categories(ctx):
    await save_attributes(ctx, BOLTS)
    assert [one.name for one in await list_categories(ctx)] == ["螺栓"]
