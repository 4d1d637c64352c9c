from decimal import Decimal

import pytest
from headgate_mall.shelf import shelf_rows, stock_view


@pytest.fixture
def bolt(make_sku):
    return make_sku("bolt", units=[("盒", 200, 1)], usual="盒", minimum=200, multiple=200)


@pytest.fixture
def prices(bolt, make_price):
    return [make_price(bolt, "盒", "15.3", "17"), make_price(bolt, "个", "0.085")]


def test_a_row_offers_the_usual_unit_at_its_own_price(bolt, prices):
    (row,) = shelf_rows([bolt], prices, {bolt.id: 86000}, {})
    assert (row.chosen.unit.name, row.chosen.price.unit_price, row.quantity) == ("盒", Decimal("15.3"), "0")
    assert [choice.unit.name for choice in row.choices] == ["盒", "个"]


def test_a_row_opens_in_the_unit_that_lies_in_the_cart(bolt, prices):
    (row,) = shelf_rows([bolt], prices, {bolt.id: 86000}, {(bolt.id, "个"): Decimal("400.000000")})
    assert (row.chosen.unit.name, row.quantity) == ("个", "400")


def test_a_chosen_unit_goes_before_the_one_in_the_cart_which_is_still_told(bolt, prices):
    in_cart = {(bolt.id, "个"): Decimal(400)}
    (row,) = shelf_rows([bolt], prices, {bolt.id: 86000}, in_cart, unit="盒")
    assert row.chosen.unit.name == "盒"
    assert [(choice.unit.name, choice.quantity) for choice in row.elsewhere] == [("个", Decimal(400))]


def test_only_a_higher_base_price_is_struck_through(bolt, make_price):
    dearer = [make_price(bolt, "盒", "18", "17"), make_price(bolt, "个", "0.085")]
    (row,) = shelf_rows([bolt], dearer, {}, {})
    assert row.struck is None


def test_quantities_in_all_units_count_against_one_stock(bolt, prices):
    in_cart = {(bolt.id, "盒"): Decimal(2), (bolt.id, "个"): Decimal(200)}
    (enough,) = shelf_rows([bolt], prices, {bolt.id: 600}, in_cart)
    (short,) = shelf_rows([bolt], prices, {bolt.id: 599}, in_cart)
    assert (enough.short, short.short) == (False, True)


def test_what_is_not_stocked_has_no_stock_and_is_never_short(make_sku, make_price):
    postage = make_sku("postage", base="次", stocked=False)
    (row,) = shelf_rows([postage], [make_price(postage, "次", "30")], {}, {(postage.id, "次"): Decimal(99)})
    assert (row.stock.state, row.available, row.short, row.steps.most) == ("", None, False, "")


@pytest.mark.parametrize(
    ("count", "state"), [(-3, "stop"), (0, "stop"), (1, "wait"), (1999, "wait"), (2000, "ok")]
)
def test_stock_is_few_by_the_unit_that_is_ordered(bolt, count, state):
    assert stock_view(count, bolt.unit_named("盒"), bolt).state == state
