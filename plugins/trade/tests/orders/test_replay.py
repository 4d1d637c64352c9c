"""A slice of a history, made of the cases that the whole one holds, against the source it came from."""

from contextlib import asynccontextmanager
from datetime import UTC, date, datetime

import pytest
from headgate_trade.accounts import account_entries, customer_account
from headgate_trade.customers import list_customers
from headgate_trade.imports.retail_history import read_history
from headgate_trade.imports.retail_import import import_retail_history
from headgate_trade.ledger import ledger_differences
from headgate_trade.order_views import get_order, list_orders
from headgate_trade.replay import replay_history, segments
from headgate_trade.stock import StockChange, adjust_stock, stock_differences

HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"
HISTORY = HEADER + "\n".join(
    f"{document},{code},{code} THING,{quantity},{at},{price},{customer},United Kingdom"
    for document, code, quantity, at, price, customer in [
        ("1001", "85123A", 6, "2010-12-01 08:26:00", "2.55", "17850"),
        ("1001", "22112", 3, "2010-12-01 08:26:00", "3.39", "17850"),
        ("1002", "85123A", 2, "2010-12-01 09:00:00", "2.95", "13047"),  # first purchase, dearer
        ("1003", "85123A", 1, "2010-12-01 09:01:00", "2.10", "17850"),  # lowered since
        ("1003", "85123A", 4, "2010-12-01 09:01:00", "2.00", "17850"),  # twice in one document
        ("C1004", "85123A", -1, "2010-12-02 10:00:00", "2.55", "17850"),
        ("1005", "POST", 1, "2010-12-31 23:30:00", "18.00", "13047"),
        ("1006", "22112", 5, "2011-01-03 12:00:00", "3.39", "17850"),
        (
            "C1007",
            "22112",
            -5,
            "2011-01-04 12:00:00",
            "3.39",
            "99999",
        ),  # a customer who only returned something
        ("1008", "22112", 5, "2011-01-05 12:00:00", "0.00", "17850"),  # excluded: no price
        ("1009", "85123A", 5, "2011-01-05 12:00:00", "2.55", ""),  # excluded: no customer
        ("1010", "85123A", 9, "2011-01-06 12:00:00", "2.55", "13047"),
    ]
)


@pytest.fixture
def runner(open_context):
    class Runner:
        @asynccontextmanager
        async def context(self, **options):
            async with open_context(**options) as ctx:
                yield ctx

    return Runner()


@pytest.fixture
async def documents(open_context):
    async with open_context() as ctx:
        await import_retail_history(ctx, HISTORY.encode())
    return list(read_history(HISTORY.encode()))


async def test_the_books_equal_the_source(runner, documents, open_context):
    report = await replay_history(runner, documents)
    assert report.is_exact, report
    assert (report.orders, report.lines, report.customers, report.codes) == (6, 8, 2, 3)
    sales = 6 * 255 + 3 * 339 + 2 * 295 + 210 + 800 + 1800 + 5 * 339 + 9 * 255
    assert report.total.amount == sales
    assert (report.credit_notes, report.credited.amount) == (2, 255 + 5 * 339)
    assert [
        (month.month, month.orders, month.sales.amount, month.credits.amount) for month in report.months
    ] == [
        ("2010-12", 4, sales - 5 * 339 - 9 * 255, 255),
        ("2011-01", 2, 5 * 339 + 9 * 255, 5 * 339),
    ]
    async with open_context() as ctx:
        customers = {one.code: one.id for one in (await list_customers(ctx)).items}
        account = await customer_account(ctx, customers["17850"])
        assert (account.balance.amount, account.pending.amount) == (
            6 * 255 + 3 * 339 + 210 + 800 - 255 + 5 * 339, 0,
        )  # fmt: skip
        entries = (await account_entries(ctx, customers["17850"])).items
        assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
        assert (await customer_account(ctx, customers["99999"])).balance.amount == -5 * 339
        assert not await stock_differences(ctx)
        assert not await ledger_differences(ctx)


async def test_orders_keep_their_own_time_and_number(runner, documents, open_context):
    await replay_history(runner, documents)
    async with open_context() as ctx:
        (found,) = (await list_orders(ctx, query="1005")).items
        order = await get_order(ctx, found.id)
    assert found.placed_at == datetime(2010, 12, 31, 23, 30, tzinfo=UTC)
    assert found.number.startswith("101231-")
    assert (found.reference, found.source, found.state) == ("1005", "replay", "completed")
    assert {step.at for step in order.flow.steps} == {found.placed_at}


async def test_every_repriced_line_is_explained(runner, documents):
    report = await replay_history(runner, documents)
    assert report.rules == {"agreed": 4, "base": 3, "tracked": 1}
    assert sum(item.lines for item in report.repriced) == report.rules["agreed"]
    by_reason = {
        (item.explanation, item.rule): (item.lines, item.difference.amount) for item in report.repriced
    }
    # the first line of 1003 as well as its second is of a code that the document has at two prices
    assert by_reason == {
        ("First purchase, dearer than the most frequent price of the code", "base"): (1, 2 * 40),
        ("The document has the code at several prices; this line is cheaper than the rule's", "tracked"): (
            2, -45 - 4 * 55,
        ),
        ("Cheaper than the customer's last price: it was lowered since", "tracked"): (1, -9 * 40),
    }  # fmt: skip


async def test_running_it_again_changes_nothing(runner, documents, open_context):
    first = await replay_history(runner, documents)
    again = await replay_history(runner, documents)
    assert again.already == 6
    assert again.is_exact
    assert (again.total, again.credited, again.repriced) == (first.total, first.credited, first.repriced)


async def test_a_period_is_a_part_of_it(runner, documents):
    december = await replay_history(runner, documents, end=date(2010, 12, 31))
    assert (december.orders, december.credit_notes, december.is_exact) == (4, 1, True)
    january = await replay_history(runner, documents, start=date(2011, 1, 1))
    assert (january.orders, january.credit_notes, january.is_exact, january.already) == (2, 1, True, 0)


async def test_a_document_that_fails_is_told_and_the_others_are_placed(runner, documents, open_context):
    async with open_context() as ctx:
        row = await ctx.db.fetch_row(
            "SELECT id FROM trade_sku WHERE tenant_id = $1 AND code = '22112'", ctx.tenant.id
        )
        on_hand = await ctx.db.fetch_value(
            "SELECT on_hand FROM trade_stock WHERE tenant_id = $1 AND sku_id = $2", ctx.tenant.id, row["id"]
        )
        await adjust_stock(ctx, [StockChange(row["id"], 4 - on_hand)])  # enough for 1001, not for 1006
    report = await replay_history(runner, documents)
    assert [(refused.number, refused.params["code"]) for refused in report.refused] == [("1006", "22112")]
    assert report.orders == 5
    assert not report.is_exact
    assert {(d.what, d.key, d.source - d.booked) for d in report.differences} == {
        ("sales of month", "2011-01", 5 * 339),
        ("sales of customer", "17850", 5 * 339),
    }
    assert (report.stock_differences, report.ledger_differences) == (0, 0)


async def test_codes_that_were_not_imported_are_named(runner, open_context):
    documents = list(read_history(HISTORY.encode()))
    report = await replay_history(runner, documents)
    assert len(report.refused) == 8
    assert report.refused[0].params == {"code": "17850"}


def test_parts_hold_each_customer_once():
    documents = list(read_history(HISTORY.encode()))
    parts = list(segments(documents))
    assert [document.number for part in parts for document in part] == [one.number for one in documents]
    assert all(len({one.customer for one in part}) == len(part) for part in parts)
