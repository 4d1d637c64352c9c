"""What milestones, cancelling and credit notes do to stock and accounts."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, Invalid, InvalidFields
from headgate_sdk.ids import new_id
from headgate_sdk.money import Money
from headgate_trade.accounts import CreditNote, account_entries, customer_account, post_credit_notes
from headgate_trade.flow import ORDER
from headgate_trade.ledger import ledger_differences
from headgate_trade.order_views import get_order
from headgate_trade.orders import OrderInput, OrderLineInput, cancel_order, place_order
from headgate_trade.stock import StockChange, adjust_stock, receive_stock, stock_differences, stock_levels
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ISSUED_AT = datetime(2026, 3, 5, 9, 0, tzinfo=UTC)


async def place(ctx, shop, quantity, key="k1", customer="A"):
    order = OrderInput(shop.customers[customer], (OrderLineInput(shop.mug, "pc", Decimal(quantity)),))
    return await place_order(ctx, order, key)


async def state(ctx, shop, customer="A"):
    level = (await stock_levels(ctx, [shop.mug]))[shop.mug]
    account = await customer_account(ctx, shop.customers[customer])
    return level.on_hand, level.reserved, account.balance.amount, account.pending.amount


async def test_issuing_takes_the_goods_and_makes_the_amount_owed(open_context, shop):
    async with open_context() as ctx:
        placed = await place(ctx, shop, 10)
        assert await state(ctx, shop) == (100, 10, 0, 2550)
        await ctx.workflow.complete_all(ORDER, placed.id, until="issued", times={"issued": ISSUED_AT})
        assert await state(ctx, shop) == (90, 0, 2550, 0)
        order = await get_order(ctx, placed.id)
        assert (order.summary.stage, order.summary.state) == ("issued", "open")
        (entry,) = (await account_entries(ctx, shop.customer)).items
        assert (entry.kind, entry.at, entry.amount.amount, entry.balance_after.amount) == (
            "order", ISSUED_AT, 2550, 2550,
        )  # fmt: skip
        assert entry.document_number == placed.number
        open_context.clock.moment = ISSUED_AT
        await ctx.workflow.complete_all(ORDER, placed.id)
        assert (await get_order(ctx, placed.id)).summary.state == "completed"
        assert await state(ctx, shop) == (90, 0, 2550, 0)


async def test_cancelling_gives_goods_and_amount_back(open_context, shop):
    async with open_context() as ctx:
        placed = await place(ctx, shop, 10)
        with pytest.raises(Invalid, match="Say why"):
            await cancel_order(ctx, placed.id, " ")
        await cancel_order(ctx, placed.id, "ordered twice")
        assert await state(ctx, shop) == (100, 0, 0, 0)
        assert not (await account_entries(ctx, shop.customer)).items
        assert (await get_order(ctx, placed.id)).summary.state == "cancelled"


async def test_what_has_left_cannot_be_cancelled(open_context, shop):
    async with open_context() as ctx:
        placed = await place(ctx, shop, 10)
        await ctx.workflow.complete_all(ORDER, placed.id, until="issued")
        with pytest.raises(Conflict):
            await cancel_order(ctx, placed.id, "too late")


async def test_both_sides_see_the_same_account(open_context, shop):
    async with open_context() as ctx:
        for n in range(5):
            placed = await place(ctx, shop, n + 1, f"k{n}")
            if n < 4:
                await ctx.workflow.complete_all(ORDER, placed.id, until="issued")
        note = CreditNote(shop.customer, Money(300, "GBP"), "C1", id=new_id())
        await post_credit_notes(ctx, [note])
        await post_credit_notes(ctx, [note])  # sent twice, booked once
    seen = []
    for actor in (
        shop.buyer,
        Actor("staff", "Finance", new_id(), permissions=frozenset({"trade.accounts.read"})),
    ):
        async with open_context(actor) as ctx:
            entries, after = [], None
            while True:
                page = await account_entries(ctx, shop.customer, after=after, limit=2)
                entries += page.items
                after = page.next
                if after is None:
                    break
            seen.append((await customer_account(ctx, shop.customer), entries))
    assert seen[0] == seen[1]
    account, entries = seen[0]
    assert [entry.kind for entry in entries] == ["credit_note", "held", *["order"] * 4]
    assert [entry.amount.amount for entry in entries] == [-300, 1275, 1020, 765, 510, 255]
    assert [entry.balance_after and entry.balance_after.amount for entry in entries] == [
        2250, None, 2550, 1530, 765, 255,
    ]  # fmt: skip
    assert (account.balance.amount, account.pending.amount) == (2250, 1275)


async def test_a_credit_note_needs_an_amount_above_zero(open_context, shop):
    async with open_context() as ctx:
        with pytest.raises(Invalid):
            await post_credit_notes(ctx, [CreditNote(shop.customer, Money(0, "GBP"), "C1")])
        with pytest.raises(Invalid):
            await post_credit_notes(ctx, [CreditNote(shop.customer, Money(1, "CNY"), "C1")])


async def test_a_delivery_that_is_sent_again_comes_in_once(open_context, shop):
    delivery = new_id()
    async with open_context() as ctx:
        for _ in range(2):
            await receive_stock(
                ctx, [StockChange(shop.mug, 5), StockChange(shop.mug, 2)],
                document_type="delivery", document_id=delivery,
            )  # fmt: skip
        assert (await stock_levels(ctx, [shop.mug]))[shop.mug].on_hand == 107
        with pytest.raises(InvalidFields):
            await receive_stock(
                ctx, [StockChange(shop.mug, 0)], document_type="delivery", document_id=new_id()
            )
        assert not await stock_differences(ctx)


async def test_a_correction_cannot_take_what_is_reserved(open_context, shop):
    async with open_context() as ctx:
        await place(ctx, shop, 95)
        with pytest.raises(Conflict) as caught:
            await adjust_stock(ctx, [StockChange(shop.lamp, -1), StockChange(shop.mug, -6)])
        assert (caught.value.row, caught.value.params["available"]) == (2, 5)
        levels = await stock_levels(ctx, [shop.mug, shop.lamp])
        assert [level.on_hand for level in levels.values()] == [100, 50]
        await adjust_stock(ctx, [StockChange(shop.mug, -5)])
        assert not await stock_differences(ctx)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(["place", "place", "issue", "complete", "cancel", "credit", "receive"]),
        st.sampled_from("AB"),
        st.integers(1, 40),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(actions=ACTIONS)
async def test_whatever_happens_the_sums_hold(open_context, shop, actions):
    """Movements add up to the stock, transfers to the accounts, and debits to credits."""
    run = new_id()
    orders = []
    async with open_context() as ctx:
        for n, (action, customer, size) in enumerate(actions):
            if action == "place":
                try:
                    orders.append((await place(ctx, shop, size, f"{run}-{n}", customer)).id)
                except InvalidFields:
                    assert size > (await stock_levels(ctx, [shop.mug]))[shop.mug].available
            elif action == "receive":
                await receive_stock(
                    ctx, [StockChange(shop.mug, size)], document_type="delivery", document_id=new_id()
                )
            elif action == "credit":
                await post_credit_notes(
                    ctx, [CreditNote(shop.customers[customer], Money(size, "GBP"), f"C{n}")]
                )
            elif orders:
                order_id = orders[size % len(orders)]
                if action == "cancel":
                    try:
                        await cancel_order(ctx, order_id, "a reason")
                    except Conflict:
                        assert (await get_order(ctx, order_id)).summary.stage != "placed" or (
                            await get_order(ctx, order_id)
                        ).summary.state == "cancelled"
                elif (await get_order(ctx, order_id)).summary.state == "open":
                    await ctx.workflow.complete_all(
                        ORDER, order_id, until="issued" if action == "issue" else None
                    )
        assert not await stock_differences(ctx)
        assert not await ledger_differences(ctx)
        folded = await ctx.db.fetch_row(
            """
            SELECT count(*) FILTER (WHERE d.kind = c.kind) AS same_side
            FROM trade_transfer t
            JOIN trade_account d ON d.tenant_id = $1 AND d.id = t.debit_account_id
            JOIN trade_account c ON c.tenant_id = $1 AND c.id = t.credit_account_id
            WHERE t.tenant_id = $1
            """,
            ctx.tenant.id,
        )
        assert folded["same_side"] == 0
        owed = await ctx.db.fetch_value(
            """
            SELECT coalesce(sum(CASE WHEN o.issued_at IS NOT NULL THEN o.total ELSE 0 END), 0)::bigint
                   - coalesce((SELECT sum(amount) FROM trade_transfer
                               WHERE tenant_id = $1 AND document_type = 'credit_note'), 0)::bigint
            FROM trade_order o WHERE o.tenant_id = $1
            """,
            ctx.tenant.id,
        )
        balances = [(await customer_account(ctx, c)).balance.amount for c in shop.customers.values()]
        assert sum(balances) == owed
