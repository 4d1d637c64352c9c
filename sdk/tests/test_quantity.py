"""Quantities: whole base units behind every sales unit, exactly or not at all."""

from contextlib import suppress
from decimal import Decimal
from fractions import Fraction

import pytest
from headgate_sdk.errors import Invalid
from headgate_sdk.quantity import (
    MAX_BASE_QUANTITY,
    Unit,
    nearest_whole,
    parse_quantity,
    quantity_text,
    to_base,
)
from hypothesis import assume, given
from hypothesis import strategies as st

units = st.builds(Unit, st.just("箱"), st.integers(1, 10_000), st.integers(1, 1_000))
wholes = st.integers(1, 10**6)
BOX, HALF, JIN = Unit("箱", 24), Unit("半", 1, 2), Unit("斤", 500)


@given(wholes, units)
def test_whole_base_units_come_back_from_a_quantity_of_the_unit(base, unit):
    in_unit = Fraction(base) / unit.factor
    text = quantity_text(in_unit)
    assume("/" not in text)
    assume(len(text) <= 18)
    assert to_base(parse_quantity(text), unit) == base


@given(st.integers(1, 10**4), units)
def test_counts_of_a_unit_convert_exactly_or_name_both_neighbours(count, unit):
    exact = Fraction(count) * unit.factor
    if exact.denominator == 1:
        assert to_base(Decimal(count), unit) == exact
        return
    with pytest.raises(Invalid) as caught:
        to_base(Decimal(count), unit, field="q", row=2)
    lower, upper = (Fraction(caught.value.params[name]) for name in ("lower", "upper"))
    assert lower < count < upper
    assert (lower * unit.factor).denominator == (upper * unit.factor).denominator == 1
    assert (upper - lower) * unit.factor == 1
    assert (caught.value.field, caught.value.row) == ("q", 2)


@given(st.fractions(), st.integers(0, 60))
def test_a_written_quantity_is_exact(value, places):
    for exact in (value, Fraction(value.numerator, 10**places)):
        text = quantity_text(exact)
        assert Fraction(text) == exact
        if "." in text:
            assert not text.endswith(("0", "."))


@pytest.mark.parametrize(
    ("value", "text"),
    [("0", "0"), ("12", "12"), ("100", "100"), ("3/2", "1.5"), ("-5/4", "-1.25"), ("1/1000", "0.001"),
     ("1/3", "1/3"), ("-2/7", "-2/7"), (f"1/{2**40}", "0.0000000000009094947017729282379150390625")],
)  # fmt: skip
def test_quantities_are_written_plainly(value, text):
    assert quantity_text(Fraction(value)) == text


@pytest.mark.parametrize(
    ("text", "quantity"),
    [("12", "12"), (" 1.5 ", "1.5"), ("1,000", "1000"), ("１２", "12"), ("１，０００．５", "1000.5"),
     (".5", "0.5"), ("-3", "-3"), ("1.", "1")],
)  # fmt: skip
def test_usual_spellings_are_read(text, quantity):
    assert parse_quantity(text) == Decimal(quantity)


@pytest.mark.parametrize(
    "text", ["", "a", "1e5", "1_0", "NaN", "inf", "12,5", "1 000", "1/2", "十", "٣", "12箱"]
)
def test_what_is_no_quantity_is_told_with_field_and_row(text):
    with pytest.raises(Invalid) as caught:
        parse_quantity(text, field="qty", row=3)
    assert (caught.value.field, caught.value.row) == ("qty", 3)
    assert f"'{text}' is not a quantity" in str(caught.value)


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text):
    with suppress(Invalid):
        assert parse_quantity(text).is_finite()


@pytest.mark.parametrize(
    ("quantity", "words"),
    [("0", "more than zero"), ("-1", "more than zero"), ("-0", "more than zero"), ("1E+999999", "too large"),
     ("1000000001", "too large"), ("41666667", None), ("1E-999999", "decimals"), ("NaN", "not a quantity"),
     ("sNaN", "not a quantity"), ("Infinity", "not a quantity"), ("-Infinity", "not a quantity"),
     ("0." + "3" * 100, "decimals")],
)  # fmt: skip
def test_strange_quantities_are_refused_in_words(quantity, words):
    unit = BOX if words is None else Unit("个")
    with pytest.raises(Invalid, match=words or "too large"):
        to_base(Decimal(quantity), unit)


def test_the_largest_quantity_is_taken():
    assert to_base(Decimal(MAX_BASE_QUANTITY), Unit("个")) == MAX_BASE_QUANTITY


def test_a_box_is_divided_only_by_whole_pieces():
    assert to_base(Decimal("1.5"), BOX) == 36
    assert to_base(Decimal("0.5"), JIN) == 250
    assert to_base(Decimal(4), HALF) == 2
    with pytest.raises(
        Invalid, match=r"^1\.3 箱 cannot be divided so finely\. The nearest are 31/24 and 4/3\.$"
    ):
        to_base(Decimal("1.3"), BOX)


def test_neighbours_of_a_quantity_are_named_as_people_write_them():
    assert nearest_whole(Decimal("0.33"), Unit("盒", 10)) == ("0.3", "0.4")
    assert nearest_whole(Decimal(3), HALF) == ("2", "4")


def test_the_factor_is_exact():
    assert Unit("t", 1, 3).factor * 3 == 1
    assert isinstance(to_base(Decimal("0.1"), Unit("箱", 10)), int)
