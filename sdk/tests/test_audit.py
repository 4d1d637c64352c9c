from decimal import Decimal

from headgate_sdk.audit import many_changes


def test_changes_are_told_before_and_after_by_name():
    told = many_changes([("a", Decimal("1.500000"), Decimal(2)), ("b", None, "new"), ("c", "gone", None)])
    assert told == {"before": {"a": "1.5", "c": "gone"}, "after": {"a": "2", "b": "new"}}


def test_what_stays_is_left_out():
    assert many_changes([("a", Decimal("1.50"), Decimal("1.5"))]) == {"before": None, "after": None}


def test_only_the_first_ones_are_told_and_the_others_counted():
    told = many_changes([(str(n), n, n + 1) for n in range(30)], most=2)
    assert told == {"before": {"0": 0, "1": 1}, "after": {"0": 1, "1": 2}, "more": 28}
