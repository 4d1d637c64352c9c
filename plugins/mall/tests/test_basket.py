import re
from decimal import Decimal

import pytest
from headgate_mall.basket import cart_rows, line_id, nearest_of
from headgate_sdk.money import Money
from headgate_trade.api import Cart, CartLine, Customer


@pytest.mark.parametrize(
    ("params", "nearest"),
    [
        ({}, ()),
        ({"lower": None, "upper": "200"}, ("200",)),
        ({"lower": "4", "upper": "6", "unit": "盒"}, ("4", "6")),
        ({"code": "A1", "name": "钉", "available": "25", "unit": "包"}, ("25",)),
        ({"code": "A1", "name": "钉", "available": "0"}, ()),
        ({"lower": "1/3", "upper": "2/3"}, ()),
        ({"lower": "0", "upper": "0.5"}, ("0.5",)),
    ],
)
def test_a_refusal_proposes_only_what_can_be_typed_and_ordered(params, nearest):
    assert nearest_of(params) == nearest


def test_a_line_has_a_name_of_its_own_that_a_selector_can_hold(make_sku):
    sku = make_sku()
    names = [line_id(sku.id, unit) for unit in ("盒", "1/2 箱", "kg.")]
    assert len(set(names)) == 3
    assert all(re.fullmatch(r"[0-9a-f-]+", name) for name in names)


def test_a_line_whose_unit_is_gone_can_still_be_taken_out(make_sku):
    sku = make_sku(minimum=50)
    line = CartLine(
        sku=sku, unit="托盘", quantity=Decimal(2), base_quantity=0, price=None, amount=0, available=None,
        problem="It is not sold in this unit.",
    )  # fmt: skip
    customer = Customer(sku.id, "K1", "店", None, "", None, "", "", "", "", "active")
    (row,) = cart_rows(Cart(customer=customer, lines=(line,), total=Money(0, "CNY"), count=1))
    assert (row.steps.step, row.steps.least, row.quantity, row.struck) == ("1", "1", "2", None)
