"""Orders below the minimum are refused, in the cart they are told in time."""

from decimal import Decimal

import pytest
from headgate_order_minimum.rules import RuleInput, list_rules, replace_rules
from headgate_sdk.errors import Forbidden, InvalidFields, Vetoed
from headgate_trade.api import OrderInput, OrderLineInput, get_cart, place_order, set_cart_line


def order(shop, code, quantity):
    return OrderInput(shop.customers[code], (OrderLineInput(shop.sku_id, "张", Decimal(quantity)),))


async def set_rules(kernel, shop, *, group=None, others=None):
    async with kernel.context(shop.tenant) as ctx:
        rules = [RuleInput(shop.group_id, Decimal(group))] if group is not None else []
        rules += [RuleInput(None, Decimal(others))] if others is not None else []
        await replace_rules(ctx, rules)


async def test_a_small_order_is_refused_with_what_is_missing(kernel, shop):
    await set_rules(kernel, shop, group=500, others=300)
    async with kernel.context(shop.tenant) as ctx:
        with pytest.raises(Vetoed) as refused:
            await place_order(ctx, order(shop, "C1", 4), "k1")
        assert refused.value.plugin == "order-minimum"
        assert str(refused.value) == "The smallest order is ¥500.00; ¥100.00 is missing."
        with pytest.raises(Vetoed):
            await place_order(ctx, order(shop, "C2", 2), "k2")


async def test_an_order_that_reaches_the_minimum_is_placed(kernel, shop):
    await set_rules(kernel, shop, group=500, others=300)
    async with kernel.context(shop.tenant) as ctx:
        assert (await place_order(ctx, order(shop, "C1", 5), "k1")).total.amount == 500_00
        assert (await place_order(ctx, order(shop, "C2", 3), "k2")).total.amount == 300_00


async def test_zero_frees_a_group_from_everybody_elses_minimum(kernel, shop):
    await set_rules(kernel, shop, group=0, others=300)
    async with kernel.context(shop.tenant) as ctx:
        assert (await place_order(ctx, order(shop, "C1", 1), "k1")).number
        with pytest.raises(Vetoed):
            await place_order(ctx, order(shop, "C2", 1), "k2")


async def test_another_distributors_rules_do_not_matter(kernel, shop, new_tenant):
    other = await new_tenant()
    async with kernel.context(other) as ctx:
        await replace_rules(ctx, [RuleInput(None, Decimal(99999))])
    async with kernel.context(shop.tenant) as ctx:
        assert await list_rules(ctx) == []
        assert (await place_order(ctx, order(shop, "C1", 1), "k1")).number
        await replace_rules(ctx, [])
    async with kernel.context(other) as ctx:
        assert len(await list_rules(ctx)) == 1


async def test_the_cart_shows_the_bar_until_the_minimum_is_reached(kernel, shop):
    await set_rules(kernel, shop, group=500)
    for quantity, shown in ((0, False), (4, True), (5, False)):
        async with kernel.context(shop.tenant, actor=shop.buyer) as ctx:
            await set_cart_line(ctx, shop.sku_id, "张", Decimal(quantity))
            markup = await ctx.slot("mall.cart", await get_cart(ctx))
            assert ('id="order-minimum"' in markup) is shown, quantity
            assert ('value="40000" max="50000"' in markup) is shown


async def test_rules_are_replaced_whole_and_who_changed_them_is_kept(kernel, shop):
    await set_rules(kernel, shop, group=500, others=300)
    await set_rules(kernel, shop, others="299.5")
    async with kernel.context(shop.tenant) as ctx:
        [rule] = await list_rules(ctx)
        assert (rule.group_id, rule.amount.amount) == (None, 299_50)
        audited = await ctx.db.fetch_value(
            """
            SELECT count(*) FROM audit_entry
            WHERE tenant_id = $1 AND action = 'order-minimum.rules.replaced'
            """,
            ctx.tenant.id,
        )
        assert audited == 2


async def test_saving_the_same_again_leaves_no_entry(kernel, shop):
    await set_rules(kernel, shop, group=500)
    await set_rules(kernel, shop, group=500)
    async with kernel.context(shop.tenant) as ctx:
        audited = await ctx.db.fetch_value(
            """
            SELECT count(*) FROM audit_entry
            WHERE tenant_id = $1 AND action = 'order-minimum.rules.replaced'
            """,
            ctx.tenant.id,
        )
    assert audited == 1


@pytest.mark.parametrize("amount", ["-3", "1e20", "NaN", "0.001"])
async def test_amounts_that_cannot_be_are_refused_and_the_old_ones_stay(kernel, shop, amount):
    await set_rules(kernel, shop, others=300)
    async with kernel.context(shop.tenant) as ctx:
        with pytest.raises(InvalidFields) as refused:
            await replace_rules(
                ctx, [RuleInput(shop.group_id, Decimal(500)), RuleInput(None, Decimal(amount))]
            )
        assert [problem.row for problem in refused.value.problems] == [2]
        assert [rule.amount.amount for rule in await list_rules(ctx)] == [300_00]


async def test_a_group_twice_and_an_unknown_group_are_both_told(kernel, shop):
    async with kernel.context(shop.tenant) as ctx:
        rules = [RuleInput(shop.group_id, Decimal(1)), RuleInput(shop.group_id, Decimal(2)),
                 RuleInput(shop.sku_id, Decimal(3))]  # fmt: skip
        with pytest.raises(InvalidFields) as refused:
            await replace_rules(ctx, rules)
        assert len(refused.value.problems) == 2


async def test_a_buyer_may_neither_read_nor_change_them(kernel, shop):
    async with kernel.context(shop.tenant, actor=shop.buyer) as ctx:
        with pytest.raises(Forbidden):
            await list_rules(ctx)
        with pytest.raises(Forbidden):
            await replace_rules(ctx, [])
