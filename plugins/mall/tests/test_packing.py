from decimal import Decimal

import pytest
from headgate_mall.packing import conversion, orderable, pick_unit, steps_of, units_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


def test_a_box_is_told_in_pieces(make_sku):
    sku = make_sku(units=[("盒", 200, 1)])
    assert conversion(sku.unit_named("盒")) == (1, 200)


def test_a_unit_smaller_than_the_base_unit_is_told_in_whole_numbers(make_sku):
    sku = make_sku(base="卷", units=[("米", 2, 100)])
    assert conversion(sku.unit_named("米")) == (50, 1)


def test_the_usual_unit_stands_first(make_sku):
    sku = make_sku(units=[("件", 4000, 1), ("盒", 200, 1)], usual="盒")
    assert [unit.name for unit in units_of(sku)] == ["盒", "个", "件"]


def test_a_unit_that_the_sku_does_not_have_falls_back_to_the_usual_one(make_sku):
    sku = make_sku(units=[("盒", 200, 1)], usual="盒")
    assert pick_unit(sku, "吨", "").name == "盒"
    assert pick_unit(sku, "吨", "个").name == "个"


@pytest.mark.parametrize(
    ("unit", "minimum", "multiple", "step", "least"),
    [
        ("个", 1, 1, "1", "1"),
        ("个", 200, 200, "200", "200"),
        ("盒", 200, 200, "1", "1"),
        ("盒", 500, 1, "1", "3"),
        ("盒", 1, 300, "3", "3"),
    ],
)
def test_a_stepper_moves_by_what_can_be_ordered(make_sku, unit, minimum, multiple, step, least):
    sku = make_sku(units=[("盒", 200, 1)], minimum=minimum, multiple=multiple)
    steps = steps_of(sku, sku.unit_named(unit), None)
    assert (steps.step, steps.least, steps.most) == (step, least, "")


def test_stock_ends_the_stepper_at_the_last_whole_step(make_sku):
    sku = make_sku(units=[("盒", 200, 1)], multiple=400)
    assert steps_of(sku, sku.unit_named("盒"), 1300).most == "6"
    assert steps_of(sku, sku.unit_named("盒"), -5).most == "0"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    num=st.integers(1, 5000),
    den=st.integers(1, 60),
    minimum=st.integers(1, 3000),
    multiple=st.integers(1, 600),
    presses=st.integers(0, 50),
)
def test_every_press_of_a_stepper_lands_on_a_quantity_that_can_be_ordered(
    make_sku, num, den, minimum, multiple, presses
):
    sku = make_sku(units=[("盒", num, den)], minimum=minimum, multiple=multiple)
    unit = sku.unit_named("盒")
    steps = steps_of(sku, unit, None)
    least, step = int(steps.least), int(steps.step)
    assert orderable(sku, unit, Decimal(least + presses * step))
    assert least % step == 0
    assert least == step or not orderable(sku, unit, Decimal(least - step))
