"""Imports of the catalogue, customers and prices: what is taken, and what every kind of bad file says."""

import codecs
import lzma
from decimal import Decimal
from pathlib import Path

import pytest
from headgate_sdk.blueprint import (
    Blueprint,
    CustomerGroup,
    PersonEntry,
    Plugins,
    PriceLevel,
    PriceList,
    Profile,
    Sample,
)
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, Invalid, TooLarge
from headgate_sdk.ids import new_id
from headgate_trade.catalogue import SkuUnit, get_skus
from headgate_trade.customers import list_customers, list_members
from headgate_trade.imports.barcodes import check_digit, is_wrong_barcode
from headgate_trade.imports.catalogue_csv import import_catalogue
from headgate_trade.imports.customers_csv import import_customers
from headgate_trade.imports.encoding import inspect_text
from headgate_trade.imports.prices_csv import import_customer_prices, import_price_lists
from headgate_trade.imports.reading import Column, read_table
from headgate_trade.imports.refused import refused_path, write_refused
from headgate_trade.imports.report import ImportReport
from headgate_trade.prices import PriceRequest, resolve_prices
from headgate_trade.sample import link_people, load_sample
from hypothesis import given
from hypothesis import strategies as st

HEADER = (
    "商品编码,名称,规格,分类,基本单位,销售单位1,换算1,销售单位2,换算2,条码,原厂编号,"
    "基准价,起订量,订货倍数,库存,状态"
)
GOOD = "00123,螺栓,M6,螺栓螺母,个,盒,200,件,4000,2000100007020,TJ-1,0.085,200,200,86000,在售"
PLAIN = (Column("code", ("code",), required=True), Column("name", ("name", "名称")))
HARDWARE = Path(__file__).parents[3] / "tenants" / "hardware-wholesale"


def table(*lines: str, encoding: str = "utf-8", end: str = "\n") -> bytes:
    return end.join(lines).encode(encoding)


def goods(*lines: str, **options) -> bytes:
    return table(HEADER, *lines, **options)


def problems(report: ImportReport) -> list[tuple[int, str]]:
    return [(problem.row, problem.field) for problem in report.refused]


def read(content: bytes) -> list[tuple[int, str, str]]:
    return [
        (row.number, row.values.get("code", ""), row.problem.message if row.problem else "")
        for row in read_table(content, PLAIN)
    ]


@pytest.mark.parametrize(
    "content",
    [
        goods(GOOD),
        goods(GOOD, encoding="gbk"),
        goods(GOOD, encoding="gb18030"),
        goods(GOOD, encoding="utf-8-sig"),
        goods(GOOD, encoding="utf-16"),
        goods(GOOD, end="\r\n"),
        goods(GOOD, end="\r"),
        goods(GOOD).replace(b",", b";"),
        goods(GOOD).replace(b",", b"\t"),
        lzma.compress(goods(GOOD, encoding="gbk")),
        b"\n\n" + goods(GOOD) + b"\n\n,,,,,,,,,,,,,,,\n",
        goods(GOOD.replace("00123", '="00123"')),
        goods(GOOD.replace("0.085", '"0.085"').replace("螺栓,M6", '"螺栓",M6')),
    ],
    ids=[
        "utf8",
        "gbk",
        "gb18030",
        "bom",
        "utf16",
        "crlf",
        "cr",
        "semicolon",
        "tab",
        "xz",
        "blanks",
        "excel",
        "quoted",
    ],
)
async def test_a_catalogue_in_any_usual_form_is_taken(ctx, build, content):
    report = await import_catalogue(ctx, content, name="goods.csv")
    assert (report.read, report.accepted, report.created, report.refused, report.warnings) == (
        1,
        1,
        1,
        [],
        [],
    )
    ids = await build.sku_ids(ctx)
    sku = (await get_skus(ctx, list(ids.values())))[ids["00123"]]
    assert (sku.name, sku.spec, sku.category, sku.base_price) == ("螺栓", "M6", "螺栓螺母", Decimal("0.085"))
    assert sku.units == (
        SkuUnit("个", 1, 1, False),
        SkuUnit("盒", 200, 1, True),
        SkuUnit("件", 4000, 1, False),
    )
    assert (sku.min_quantity, sku.multiple, sku.barcode) == (200, 200, "2000100007020")
    on_hand = await ctx.db.fetch_value("SELECT on_hand FROM trade_stock WHERE tenant_id = $1", ctx.tenant.id)
    assert on_hand == 86000


async def test_importing_again_changes_nothing_and_a_change_is_counted(ctx):
    await import_catalogue(ctx, goods(GOOD))
    again = await import_catalogue(ctx, goods(GOOD))
    assert (again.created, again.changed, again.unchanged, again.accepted) == (0, 0, 1, 1)
    dearer = await import_catalogue(ctx, goods(GOOD.replace("0.085", "0.09").replace("86000", "5")))
    assert (dearer.created, dearer.changed, dearer.unchanged) == (0, 1, 0)
    on_hand = await ctx.db.fetch_value("SELECT on_hand FROM trade_stock WHERE tenant_id = $1", ctx.tenant.id)
    assert on_hand == 86000, "opening stock is booked once"


async def test_every_bad_row_is_told_and_the_good_ones_are_kept(ctx, build):
    report = await import_catalogue(
        ctx,
        goods(
            GOOD,
            GOOD.replace("00123", "B").replace("0.085", '"1,234.50"'),
            GOOD.replace("00123", "C").replace("0.085", "-3"),
            GOOD.replace("螺栓,", "别的,"),
            GOOD.replace("00123", "D").replace("0.085", "abc"),
            GOOD.replace("00123", "E").replace("0.085", ""),
            GOOD.replace("00123", "F").replace(",螺栓,", ",,"),
            GOOD.replace("00123", ""),
            GOOD.replace("00123", "G").replace(",200,件", ",x,件"),
            GOOD.replace("00123", "H").replace(",盒,200", ",盒,"),
            GOOD.replace("00123", "I").replace("在售", "maybe"),
            GOOD.replace("00123", "J").replace("86000", "1.5"),
            GOOD.replace("00123", "K").replace("86000", "-1"),
            GOOD.replace("00123", "L") + ",x",
            "M,half a row",
            GOOD.replace("00123", "N").replace("2000100007020", "2000100007021"),
            GOOD.replace("00123", "O").replace("200,200,86000", "0,200,86000"),
        ),
    )
    assert problems(report) == [
        (4, "基准价"), (5, "商品编码"), (6, "基准价"), (7, "基准价"), (8, "名称"), (9, "商品编码"),
        (10, "换算1"),
        (11, "换算1"), (12, "状态"), (13, "库存"), (14, "库存"), (15, ""), (16, ""), (18, "起订量"),
    ]  # fmt: skip
    assert (report.read, report.accepted, report.created) == (17, 3, 3)
    assert (await build.sku_ids(ctx)).keys() == {"00123", "B", "N"}
    skus = {
        sku.code: sku for sku in (await get_skus(ctx, list((await build.sku_ids(ctx)).values()))).values()
    }
    assert skus["B"].base_price == Decimal("1234.50")
    assert [(one.row, one.field, one.value) for one in report.warnings] == [(17, "条码", "2000100007021")]
    assert skus["N"].barcode == ""
    duplicate = report.refused[1]
    assert duplicate.params["first"] == "2"
    assert all(text and "{" not in text for text in (problem.text(ctx) for problem in report.refused))


async def test_a_sku_that_the_catalogue_refuses_is_reported_and_the_others_are_saved(ctx):
    await import_catalogue(ctx, goods(GOOD))
    other_unit = GOOD.replace(",个,", ",只,")
    report = await import_catalogue(
        ctx, goods(GOOD.replace("00123", "A"), other_unit, GOOD.replace("00123", "B"))
    )
    assert (problems(report), report.accepted, report.created) == ([(3, "基本单位")], 2, 2)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b" \n\n ", "empty"),
        (codecs.BOM_UTF8, "empty"),
        (b"\x00\x01\x02junk\x00", "not a text file"),
        (bytes(range(256)) * 8, "not a text file"),
        (b"PK\x03\x04rest of a workbook", "workbook"),
        (b"\xd0\xcf\x11\xe0rest of a workbook", "workbook"),
        (lzma.compress(goods(GOOD) * 500)[:-40], "damaged"),
        (b"\xfd7zXZ\x00 not really", "damaged"),
        (table(GOOD), "Missing"),
        (table("甲,乙,丙", "1,2,3"), "Missing"),
        (table(HEADER.replace("规格", "名称"), GOOD), "twice"),
        (goods("x" * 300_000), "longer"),
    ],
    ids=["empty", "blank", "bom", "nul", "binary", "xlsx", "xls", "cut", "fake xz", "no header",
         "foreign header",
         "twice", "endless"],
)  # fmt: skip
async def test_a_file_that_is_no_table_is_refused_with_a_sentence(ctx, content, says):
    with pytest.raises(Invalid) as refused:
        await import_catalogue(ctx, content)
    assert says in str(refused.value)
    assert refused.value.field == "file"


def test_a_missing_file_and_a_giant_one_are_told(tmp_path):
    with pytest.raises(Invalid, match="cannot be opened"):
        inspect_text(tmp_path / "nowhere.csv")
    with pytest.raises(TooLarge, match="larger than 1 MB"):
        inspect_text(b"a,b\n" * 300_000, most=2**20)
    bomb = lzma.compress(b"0" * 3 * 2**20)
    with pytest.raises(TooLarge):
        inspect_text(bomb, most=2**20)


def test_an_unclosed_quote_takes_no_other_row_with_it():
    rows = read(table("code,name", 'A,"open', "B,fine", 'C,"two\nlines"', 'D,"x"y', "E,fine", 'F,"last'))
    assert [(number, code) for number, code, message in rows if not message] == [(3, "B"), (4, "C"), (6, "E")]
    assert [number for number, _, message in rows if "quotation" in message] == [2, 5, 7]


def test_inches_in_the_middle_of_a_cell_are_no_quotes():
    assert read(table("code,name", 'A,pipe 6"', 'B,1/2" valve', "C,x")) == [
        (2, "A", ""),
        (3, "B", ""),
        (4, "C", ""),
    ]


def test_one_damaged_character_costs_one_row():
    content = table("code,名称", "A,螺栓", "B,螺母", "C,垫圈").replace("母".encode(), b"\xe6")
    rows = read(content)
    assert [(code, bool(message)) for _, code, message in rows] == [("A", False), ("", True), ("C", False)]


def test_headers_match_in_any_case_and_width():
    found = list(read_table(table(" CODE ,ｎａｍｅ", "1,x"), PLAIN))
    assert found[0].values == {"code": "1", "name": "x"}


@given(st.binary(max_size=400))
def test_no_junk_is_worse_than_a_sentence(content):
    try:
        for row in read_table(content, PLAIN):
            assert row.problem or row.values
    except Invalid:
        return  # a sentence; any other error fails the test


@given(st.lists(st.tuples(st.text(max_size=8), st.text(max_size=8)), max_size=8))
def test_every_line_is_accounted_for(cells):
    lines = [f"{a},{b}".replace("\n", " ").replace("\r", " ") for a, b in cells]
    lines = [line for line in lines if "\x00" not in line and line.isprintable()]
    content = table("code,name", *lines)
    expected = sum(1 for line in lines if line.replace(",", "").strip())
    try:
        rows = list(read_table(content, PLAIN))
    except Invalid:
        return
    if '"' not in "".join(lines):
        assert len(rows) == expected


async def test_refused_rows_go_into_a_file_of_their_own(ctx, tmp_path):
    source = tmp_path / "goods.csv"
    source.write_bytes(
        goods(GOOD, GOOD.replace("00123", "B").replace("0.085", "-3"), 'C,"open', encoding="gbk")
    )
    report = await import_catalogue(ctx, source)
    target = refused_path(source)
    assert target == tmp_path / "goods.refused.csv"
    assert write_refused(ctx, source, report, target) == 2
    text = target.read_bytes()
    assert text.startswith(codecs.BOM_UTF8)
    lines = text.decode("utf-8-sig").splitlines()
    assert len(lines) == 3
    assert lines[1].startswith("3,")
    assert ",B,螺栓," in lines[1]
    assert 'C,""open' in lines[2]
    target.write_bytes(text.replace(b"-3", b"3"))
    again = await import_catalogue(ctx, target)
    assert (again.created, len(again.refused)) == (1, 1)
    assert write_refused(ctx, source, ImportReport("x"), target) == 0


async def test_customers_and_their_prices_are_taken(ctx, build):
    await load_sample(ctx, blueprint(None), Path())
    await import_catalogue(ctx, goods(GOOD))
    customers = await import_customers(
        ctx,
        table(
            "编码,名称,客户组,等级,联系人,电话,地址",
            "JC001,柳荫街老周五金店,零售店,银牌,周国平,19900000001,锦城",
            "JC002,x,没有这组,普通,,,", "JC003,x,零售店,没有这级,,,", "JC001,again,,,,,", ",x,,,,,",
        ),
    )  # fmt: skip
    assert (customers.created, problems(customers)) == (
        1, [(3, "客户组"), (4, "等级"), (5, "编码"), (6, "编码")],
    )  # fmt: skip
    lists = await import_price_lists(
        ctx,
        table(
            "价目表,商品编码,单位,价格", "零售店,00123,盒,16.5", "新价目,00123,盒,15", "零售店,nothing,盒,1",
            "零售店,00123,吨,1", "零售店,00123,盒,17", "零售店,00123,件,x",
        ),
    )  # fmt: skip
    assert (lists.created, sorted(problems(lists))) == (
        2, [(4, "商品编码"), (5, "单位"), (6, "商品编码"), (7, "价格")],
    )  # fmt: skip
    fixed = await import_customer_prices(
        ctx, table("客户编码,商品编码,单位,价格", "JC001,00123,件,300", "JC009,00123,件,300")
    )
    assert (fixed.created, problems(fixed)) == (1, [(3, "客户编码")])
    customer = (await list_customers(ctx)).items[0]
    sku_id = (await build.sku_ids(ctx))["00123"]
    found = await resolve_prices(
        ctx, customer.id, [PriceRequest(sku_id, unit) for unit in ("盒", "件", "个")]
    )
    assert [(price.rule, price.unit_price) for price in found] == [
        ("list", Decimal("16.5")), ("fixed", Decimal(300)), ("level", Decimal("0.0833")),
    ]  # fmt: skip


async def test_importing_needs_the_permission(ctx):
    clerk = ctx.acting_as(Actor(kind="staff", permissions=frozenset({"trade.catalogue.write"})))
    with pytest.raises(Forbidden):
        await import_catalogue(clerk, goods(GOOD))


def blueprint(sample: Sample | None, **changes) -> Blueprint:
    values = {
        "profile": Profile(slug="t", name="t", currency="CNY", timezone="Asia/Shanghai"),
        "plugins": Plugins(()),
        "roles": (),
        "price_levels": tuple(
            PriceLevel(key, name, discount)
            for key, name, discount in (
                ("standard", "普通", "0"), ("silver", "银牌", "2"), ("gold", "金牌", "4"),
                ("diamond", "钻石", "6"),
            )
        ),
        "price_lists": tuple(
            PriceList(key, name)
            for key, name in (("retail", "零售店"), ("contract", "工程客户"), ("key-account", "大客户"))
        ),
        "customer_groups": tuple(
            CustomerGroup(key, name, name)
            for key, name in (
                ("retailers", "零售店"), ("contractors", "工程客户"), ("key-accounts", "大客户"),
            )
        ),
        "sample": sample,
    }  # fmt: skip
    return Blueprint(**(values | changes))


async def test_the_hardware_blueprints_files_are_taken_whole_and_twice_without_harm(ctx):
    sample = Sample("files", "", "catalogue.csv", "customers.csv", "price_lists.csv", "customer_prices.csv")
    first = await load_sample(ctx, blueprint(sample), HARDWARE)
    assert [(report.refused, report.warnings) for report in first] == [([], [])] * 4
    assert [report.created for report in first] == [report.read for report in first]
    second = await load_sample(ctx, blueprint(sample), HARDWARE)
    assert [report.unchanged for report in second] == [report.read for report in first]


async def test_buyers_are_connected_with_their_customers(ctx, build):
    customer_id = await build.make_customer(ctx, "JC001")
    people = (
        PersonEntry("zhou@x", "周国平", "customer", ("buyer",), "JC001"),
        PersonEntry("owner@x", "林", "staff", ("owner",)),
    )
    member = new_id()
    assert await link_people(ctx, people, {"zhou@x": member, "owner@x": new_id()}) == 1
    assert await list_members(ctx, customer_id) == [member]
    stranger = (PersonEntry("a@x", "a", "customer", (), "NOBODY"),)
    with pytest.raises(Invalid, match="NOBODY"):
        await link_people(ctx, stranger, {"a@x": new_id()})


async def test_a_bad_blueprint_is_told(ctx):
    with pytest.raises(Invalid):
        await load_sample(ctx, blueprint(None, price_levels=(PriceLevel("a", "a", "much"),)), Path())
    with pytest.raises(Invalid):
        await load_sample(ctx, blueprint(Sample("magic")), Path())


def test_check_digits():
    assert check_digit("200010000702") == 0
    assert not is_wrong_barcode("6901234567892")
    assert is_wrong_barcode("6901234567893")
    assert not is_wrong_barcode("A-123")
    assert not is_wrong_barcode("12345")
