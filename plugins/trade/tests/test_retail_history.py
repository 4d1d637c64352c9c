"""The wholesaler's history: what counts as a sale, what is made of it, and a second run."""

import lzma
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from headgate_trade.catalogue import SaveResult, get_skus, list_categories
from headgate_trade.customers import list_customers
from headgate_trade.imports.retail_history import (
    CANCELLATION,
    NO_CUSTOMER,
    NO_PRICE,
    read_history,
    read_lines,
)
from headgate_trade.imports.retail_import import import_retail_history
from headgate_trade.imports.retail_words import category_of, is_goods, region_of, tidy_name
from headgate_trade.prices import PriceRequest, resolve_prices

SOURCE = Path(__file__).parents[3] / "data" / "online_retail_2010-12_to_2011-08.csv.xz"
HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"
SMALL = f"""{HEADER}
1,85123A,WHITE HANGING HEART T-LIGHT HOLDER,6,2010-12-01 08:26:00,2.55,17850,United Kingdom
1,85123a,WHITE HEART,2,2010-12-01 08:27:00,2.55,17850,United Kingdom
1,85123A,WHITE HANGING HEART T-LIGHT HOLDER,1,2010-12-01 08:26:00,2.95,17850,United Kingdom
2,85123A,WHITE HANGING HEART T-LIGHT HOLDER,12,2011-07-01 09:00:00,2.55,12347,Iceland
2,85123A,WHITE HANGING HEART,10,2011-07-01 09:00:00,2.20,12347,Iceland
3,85123A,WHITE HANGING HEART T-LIGHT HOLDER,12,2011-07-02 09:00:00,2.20,12347,Iceland
3,POST,POSTAGE,1,2011-07-02 09:00:00,18.00,12347,Iceland
C4,85123A,WHITE HANGING HEART T-LIGHT HOLDER,-6,2011-07-03 09:00:00,2.55,17850,United Kingdom
C5,D,Discount,-1,2011-07-03 09:00:00,27.50,14527,France
C6,85123A,WHITE HANGING HEART T-LIGHT HOLDER,-6,2011-07-03 09:00:00,2.55,,United Kingdom
7,85123A,,5,2011-07-03 09:00:00,0.00,,United Kingdom
8,22423,REGENCY CAKESTAND 3 TIER,1,2011-07-03 09:00:00,0.00,17850,United Kingdom
9,22423,REGENCY CAKESTAND 3 TIER,0,2011-07-03 09:00:00,12.75,17850,United Kingdom
10,22423,REGENCY CAKESTAND 3 TIER,many,2011-07-03 09:00:00,12.75,17850,United Kingdom
11,22423,REGENCY CAKESTAND 3 TIER,1,yesterday,12.75,17850,United Kingdom
,22423,REGENCY CAKESTAND 3 TIER,1,2011-07-03 09:00:00,12.75,17850,United Kingdom
""".encode()


def test_documents_come_in_time_with_their_lines():
    one, two, three, credit, discount = read_history(SMALL)
    assert (one.number, one.customer, one.at) == ("1", "17850", datetime(2010, 12, 1, 8, 26, tzinfo=UTC))
    assert [(line.code, line.quantity, line.price) for line in one.lines] == [
        ("85123A", 6, Decimal("2.55")), ("85123a", 2, Decimal("2.55")), ("85123A", 1, Decimal("2.95")),
    ]  # fmt: skip
    assert two.at == datetime(2011, 7, 1, 8, 0, tzinfo=UTC), "nine o'clock in London's summer"
    assert (len(three.lines), three.is_cancellation) == (2, False)
    assert (credit.number, credit.is_cancellation, credit.total("GBP")) == ("C4", True, 1530)
    assert (discount.customer, discount.total("GBP")) == ("14527", 2750)


async def test_the_small_history_becomes_a_shop(ctx, build):
    done = await import_retail_history(ctx, lzma.compress(SMALL), name="small.csv.xz")
    assert (done.report.read, done.report.accepted, len(done.report.refused)) == (16, 7, 9)
    reasons = {problem.row: problem.message for problem in done.report.refused}
    assert reasons[9] == CANCELLATION
    assert reasons[13] == NO_PRICE
    assert {10, 11, 12, 14, 15, 16, 17} <= reasons.keys()
    assert (done.skus, done.customers, done.list_prices) == (
        SaveResult(3), SaveResult(3), SaveResult(1),
    )  # fmt: skip
    ids = await build.sku_ids(ctx)
    assert ids.keys() == {"85123A", "85123a", "POST"}
    skus = {sku.code: sku for sku in (await get_skus(ctx, list(ids.values()))).values()}
    assert (skus["85123A"].name, skus["85123A"].category) == (
        "White hanging heart T-light holder", "Candles & lights",
    )  # fmt: skip
    assert (skus["POST"].stocked, skus["POST"].category) == (False, "Charges & services")
    assert skus["85123A"].base_price == Decimal("2.55"), "a tie: the earlier of the two most frequent"
    stock = {
        row["code"]: row["on_hand"]
        for row in await ctx.db.fetch(
            "SELECT code, on_hand FROM trade_stock s "
            "JOIN trade_sku k ON k.tenant_id = $1 AND k.id = s.sku_id "
            "WHERE s.tenant_id = $1",
            ctx.tenant.id,
        )
    }  # fmt: skip
    assert stock == {"85123A": 52, "85123a": 3}, "41 and 2 sold, and a quarter more"
    customers = {customer.code: customer for customer in (await list_customers(ctx)).items}
    assert customers["12347"].name == "Customer 12347 · Iceland"
    assert customers["12347"].group_name == "EU & Europe"
    prices = [
        (await resolve_prices(ctx, customers[code].id, [PriceRequest(ids["85123A"], "each")]))[0]
        for code in ("17850", "12347")
    ]
    assert [(price.rule, price.unit_price) for price in prices] == [
        ("base", Decimal("2.55")), ("list", Decimal("2.2")),
    ]  # fmt: skip


async def test_a_second_run_changes_nothing(ctx):
    first = await import_retail_history(ctx, SMALL)
    second = await import_retail_history(ctx, SMALL)
    assert (second.report.created, second.report.changed, second.opened) == (0, 0, 0)
    assert second.report.unchanged == first.report.created


def test_the_real_history_has_the_totals_that_were_counted_by_hand():
    documents = list(read_history(SOURCE))
    sales = [document for document in documents if not document.is_cancellation]
    assert len(sales) == 11_413
    assert sum(len(sale.lines) for sale in sales) == 226_467
    assert len({sale.customer for sale in sales}) == 3_317
    assert len({line.code for sale in sales for line in sale.lines}) == 3_394
    assert sum(sale.total("GBP") for sale in sales) == 523_924_056
    assert all(earlier.at <= later.at for earlier, later in pairwise(documents))
    assert len(documents) - len(sales) == 2_427


def test_lines_without_a_customer_are_told_from_the_rest():
    exclusions = [line.exclusion() for line in read_lines(SMALL) if hasattr(line, "exclusion")]
    assert exclusions.count(None) == 7
    orphan = SMALL.replace(b"0.00,,United", b"1.00,,United").replace(b"7,85123A,,", b"7,85123A,HEART,")
    assert NO_CUSTOMER in [line.exclusion() for line in read_lines(orphan) if hasattr(line, "exclusion")]


@pytest.mark.parametrize(
    ("raw", "name"),
    [
        ("WHITE HANGING HEART T-LIGHT HOLDER", "White hanging heart T-light holder"),
        ("  CHRISTMAS   CARD,pack/12 ", "Christmas card, pack/12"),
        ("POLYESTER FILLER PAD 40x40cm", "Polyester filler pad 40x40cm"),
        ("*USB Office Mirror Ball", "USB Office Mirror Ball"),
        ("Dr. Jam's Arouzer Stress Ball", "Dr. Jam's Arouzer Stress Ball"),
    ],
)
def test_names_are_written_as_people_write_them(raw, name):
    assert tidy_name(raw) == name


@pytest.mark.parametrize(
    ("code", "name", "category"),
    [
        ("22383", "Lunch bag Suki design", "Bags & purses"),
        ("22423", "Regency cakestand 3 tier", "Kitchen & dining"),
        ("22086", "Paper chain kit 50's Christmas", "Christmas"),
        ("99999", "Abstract thing", "Other gifts"),
        ("POST", "Postage", "Charges & services"),
        ("gift_0001_40", "Voucher", "Charges & services"),
        ("BANK CHARGES", "Bank charges", "Charges & services"),
    ],
)
def test_categories_follow_from_words(code, name, category):
    assert category_of(code, name) == category


def test_goods_and_regions():
    assert all(is_goods(code) for code in ("85123A", "15056BL", "DCGS0003"))
    assert not any(is_goods(code) for code in ("M", "C2", "PADS", "gift_0001_10", "BANK CHARGES"))
    assert [region_of(country) for country in ("United Kingdom", "EIRE", "Japan", "Unspecified")] == [
        "uk", "europe", "overseas", "overseas",
    ]  # fmt: skip


async def test_categories_are_shown_in_the_shops_order_with_icons(ctx):
    await import_retail_history(ctx, SMALL)
    assert [(category.name, category.icon) for category in await list_categories(ctx)] == [
        ("Candles & lights", "sun"), ("Decorations", "layers"), ("Charges & services", "receipt"),
    ]  # fmt: skip
