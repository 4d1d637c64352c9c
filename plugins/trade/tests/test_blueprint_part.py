"""Trade's part of blueprints: what is wrong is found beforehand, and what there is comes back as it was."""

from decimal import Decimal

import pytest
from headgate_sdk.blueprint import (
    AttributeEntry,
    Blueprint,
    CustomerGroup,
    PersonEntry,
    Plugins,
    PriceLevel,
    PriceList,
    Profile,
    Sample,
)
from headgate_sdk.errors import Conflict, InvalidFields
from headgate_trade.blueprint_check import check_part
from headgate_trade.blueprint_part import read_part
from headgate_trade.catalogue import SkuInput, UnitInput, save_skus
from headgate_trade.imports.catalogue_csv import import_catalogue
from headgate_trade.sample import load_sample
from headgate_trade.sample_files import write_sample
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

GOODS = "商品编码,名称,分类,基本单位,基准价,attr:length\n"


def blueprint(**changes):
    values = {
        "profile": Profile(slug="t", name="t", currency="CNY", timezone="Asia/Shanghai"),
        "plugins": Plugins(("trade",)), "roles": (),
        "price_levels": (PriceLevel("silver", "银牌", "2"),), "price_lists": (PriceList("retail", "零售"),),
        "customer_groups": (CustomerGroup("shops", "零售店", "retail"), CustomerGroup("others", "其他")),
        "attributes": (AttributeEntry("螺栓", "length", "长度", "number", "mm"),),
    }  # fmt: skip
    return Blueprint(**(values | changes))


def test_a_sound_blueprint_has_no_problems_and_all_sections_are_kept(tmp_path):
    found = check_part(blueprint(), tmp_path)
    assert found.problems == ()
    assert found.sections == ("price_levels", "price_lists", "customer_groups", "attributes", "sample")


@pytest.mark.parametrize(
    ("changes", "path", "words"),
    [
        (
            {"price_levels": (PriceLevel("a", "A", "0"), PriceLevel("a", "B", "1"))},
            ("price_levels", 1, "key"),
            "a is",
        ),
        (
            {"price_lists": (PriceList("retail", "x"), PriceList("b", "x"))},
            ("price_lists", 1, "name"),
            "x is there",
        ),
        (
            {"customer_groups": (CustomerGroup("g", "G", "retial"),)},
            ("customer_groups", 0, "price_list"),
            "mean retail?",
        ),
        ({"price_lists": ()}, ("customer_groups", 0, "price_list"), "There is no price list retail. Add"),
        (
            {"attributes": (AttributeEntry("a", "b", "c", "text", "mm"),)},
            ("attributes", 0, "unit"),
            "Only numbers",
        ),
        (
            {"attributes": (AttributeEntry("a", "b", "c", "choice"),)},
            ("attributes", 0, "choices"),
            "List what",
        ),
        (
            {"attributes": (AttributeEntry("a", "b", "c", "bool"),) * 2},
            ("attributes", 1, "key"),
            "b is there twice",
        ),
        ({"people": (PersonEntry("a@b.c", "A", "customer", ("r",)),)}, ("people", 0), "give its code"),
        (
            {"people": (PersonEntry("a@b.c", "A", "staff", ("r",), "C1"),)},
            ("people", 0, "customer"),
            "Leave this out",
        ),
        ({"sample": Sample("files")}, ("sample", "catalogue"), "Name the file"),
        ({"sample": Sample("files", "", "none.csv")}, ("sample", "catalogue"), "There is no file"),
        ({"sample": Sample("files", "", "bad.csv")}, ("sample", "catalogue"), "must name the columns"),
        ({"sample": Sample("files", "x.csv", "good.csv")}, ("sample", "file"), "for a history only"),
        ({"sample": Sample("retail-history")}, ("sample", "file"), "Name the file"),
        ({"sample": Sample("retail-history", "good.csv")}, ("sample", "file"), "must name the columns"),
        (
            {"sample": Sample("retail-history", "good.csv", "good.csv")},
            ("sample", "catalogue"),
            "brings this itself",
        ),
    ],
)
def test_what_is_wrong_is_told_with_its_path(tmp_path, changes, path, words):
    (tmp_path / "good.csv").write_text(GOODS + "B1,螺栓,螺栓,个,1,20\n")
    (tmp_path / "bad.csv").write_text("编码,名称\nB1,x\n")
    found = {problem.path: problem for problem in check_part(blueprint(**changes), tmp_path).problems}
    assert words in found[path].message.format(**found[path].params)


async def test_refused_rows_of_all_files_are_told_and_stop_everything(ctx, tmp_path):
    (tmp_path / "c.csv").write_text(
        GOODS + "B1,螺栓,螺栓,个,1,20\nB2,螺栓,螺栓,个,x,20\nB3,螺栓,螺栓,个,1,long\n"
    )
    (tmp_path / "k.csv").write_text("编码,名称,客户组\nC1,店,零售店\nC2,店,没有\n")
    sample = Sample("files", "", "c.csv", "k.csv")
    with pytest.raises(InvalidFields) as caught:
        await load_sample(ctx, blueprint(sample=sample), tmp_path)
    assert [str(problem).partition(": ")[0] for problem in caught.value.problems] == [
        "c.csv, row 3, 基准价", "c.csv, row 4, attr:length", "k.csv, row 3, 客户组",
    ]  # fmt: skip


async def test_what_there_is_comes_back_and_saving_it_again_changes_nothing(ctx, tmp_path):
    wanted = blueprint()
    await load_sample(ctx, wanted, tmp_path)
    found = await read_part(ctx)
    assert found.price_levels == wanted.price_levels
    assert found.price_lists == wanted.price_lists
    assert set(found.customer_groups) == set(wanted.customer_groups)
    assert found.attributes == wanted.attributes
    before = await ctx.db.fetch_value("SELECT count(*) FROM audit_entry WHERE tenant_id = $1", ctx.tenant.id)
    await load_sample(ctx, wanted, tmp_path)
    after = await ctx.db.fetch_value("SELECT count(*) FROM audit_entry WHERE tenant_id = $1", ctx.tenant.id)
    assert (await read_part(ctx), after) == (found, before)


label = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zs", "Zl", "Zp")), min_size=1, max_size=10
)
key = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)


@st.composite
def terms(draw):
    def named(kind, *more):
        return st.lists(
            st.builds(kind, key, label, *more),
            max_size=4,
            unique_by=(lambda one: one.key, lambda one: one.name),
        ).map(tuple)

    lists = draw(named(PriceList))
    attribute = st.one_of(
        st.builds(AttributeEntry, label, key, label, st.just("number"), st.sampled_from(["", "mm", "℃"])),
        st.builds(AttributeEntry, label, key, label, st.sampled_from(["text", "bool"])),
        st.builds(
            AttributeEntry, label, key, label, st.just("choice"), st.just(""),
            st.lists(label, min_size=1, max_size=4, unique=True).map(tuple),
        ),
    )  # fmt: skip
    return blueprint(
        price_levels=draw(named(PriceLevel, st.sampled_from(["0", "2.5", "99.999999", "10"]))),
        price_lists=lists,
        customer_groups=draw(named(CustomerGroup, st.sampled_from(["", *(one.key for one in lists)]))),
        attributes=tuple(
            draw(st.lists(attribute, max_size=6, unique_by=lambda one: (one.category, one.key)))
        ),
    )


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=terms())
async def test_any_terms_come_back_as_they_were_written(kernel, new_tenant, tmp_path, wanted):
    assert check_part(wanted, tmp_path).problems == ()
    async with kernel.context(await new_tenant()) as ctx:
        await load_sample(ctx, wanted, tmp_path)
        found = await read_part(ctx)
    for section in ("price_levels", "price_lists", "customer_groups"):
        assert {one.key: one for one in getattr(found, section)} == {
            one.key: one for one in getattr(wanted, section)
        }
    for category in {one.category for one in wanted.attributes}:
        assert [one for one in found.attributes if one.category == category] == [
            one for one in wanted.attributes if one.category == category
        ]


async def test_files_written_of_a_tenant_fill_another_one_alike(kernel, new_tenant, tmp_path):
    async with kernel.context(await new_tenant()) as ctx:
        await load_sample(ctx, blueprint(), tmp_path)
        await save_skus(
            ctx,
            [
                SkuInput(code="B1", name="螺栓", category="螺栓", base_unit="个", base_price=Decimal("0.085"),
                         spec='M6×20 "镀锌", 长',
                         units=(UnitInput("盒", 200, is_default=True), UnitInput("件", 4000)),
                         attributes={"length": "20.5"}, description="一行\n两行"),
                SkuInput(code="F1", name="运费", category="费用", base_unit="次", base_price=Decimal(15),
                         stocked=False, status="stopped"),
                SkuInput(code="R1", name="绳", category="绳", base_unit="卷", base_price=Decimal(9),
                         units=(UnitInput("段", 1, 3),)),
            ],
        )  # fmt: skip
        sample = await write_sample(ctx, tmp_path)
        texts = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert sample.catalogue == "catalogue.csv"
    again = tmp_path / "again"
    again.mkdir()
    async with kernel.context(await new_tenant()) as ctx:
        await load_sample(ctx, blueprint(sample=sample), tmp_path)
        await write_sample(ctx, again)
    assert {path.name: path.read_text() for path in again.iterdir()} == texts


async def test_a_tenant_without_goods_has_no_sample_and_one_with_too_many_units_says_so(ctx, tmp_path):
    assert await write_sample(ctx, tmp_path) is None
    units = tuple(UnitInput(f"u{number}", number + 2) for number in range(7))
    await save_skus(
        ctx,
        [
            SkuInput(
                code="B1", name="螺栓", category="螺栓", base_unit="个", base_price=Decimal(1), units=units
            )
        ],
    )
    with pytest.raises(Conflict, match="B1 has more sales units"):
        await write_sample(ctx, tmp_path)
    assert (await import_catalogue(ctx, GOODS.encode())).read == 0
