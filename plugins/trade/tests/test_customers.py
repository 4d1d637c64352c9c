"""Customers: saving by code, finding, and who orders for whom."""

import pytest
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, InvalidFields, NotFound
from headgate_sdk.ids import new_id
from headgate_trade.catalogue import SaveResult
from headgate_trade.customers import (
    CustomerInput,
    buyer,
    get_customer,
    link_member,
    list_customers,
    list_groups,
    list_members,
    save_customers,
)
from headgate_trade.terms import list_price_levels, list_price_lists, save_customer_group, save_price_list


async def test_customers_are_saved_by_code(ctx):
    list_id = await save_price_list(ctx, "retail", "零售")
    group_id = await save_customer_group(ctx, "shops", "零售店", list_id)
    rows = [
        CustomerInput(code="A", name="甲", group="shops", phone="1"),
        CustomerInput(code="B", name="乙", group="零售店"),
    ]
    assert await save_customers(ctx, rows) == SaveResult(2, 0, 0)
    assert await save_customers(ctx, rows) == SaveResult(0, 0, 2)
    assert await save_customers(ctx, [CustomerInput(code="A", name="甲", phone="2")]) == SaveResult(0, 1, 0)
    page = await list_customers(ctx)
    assert {(one.code, one.group_id, one.group_name) for one in page.items} == {
        ("A", None, ""), ("B", group_id, "零售店"),
    }  # fmt: skip
    assert [(group.key, group.price_list_id) for group in await list_groups(ctx)] == [("shops", list_id)]
    assert await save_price_list(ctx, "retail", "零售价") == list_id
    assert [one.name for one in await list_price_lists(ctx)] == ["零售价"]
    assert await list_price_levels(ctx) == []


async def test_bad_rows_are_all_named(ctx):
    rows = [
        CustomerInput(code="A", name="甲"), CustomerInput(code="A", name="乙"),
        CustomerInput(code="", name="x"),
        CustomerInput(code="C", name="x", group="nobody"), CustomerInput(code="D", name="x", level="nothing"),
        CustomerInput(code="E", name="x", status="gone"), CustomerInput(code="F", name="x", phone="1" * 300),
    ]  # fmt: skip
    with pytest.raises(InvalidFields) as refused:
        await save_customers(ctx, rows)
    assert [(problem.row, problem.field) for problem in refused.value.problems] == [
        (2, "code"), (3, "code"), (4, "group"), (5, "level"), (6, "status"), (7, "phone"),
    ]  # fmt: skip
    assert (await list_customers(ctx)).items == []


async def test_customers_are_found_by_any_part_and_paged(ctx):
    await save_customers(
        ctx, [CustomerInput(code=f"K{n:02}", name=f"柳荫街五金{n:02}", phone=f"199{n}") for n in range(12)]
    )
    assert len((await list_customers(ctx, query="荫街")).items) == 12
    assert [one.code for one in (await list_customers(ctx, query="k03")).items] == ["K03"]
    assert (await list_customers(ctx, query="100%")).items == []
    first = await list_customers(ctx, limit=5)
    second = await list_customers(ctx, limit=50, after=first.next)
    assert len(first.items) + len(second.items) == 12
    assert not {one.id for one in first.items} & {one.id for one in second.items}


async def test_a_buyer_is_their_own_customer_and_no_other(ctx, build):
    mine, other = await build.make_customer(ctx, "A"), await build.make_customer(ctx, "B")
    me = await build.buyer_of(ctx, mine)
    assert (await buyer(me)).code == "A"
    assert (await get_customer(me, mine)).id == mine
    with pytest.raises(NotFound):
        await get_customer(me, other)
    with pytest.raises(Forbidden):
        await list_customers(me)
    with pytest.raises(Forbidden):
        await buyer(ctx.acting_as(Actor(kind="customer", membership_id=new_id())))
    assert await list_members(ctx, mine) == [me.actor.membership_id]
    await link_member(ctx, me.actor.membership_id, other)
    assert (await buyer(me)).code == "B"
    with pytest.raises(NotFound):
        await link_member(ctx, new_id(), new_id())
    with pytest.raises(NotFound):
        await get_customer(ctx, new_id())
