"""Which minimum holds, and how much is missing."""

from uuid import UUID

import pytest
from headgate_order_minimum.rules import Shortfall, amount_text, shortfall
from headgate_sdk.money import Money

GROUP, FREE, OTHER = UUID(int=1), UUID(int=2), UUID(int=3)
MINIMUMS = {None: Money(300_00, "CNY"), GROUP: Money(500_00, "CNY"), FREE: Money(0, "CNY")}


@pytest.mark.parametrize(
    ("group", "total", "missing"),
    [
        (GROUP, 499_99, 1), (GROUP, 500_00, None), (GROUP, 0, 500_00),
        (OTHER, 299_99, 1), (OTHER, 300_00, None), (None, 1, 299_99),
        (FREE, 0, None), (FREE, 1, None),
    ],
)  # fmt: skip
def test_a_group_has_its_own_minimum_or_everybody_elses(group, total, missing):
    found = shortfall(MINIMUMS, group, Money(total, "CNY"))
    assert (found.missing.amount if found else None) == missing


def test_without_rules_nothing_is_missing():
    assert shortfall({}, GROUP, Money(1, "CNY")) is None


def test_amounts_of_another_currency_are_not_compared():
    assert shortfall(MINIMUMS, GROUP, Money(1, "GBP")) is None


def test_what_is_reached_and_what_is_missing_make_the_minimum():
    found = Shortfall(Money(500_00, "CNY"), Money(123_45, "CNY"))
    assert found.reached + found.missing == found.minimum


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [(1200_00, "CNY", "¥1,200.00"), (5, "GBP", "£0.05"), (1200, "JPY", "¥1,200"), (100, "CHF", "CHF 1.00")],
)
def test_amounts_are_written_with_the_currencys_digits(amount, currency, text):
    assert amount_text(Money(amount, currency)) == text
