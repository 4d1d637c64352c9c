"""The blueprints that come with Headgate: sound, believable, and set up as their files say."""

import csv
import importlib.util
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.blueprints import apply_blueprint, plan_blueprint, read_blueprint, read_source
from headgate_kernel.tenancy.blueprints.exporting import differences, export_tenant
from headgate_kernel.tenancy.blueprints.schema import schema_text
from headgate_sdk.testing.checksums import checksums
from headgate_trade.imports.barcodes import is_wrong_barcode

TENANTS = Path(__file__).parents[1] / "tenants"
NAMES = ("frozen-food", "gift-wholesale", "hardware-wholesale", "industrial-parts")
GENERATED = ("frozen-food", "industrial-parts")


def rows_of(name, file="catalogue.csv"):
    with (TENANTS / name / file).open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_the_published_schema_is_that_of_the_code():
    published = (TENANTS / "blueprint.schema.json").read_text()
    assert published == schema_text(PluginHost()), "headgate tenant schema > tenants/blueprint.schema.json"


def test_each_blueprint_names_its_schema_and_no_other_is_there():
    assert sorted(path.parent.name for path in TENANTS.glob("*/tenant.toml")) == list(NAMES)
    for name in NAMES:
        first = (TENANTS / name / "tenant.toml").read_text().splitlines()[0]
        assert first == "#:schema ../blueprint.schema.json"


@pytest.mark.parametrize("name", GENERATED)
def test_the_files_are_what_their_script_writes(name, tmp_path, monkeypatch):
    script = TENANTS / name / "make_catalogue.py"
    spec = importlib.util.spec_from_file_location(f"make_{name.replace('-', '_')}", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "HERE", tmp_path)
    module.main()
    for written in tmp_path.iterdir():
        assert written.read_bytes() == (script.parent / written.name).read_bytes(), written.name


@pytest.mark.parametrize("name", ["frozen-food", "hardware-wholesale", "industrial-parts"])
def test_codes_and_barcodes_are_sound_and_inside_the_firms_own_range(name):
    rows = rows_of(name)
    for column in ("商品编码", "条码"):
        values = [row[column] for row in rows if row[column]]
        assert [value for value, times in Counter(values).items() if times > 1] == []
    barcodes = [row["条码"] for row in rows if row["条码"]]
    assert all(len(code) == 13 and code.startswith("2") and not is_wrong_barcode(code) for code in barcodes)


def test_the_frozen_food_distributor_has_three_thousand_items_by_bag_case_and_weight():
    rows = rows_of("frozen-food")
    assert len(rows) == 3000
    categories = Counter(row["分类"] for row in rows)
    assert len(categories) == 12
    assert {"鱼糜制品", "丸滑类", "速冻面点", "牛羊肉", "水产", "调理半成品"} <= categories.keys()
    loose = [row for row in rows if row["基本单位"] == "克"]
    assert len(loose) > 300
    assert all((row["销售单位1"], row["换算1"]) == ("斤", "500") for row in loose)
    for row in rows:
        kilogram = (
            Decimal(row["基准价"]) * 1000 / (Decimal(row["attr:net_weight"]) if row["attr:net_weight"] else 1)
        )
        assert 5 < kilogram < 150, row["商品编码"]
    groups = Counter(row["客户组"] for row in rows_of("frozen-food", "customers.csv"))
    assert {"奶茶店", "火锅店", "学校食堂"} <= groups.keys()


def test_the_hardware_wholesaler_has_eight_representatives_and_four_drivers():
    people = read_blueprint(TENANTS / "hardware-wholesale").people
    assert Counter(role for person in people for role in person.roles) >= Counter(rep=8, driver=4)


def test_the_industrial_distributor_has_typed_attributes_and_a_flow_of_one_step():
    blueprint = read_blueprint(TENANTS / "industrial-parts")
    assert blueprint.flow["trade.order"].steps == ("trade.outbound",)
    kinds = Counter(one.type for one in blueprint.attributes)
    assert kinds.keys() == {"number", "text", "choice", "bool"}
    assert len({one.category for one in blueprint.attributes}) == 8
    assert all(one.unit for one in blueprint.attributes if one.type == "number" and one.key != "teeth")


@pytest.fixture(scope="module")
async def applied(kernel, tmp_path_factory):
    """Sets a blueprint up, once for this module, and gives its folder with what was done.

    The gift wholesaler comes without its long history, and so without the buyers of its customers.
    """
    done = {}

    async def give(name):
        if name not in done:
            folder = TENANTS / name
            if name == "gift-wholesale":
                text = (folder / "tenant.toml").read_text().partition('[[people]]\nlogin = "retailer@')[0]
                folder = tmp_path_factory.mktemp(name)
                (folder / "tenant.toml").write_text(text)
            done[name] = folder, await apply_blueprint(kernel, folder)
        return done[name]

    return give


@pytest.mark.parametrize("name", NAMES)
async def test_each_is_set_up_as_it_says_and_again_without_a_change(kernel, applied, name):
    folder, done = await applied(name)
    blueprint = done.blueprint
    assert [(file.name, file.created) for file in done.files] == [
        (file.name, file.rows) for file in done.files
    ]
    tenant = await kernel.tenant(blueprint.profile.slug)
    assert tenant.plugins == set(blueprint.plugins.enabled)
    planned = await plan_blueprint(kernel, folder)
    assert not planned.is_change, planned.changes
    assert sum(file.unchanged for file in planned.files) == sum(file.rows for file in done.files)
    assert await differences(kernel, read_source(folder)) == ()


async def test_an_export_with_its_files_sets_up_the_same_distributor(kernel, applied, tmp_path):
    """Goods, units, attributes, prices, customers and stock are equal, row by row."""
    _, done = await applied("industrial-parts")
    slug = done.blueprint.profile.slug
    await export_tenant(kernel, slug, tmp_path / "copy")
    text = (tmp_path / "copy" / "tenant.toml").read_text()
    (tmp_path / "copy" / "tenant.toml").write_text(text.replace(f'"{slug}"', '"copied"'))
    copied = await apply_blueprint(kernel, tmp_path / "copy")
    assert {file.name: file.created for file in copied.files if file.rows} == {
        "catalogue.csv": 518, "customers.csv": 36,
    }  # fmt: skip
    await export_tenant(kernel, "copied", tmp_path / "again")
    for written in (tmp_path / "copy").iterdir():
        again = (tmp_path / "again" / written.name).read_text()
        assert again.splitlines()[2:] == written.read_text().splitlines()[2:], written.name
    both = [await kernel.tenant(slug), await kernel.tenant("copied")]
    found = await checksums(kernel, both, ["trade_sku_attribute", "trade_stock"])
    assert len(found) == 4


@pytest.mark.parametrize(
    ("name", "login", "word", "told", "stock"),
    [
        ("industrial-parts", "engineer", "6204-2RS", ("内径 d", "20 mm", "橡胶 2RS", "12.8 kN"), "有货"),
        ("industrial-parts", "engineer", "接近开关", ("可埋入安装", "检测距离"), "有货"),
        ("frozen-food", "hotpot", "肥牛卷", ("储存温度", "-18 ℃", "18 个月"), "以上"),
    ],
)
async def test_a_buyer_sees_attributes_and_as_much_of_the_stock_as_is_shown(
    kernel, applied, client_for, name, login, word, told, stock
):
    slug = (await applied(name))[1].blueprint.profile.slug
    client = await client_for(await kernel.tenant(slug), login)
    page = (await client.get("/api/v1/mall/catalogue", params={"q": word})).json()
    sku = page["items"][0]
    assert sku["stock"] is None
    assert sku["stock_state"] == "ok"
    shown = (await client.get(f"/mall/sku/{sku['id']}")).text
    assert not [words for words in told if words not in shown]
    assert stock in shown
    detail = (await client.get(f"/api/v1/mall/skus/{sku['id']}")).json()
    assert {"key", "name", "type", "value", "unit"} == detail["attributes"][0].keys()
