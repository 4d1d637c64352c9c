"""Catalogue: saving by code, pages, units, stopping."""

from decimal import Decimal

import pytest
from headgate_sdk.errors import Invalid, InvalidFields, NotFound
from headgate_sdk.ids import new_id
from headgate_trade.catalogue import (
    SaveResult,
    SkuUnit,
    UnitInput,
    activate_sku,
    get_sku,
    get_skus,
    list_categories,
    list_skus,
    save_skus,
    search_skus,
    set_product_image,
    stop_sku,
)


async def test_a_sku_comes_back_as_it_was_saved(ctx, build):
    sku_id = await build.make_sku(
        ctx, barcode="2000100007020", maker_code="TJ-1", min_quantity=200, multiple=200, description="镀锌",
        units=(UnitInput("盒", 200, is_default=True), UnitInput("三分之一", 1, 3)),
    )  # fmt: skip
    sku = await get_sku(ctx, sku_id)
    assert (sku.code, sku.name, sku.category, sku.base_price) == (
        "LS001",
        "外六角螺栓",
        "螺栓螺母",
        Decimal("0.085"),
    )
    assert (sku.barcode, sku.maker_code, sku.description) == ("2000100007020", "TJ-1", "镀锌")
    assert (sku.min_quantity, sku.multiple, sku.stocked, sku.status) == (200, 200, True, "active")
    assert sku.units == (
        SkuUnit("个", 1, 1, False), SkuUnit("盒", 200, 1, True), SkuUnit("三分之一", 1, 3, False),
    )  # fmt: skip
    assert sku.default_unit.name == "盒"


async def test_saving_the_same_again_changes_nothing(ctx, build):
    rows = [build.bolt("A", description="x"), build.bolt("B"), build.bolt("C", units=())]
    assert await save_skus(ctx, rows) == SaveResult(3, 0, 0)
    assert await save_skus(ctx, rows) == SaveResult(0, 0, 3)
    altered = [rows[0], build.bolt("B", base_price=Decimal("0.09")), build.bolt("D")]
    assert await save_skus(ctx, altered) == SaveResult(1, 1, 1)


async def test_saving_without_a_description_keeps_the_one_that_is_there(ctx, build):
    sku_id = await build.make_sku(ctx, description="镀锌")
    assert await save_skus(ctx, [build.bolt()]) == SaveResult(0, 0, 1)
    assert (await get_sku(ctx, sku_id)).description == "镀锌"


async def test_skus_of_one_name_share_a_product(ctx, build):
    await save_skus(ctx, [build.bolt("A"), build.bolt("B"), build.bolt("C", name="垫圈")])
    found = await get_skus(ctx, list((await build.sku_ids(ctx)).values()))
    products = {sku.code: sku.product_id for sku in found.values()}
    assert products["A"] == products["B"] != products["C"]


async def test_a_batch_with_bad_rows_is_refused_with_every_row_named(ctx, build):
    rows = [
        build.bolt("A"), build.bolt("A"), build.bolt("", name="x"), build.bolt("B", base_price=Decimal(-3)),
        build.bolt("C", units=(UnitInput("个", 2),)), build.bolt("D", units=(UnitInput("盒", 0),)),
        build.bolt("E", multiple=0), build.bolt("F", status="gone"), build.bolt("G" * 65),
    ]  # fmt: skip
    with pytest.raises(InvalidFields) as refused:
        await save_skus(ctx, rows)
    assert [(problem.row, problem.field) for problem in refused.value.problems] == [
        (2, "code"), (3, "code"), (4, "base_price"), (5, "unit"), (6, "unit"), (7, "multiple"), (8, "status"),
        (9, "code"),
    ]  # fmt: skip
    assert refused.value.problems[0].params["first"] == 1
    assert (await list_skus(ctx)).items == []


async def test_pages_follow_each_other_without_gap_or_repeat(ctx, build):
    await save_skus(ctx, [build.bolt(f"S{n:02}", name=f"商品{n % 4}") for n in range(23)])
    seen, after = [], None
    while True:
        page = await list_skus(ctx, after=after, limit=5)
        seen += [(sku.name, sku.id) for sku in page.items]
        after = page.next
        if after is None:
            break
    assert len(seen) == 23
    assert seen == sorted(seen)
    with pytest.raises(Invalid):
        await list_skus(ctx, after="not a cursor")
    with pytest.raises(Invalid):
        await list_skus(ctx, after="WyJhIl0")


async def test_a_stopped_sku_leaves_pages_counts_and_search_but_not_its_id(ctx, build):
    sku_id = await build.make_sku(ctx)
    await save_skus(ctx, [build.bolt("B")])
    await stop_sku(ctx, sku_id)
    assert [sku.code for sku in (await list_skus(ctx)).items] == ["B"]
    assert [sku.code for sku in (await search_skus(ctx, "螺栓")).items] == ["B"]
    assert len((await search_skus(ctx, "螺栓", include_stopped=True)).items) == 2
    assert len((await list_skus(ctx, include_stopped=True)).items) == 2
    assert [(category.name, category.count) for category in await list_categories(ctx)] == [("螺栓螺母", 1)]
    assert (await get_sku(ctx, sku_id)).status == "stopped"
    await activate_sku(ctx, sku_id)
    assert len((await search_skus(ctx, "螺栓")).items) == 2


async def test_the_base_unit_stays_once_stock_was_counted_in_it(ctx, build):
    sku_id = await build.make_sku(ctx)
    await save_skus(ctx, [build.bolt(base_unit="只")])
    await ctx.db.execute(
        "INSERT INTO trade_stock_movement VALUES ($1, $2, $2, $3, 'opening', 5, 0, 'opening', $2, $4, 'x')",
        ctx.tenant.id, new_id(), sku_id, ctx.clock.now(),
    )  # fmt: skip
    with pytest.raises(InvalidFields) as refused:
        await save_skus(ctx, [build.bolt(base_unit="个")])
    assert refused.value.problems[0].field == "base_unit"


async def test_a_picture_belongs_to_the_product(ctx, build):
    sku_id = await build.make_sku(ctx)
    sku, image = await get_sku(ctx, sku_id), new_id()
    await set_product_image(ctx, sku.product_id, image)
    assert (await get_sku(ctx, sku_id)).image_id == image
    with pytest.raises(NotFound):
        await set_product_image(ctx, new_id(), image)
    with pytest.raises(NotFound):
        await get_sku(ctx, new_id())
    with pytest.raises(NotFound):
        await stop_sku(ctx, new_id())
