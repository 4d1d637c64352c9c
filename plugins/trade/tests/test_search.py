"""Search: every kind of thing people type finds the SKU, and nothing typed is read as an operator."""

import pytest
from headgate_sdk.ids import TenantId
from headgate_trade.catalogue import save_skus, search_skus
from headgate_trade.search import fold, index_tokens, search_query
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.fixture
async def shelf(ctx, build):
    await save_skus(ctx, [
        build.bolt("LS001", name="外六角螺栓", spec="M6×20 4.8级 镀锌",
                   maker_code="TJ-H0620Z", barcode="2000100007020"),
        build.bolt("LS002", name="重型膨胀螺丝", spec="M8×30", maker_code="TJ-H0830Z",
                   barcode="2000100014035"),
        build.bolt("85123A", name="White hanging heart T-light holder", spec="", barcode=""),
        build.bolt("SN010", name="水泥", spec="５０公斤", barcode="6901234567892"),
    ])  # fmt: skip
    return ctx


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("螺栓", {"LS001"}),
        ("六角", {"LS001"}),
        ("螺", {"LS001", "LS002"}),
        ("栓", {"LS001"}),
        ("膨胀螺丝", {"LS002"}),
        ("螺栓 镀锌", {"LS001"}),
        ("螺栓 水泥", set()),
        ("luoshuan", {"LS001"}),
        ("luo", {"LS001", "LS002"}),
        ("zhongxing", {"LS002"}),
        ("pzls", {"LS002"}),
        ("wljls", {"LS001"}),
        ("shuini", {"SN010"}),
        ("ls001", {"LS001"}),
        ("LS0", {"LS001", "LS002"}),
        ("m6x20", {"LS001"}),
        ("M6*20", {"LS001"}),
        ("m6×20", {"LS001"}),
        ("4.8级", {"LS001"}),
        ("TJ-H0830Z", {"LS002"}),
        ("tjh0830z", {"LS002"}),
        ("0830", {"LS002"}),
        ("2000100007020", {"LS001"}),
        ("7020", {"LS001"}),
        ("07020", {"LS001"}),
        ("00007020", {"LS001"}),
        ("hanging heart", {"85123A"}),
        ("HEART", {"85123A"}),
        ("hold", {"85123A"}),
        ("85123a", {"85123A"}),
        ("50公斤", {"SN010"}),
        ("水泥５０", {"SN010"}),
        ("ｍ８", {"LS002"}),
        ("nothing like it", set()),
        ("!!! & | :*", set()),
        ("' | '", set()),
        ("螺栓' | '1", set()),
    ],
)
async def test_what_is_typed_finds(shelf, typed, found):
    assert {sku.code for sku in (await search_skus(shelf, typed)).items} == found


async def test_nothing_typed_is_the_whole_catalogue(shelf):
    assert len((await search_skus(shelf, "  ")).items) == 4


async def test_results_come_in_pages(ctx, build):
    await save_skus(ctx, [build.bolt(f"P{n}", name=f"螺栓{n % 3}") for n in range(11)])
    seen, after = [], None
    while True:
        page = await search_skus(ctx, "螺栓", limit=4, after=after)
        seen += [(sku.name, sku.id) for sku in page.items]
        after = page.next
        if after is None:
            break
    assert len(set(seen)) == 11
    assert seen == sorted(seen)


async def test_another_tenants_words_find_nothing_even_when_the_function_is_asked_directly(tenant, build):
    async with tenant() as first:
        await save_skus(first, [build.bolt()])
        mine = search_query(first.tenant.id, "螺栓")
        rows = await first.db.fetch("SELECT * FROM trade_search($1, 10, NULL, NULL)", mine)
        assert len(rows) == 1
        await first.db.execute(f"SET LOCAL headgate.tenant_id = {first.tenant.id + 500_000}")
        assert await first.db.fetch("SELECT * FROM trade_search($1, 10, NULL, NULL)", mine) == []


async def test_whatever_is_typed_is_a_valid_query(ctx):
    typed: list[str] = []

    @settings(max_examples=150, deadline=None)
    @given(st.text(max_size=60) | st.text(alphabet="螺a1'\\:*&|!()<-> \x00\"", max_size=30))
    def collect(text):
        typed.append(text)

    collect()
    for text in typed:
        await search_skus(ctx, text)


@given(st.text(alphabet=st.characters(categories=["L", "N"], max_codepoint=0x9FFF), min_size=1, max_size=20))
def test_a_name_is_found_by_itself(name):
    tokens = {f"7.{token}" for token in index_tokens(name=name)}
    query = search_query(TenantId(7), name, include_stopped=True)
    assert query is not None or not fold(name).strip()
    for term in (query or "").split(" & "):
        word = term.removesuffix(":*").strip("'")
        assert any(token.startswith(word) if term.endswith(":*") else token == word for token in tokens), term
