"""Money: whole minor units, one rounding, and nothing binary in between."""

from contextlib import suppress
from decimal import ROUND_HALF_UP, Context, Decimal, localcontext
from fractions import Fraction

import pytest
from headgate_sdk.errors import Invalid
from headgate_sdk.money import (
    MAX_PRICE,
    Money,
    allocate,
    check_price,
    exponent,
    line_amount,
    parse_price,
    round_to_minor,
    to_major,
)
from hypothesis import given
from hypothesis import strategies as st

currencies = st.sampled_from(["CNY", "GBP", "JPY", "KWD", "CLF"])
amounts = st.integers(-(10**30), 10**30)
prices = st.integers(0, 10**18 - 1).map(lambda n: Decimal(n).scaleb(-6))
quantities = st.one_of(st.integers(0, 10**9), st.integers(0, 10**15).map(lambda n: Decimal(n).scaleb(-6)))


@pytest.mark.parametrize(
    ("currency", "digits"),
    [("CNY", 2), ("USD", 2), ("JPY", 0), ("VND", 0), ("BHD", 3), ("KWD", 3), ("CLF", 4)],
)
def test_minor_units_have_the_digits_of_the_standard(currency, digits):
    assert exponent(currency) == digits


@given(amounts, currencies)
def test_minor_to_major_and_back_is_exact(amount, currency):
    major = to_major(amount, currency)
    assert Fraction(major) == Fraction(amount, 10 ** exponent(currency))
    assert round_to_minor(major, currency) == amount
    assert Money(amount, currency).decimal() == major


@given(amounts, amounts, currencies)
def test_amounts_add_up_and_go_back(a, b, currency):
    first, second = Money(a, currency), Money(b, currency)
    assert first + second - second == first
    assert -first + first == Money(0, currency)
    assert (first + second).amount == a + b
    assert (first < second) == (a < b)


def test_currencies_do_not_mix():
    for operate in (Money.__add__, Money.__sub__):
        with pytest.raises(ValueError, match="CNY and GBP do not add up"):
            operate(Money(1, "CNY"), Money(1, "GBP"))


@given(prices, quantities, currencies)
def test_a_line_is_rounded_half_up_once_and_exactly(price, quantity, currency):
    exact = Fraction(price) * Fraction(quantity) * 10 ** exponent(currency)
    assert line_amount(price, quantity, currency) == int(exact + Fraction(1, 2))


@given(prices, quantities)
def test_nobodys_decimal_context_changes_a_line(price, quantity):
    expected = line_amount(price, quantity, "CNY")
    with localcontext(Context(prec=3)):
        assert line_amount(price, quantity, "CNY") == expected


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        ("0.005", 1),
        ("0.0049999", 0),
        ("0.015", 2),
        ("0.025", 3),
        ("-0.005", -1),
        ("2.675", 268),
        ("1.005", 101),
    ],
)
def test_half_is_rounded_away_from_zero(value, minor):
    assert round_to_minor(Decimal(value), "CNY") == minor


def test_a_long_product_is_not_rounded_on_the_way():
    # 28 digits would round 0.0049…9 up to 0.005 first, and then to 0.01
    assert line_amount(Decimal("0.004999999999999999999999999999"), 1, "CNY") == 0


@given(amounts, st.lists(st.integers(0, 10**12), min_size=1, max_size=20).filter(any))
def test_the_parts_sum_to_the_whole_and_each_is_next_to_its_share(total, weights):
    parts = allocate(total, weights)
    assert sum(parts) == total
    assert len(parts) == len(weights)
    for part, weight in zip(parts, weights, strict=True):
        share = Fraction(total * weight, sum(weights))
        assert abs(part - share) < 1
        assert part == 0 or weight > 0


@given(amounts, st.lists(st.integers(0, 10**6), min_size=1, max_size=10).filter(any))
def test_a_refund_is_split_as_the_amount_was(total, weights):
    assert allocate(-total, weights) == [-part for part in allocate(total, weights)]


@given(st.integers(1, 10**6), st.integers(1, 50))
def test_equal_weights_differ_by_one_at_most_and_the_first_have_more(total, count):
    parts = allocate(total, [1] * count)
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [3, -1]])
def test_weights_that_cannot_split_are_refused(weights):
    with pytest.raises(ValueError, match="weights"):
        allocate(100, weights)


@given(prices)
def test_a_written_price_is_read_back(price):
    assert parse_price(str(price.quantize(Decimal("0.000001")))) == price
    assert parse_price(f"{price:,f}") == price


@pytest.mark.parametrize(
    ("text", "price"),
    [
        ("12.5", "12.5"), (" 12.50 ", "12.50"), ("1,234.50", "1234.50"), ("¥12", "12"), ("£ 3", "3"),
        ("￥１２．５０", "12.50"), ("€3", "3"), ("$3", "3"), ("0", "0"), ("-0", "0"), (".5", "0.5"),
        ("5.", "5"), ("+5", "5"),
        ("1，234", "1234"), ("0.000001", "0.000001"), ("999999999999.999999", "999999999999.999999"),
        ("1,000,000", "1000000"), ("1.50000000", "1.5"),
    ],
)  # fmt: skip
def test_usual_spellings_are_read(text, price):
    read = parse_price(text)
    assert isinstance(read, Decimal)
    assert read == Decimal(price)
    assert not read.is_signed()


@pytest.mark.parametrize(
    "text",
    ["", " ", "abc", "12.5.1", "1 2", "NaN", "Infinity", "-inf", "1e3", "1_000", "12,5", "1,23", "1234,567",
     ",5", "٣", "１２３元", "--1", "¥", ".", "0x10", "1,,000"],
)  # fmt: skip
def test_what_is_no_price_is_told_with_field_and_row(text):
    with pytest.raises(Invalid) as caught:
        parse_price(text, field="cost", row=7)
    assert (caught.value.field, caught.value.row) == ("cost", 7)
    assert f"'{text}' is not a price" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "words"),
    [("-1", "negative"), ("1000000000000", "too large"), ("9" * 5000, "too large"),
     ("0.0000001", "six decimals"), ("0." + "1" * 5000, "six decimals")],
)  # fmt: skip
def test_a_price_outside_of_its_borders_is_told(text, words):
    with pytest.raises(Invalid, match=words):
        parse_price(text)


@pytest.mark.parametrize(
    "value", ["NaN", "sNaN", "Infinity", "-Infinity", "1E+1000000", "1E-1000000", "-1E-1000000"]
)
def test_strange_decimals_are_refused_in_words(value):
    with pytest.raises(Invalid):
        check_price(Decimal(value))


@given(prices)
def test_a_fine_price_is_kept(price):
    assert check_price(price) == price < MAX_PRICE


@given(st.text(max_size=20))
def test_no_text_breaks_the_reader(text):
    with suppress(Invalid):
        assert 0 <= parse_price(text) < MAX_PRICE


def test_no_float_comes_out():
    for value in (
        to_major(5, "CNY"),
        line_amount(Decimal("0.1"), 3, "CNY"),
        parse_price("0.1"),
        *allocate(1, [1, 2]),
    ):
        assert isinstance(value, int | Decimal)
    assert line_amount(Decimal("0.1"), 3, "CNY") == 30


def test_the_rounding_is_the_one_of_the_standard_library():
    assert round_to_minor(Decimal("1.115"), "CNY") == int(
        Decimal("111.5").quantize(Decimal(1), ROUND_HALF_UP)
    )
