import pytest
from headgate_mall.reorder import compare_lines


@pytest.fixture
def box(make_sku):
    return make_sku("box", units=[("箱", 24, 1)])


def compare(lines, skus, prices, stock):
    return compare_lines(lines, {sku.id: sku for sku in skus}, prices, stock)


def test_an_order_that_is_the_same_today_shows_no_change(box, make_price, make_order_line):
    (one,) = compare(
        [make_order_line(box, "箱", 2, 48, "50")], [box], [make_price(box, "箱", "50")], {box.id: 48}
    )
    assert (one.changes, one.possible) == ((), True)


@pytest.mark.parametrize(("today", "change"), [("55", "dearer"), ("49.99", "cheaper")])
def test_a_price_that_moved_is_told_and_does_not_keep_the_line_out(
    box, make_price, make_order_line, today, change
):
    (one,) = compare(
        [make_order_line(box, "箱", 2, 48, "50")], [box], [make_price(box, "箱", today)], {box.id: 99}
    )
    assert (one.changes, one.possible) == ((change,), True)


def test_lines_of_one_sku_share_its_stock(box, make_price, make_order_line):
    lines = [make_order_line(box, "箱", 2, 48, "50"), make_order_line(box, "个", 10, 10, "2.5")]
    prices = [make_price(box, "箱", "50"), make_price(box, "个", "2.5")]
    first, second = compare(lines, [box], prices, {box.id: 57})
    assert (first.changes, second.changes) == ((), ("short",))


def test_what_is_stopped_or_gone_cannot_be_ordered_again(make_sku, make_order_line):
    stopped, gone = make_sku("stopped", status="stopped"), make_sku("gone")
    lines = [make_order_line(stopped, "个", 1, 1, "1"), make_order_line(gone, "个", 1, 1, "1")]
    assert [(one.changes, one.possible) for one in compare(lines, [stopped], [], {})] == [
        (("stopped",), False),
        (("stopped",), False),
    ]


def test_a_unit_or_quantity_that_is_not_sold_any_more_is_told(make_sku, make_order_line):
    sku = make_sku(minimum=12, multiple=12)
    lines = [make_order_line(sku, "箱", 1, 24, "50"), make_order_line(sku, "个", 13, 13, "2")]
    assert [one.changes for one in compare(lines, [sku], [], {})] == [("unit_gone",), ("quantity",)]
