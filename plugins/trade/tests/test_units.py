"""Units: factors, prices of units, and what may be ordered."""

from decimal import Decimal
from fractions import Fraction

import pytest
from headgate_sdk.errors import Invalid
from headgate_sdk.quantity import Unit
from headgate_trade.units import check_units, order_quantity, parse_factor, price_of_unit, tidy_price
from hypothesis import given
from hypothesis import strategies as st

BOX = Unit("盒", 200)


@pytest.mark.parametrize(
    ("text", "factor"),
    [("200", Fraction(200)), (" 1,000 ", Fraction(1000)), ("0.5", Fraction(1, 2)), ("1/3", Fraction(1, 3)),
     ("１２", Fraction(12))],
)  # fmt: skip
def test_factors_are_read_exactly(text, factor):
    assert parse_factor(text) == factor


@pytest.mark.parametrize("text", ["", "abc", "0", "-5", "1/0", "1e30", "1/9999999999", "nan", "箱"])
def test_a_bad_factor_is_refused_with_its_row(text):
    with pytest.raises(Invalid) as refused:
        parse_factor(text, field="换算1", row=7)
    assert (refused.value.row, refused.value.field) == (7, "换算1")
    assert str(refused.value)


def test_units_have_names_of_their_own():
    check_units("个", [BOX, Unit("件", 4000)])
    for units in (
        [BOX, BOX],
        [Unit("个", 2)],
        [Unit("", 2)],
        [Unit("x" * 21, 2)],
        [Unit("y", 0)],
        [Unit("y", 1, 0)],
    ):
        with pytest.raises(Invalid):
            check_units("个", units)


@pytest.mark.parametrize(
    ("base", "num", "den", "price"),
    [("0.085", 200, 1, "17"), ("1", 1, 3, "0.333333"), ("2", 1, 3, "0.666667"),
     ("0.000001", 1, 2, "0.000001"),
     ("0.000001", 1, 3, "0")],
)  # fmt: skip
def test_a_units_price_is_rounded_once_half_up(base, num, den, price):
    assert price_of_unit(Decimal(base), num, den) == Decimal(price)


@pytest.mark.parametrize(
    ("price", "text"), [("2.550000", "2.55"), ("100.000000", "100"), ("0.000000", "0"), ("1E+2", "100")]
)
def test_prices_lose_zeros_that_do_not_count(price, text):
    assert format(tidy_price(Decimal(price)), "f") == str(tidy_price(Decimal(price))) == text


def test_an_orderable_quantity_becomes_base_units():
    assert order_quantity(Decimal("1.5"), BOX, minimum=200, multiple=100) == 300


@pytest.mark.parametrize(
    ("quantity", "unit", "minimum", "multiple", "offered"),
    [
        ("150", Unit("个"), 200, 200, {"upper": "200"}),
        ("250", Unit("个"), 200, 200, {"lower": "200", "upper": "400"}),
        ("1.25", BOX, 1, 200, {"lower": "1", "upper": "2"}),
        ("0.5", BOX, 1, 200, {"upper": "1"}),
        ("100", Unit("个"), 250, 100, {"upper": "300"}),
        ("1.5", Unit("个"), 1, 1, {"lower": "1", "upper": "2"}),
        ("0", BOX, 1, 1, {}),
        ("-1", BOX, 1, 1, {}),
        ("1e12", BOX, 1, 1, {}),
    ],
)
def test_a_refused_quantity_names_the_nearest_ones(quantity, unit, minimum, multiple, offered):
    with pytest.raises(Invalid) as refused:
        order_quantity(Decimal(quantity), unit, minimum=minimum, multiple=multiple, row=3)
    assert refused.value.row == 3
    assert {key: value for key, value in refused.value.params.items() if key in {"lower", "upper"}} == offered


@given(
    base=st.integers(1, 10_000), num=st.integers(1, 5000), den=st.integers(1, 20),
    minimum=st.integers(1, 2000),
    multiple=st.integers(1, 500),
)  # fmt: skip
def test_the_offered_quantities_can_be_ordered(base, num, den, minimum, multiple):
    unit = Unit("u", num, den)
    quantity = (Decimal(base * den) / num).quantize(Decimal("0.000001"))
    try:
        order_quantity(quantity, unit, minimum=minimum, multiple=multiple)
    except Invalid as refused:
        if "finely" in refused.message or "more than zero" in refused.message or "large" in refused.message:
            return
        for offered in (refused.params.get("lower"), refused.params["upper"]):
            if offered is not None:
                order_quantity(Decimal(offered), unit, minimum=minimum, multiple=multiple)
