"""What trade writes to the audit log: what things were before, and what they are after."""

import json
from decimal import Decimal

import msgspec
import pytest
from headgate_sdk.ids import new_id
from headgate_sdk.money import Money
from headgate_sdk.testing.deeds import deeds_of
from headgate_trade.accounts import CreditNote, post_credit_notes
from headgate_trade.api import SkuInput, get_sku, save_skus
from headgate_trade.catalogue_changes import stop_sku
from headgate_trade.customer_changes import CustomerInput, save_customers
from headgate_trade.customers import list_customers
from headgate_trade.deeds import DEEDS
from headgate_trade.price_changes import PriceListItem, set_price_list_items
from headgate_trade.terms import save_price_level, save_price_list

BOLT = SkuInput(code="B-1", name="Bolt", category="Fasteners", base_unit="个", base_price=Decimal("0.085"))


@pytest.fixture
async def open_context(kernel, new_tenant):
    """Opens units of work of a distributor of this test's own."""
    here = await new_tenant()
    return lambda: kernel.context(here)


@pytest.fixture
def log(open_context):
    """Reads the last entry with an action: subject and details."""

    async def last(action: str) -> tuple[str, dict]:
        async with open_context() as ctx:
            row = await ctx.db.fetch_row(
                "SELECT subject, details FROM audit_entry WHERE tenant_id = $1 AND action = $2 "
                "ORDER BY id DESC LIMIT 1",
                ctx.tenant.id, action,
            )  # fmt: skip
        return row["subject"], json.loads(row["details"])

    return last


async def test_a_price_of_a_list(open_context, log):
    async with open_context() as ctx:
        list_id = await save_price_list(ctx, "retail", "Retail")
        await save_skus(ctx, [BOLT])
        sku_id = await ctx.db.fetch_value("SELECT id FROM trade_sku WHERE tenant_id = $1", ctx.tenant.id)
    for price, before, after in (("1.10", None, "1.1"), ("1.25", "1.1", "1.25"), (None, "1.25", None)):
        async with open_context() as ctx:
            wanted = None if price is None else Decimal(price)
            await set_price_list_items(ctx, [PriceListItem(list_id, sku_id, "个", wanted)])
        subject, details = await log("trade.prices.set")
        assert subject == "Retail"
        assert details["before"] == (before and {"B-1 个": before})
        assert details["after"] == (after and {"B-1 个": after})


async def test_many_prices_are_told_by_the_first_of_them(open_context, log):
    async with open_context() as ctx:
        lists = [await save_price_list(ctx, key, key.upper()) for key in ("a", "b")]
        await save_skus(
            ctx, [msgspec.structs.replace(BOLT, code=f"B-{n:02}", name=f"Bolt {n}") for n in range(15)]
        )
        rows = await ctx.db.fetch(
            "SELECT id FROM trade_sku WHERE tenant_id = $1 ORDER BY code", ctx.tenant.id
        )
        await set_price_list_items(
            ctx, [PriceListItem(one, row["id"], "个", Decimal(2)) for one in lists for row in rows]
        )
    _, details = await log("trade.prices.set")
    assert len(details["after"]) == 20
    assert details["after"]["A · B-00 个"] == details["after"]["B · B-04 个"] == "2"
    assert (details["more"], details["created"], details["changed"]) == (10, 30, 0)


async def test_a_product(open_context, log):
    async with open_context() as ctx:
        await save_skus(ctx, [BOLT])
        await save_skus(ctx, [msgspec.structs.replace(BOLT, base_price=Decimal("0.09"), spec="M6")])
        sku_id = await ctx.db.fetch_value("SELECT id FROM trade_sku WHERE tenant_id = $1", ctx.tenant.id)
    subject, details = await log("trade.catalogue.saved")
    assert subject == "B-1"
    assert details["before"] == {"spec": "", "base_price": "0.085"}
    assert details["after"] == {"spec": "M6", "base_price": "0.09"}
    async with open_context() as ctx:
        await stop_sku(ctx, sku_id)
        await stop_sku(ctx, sku_id)
        assert (await get_sku(ctx, sku_id)).status == "stopped"
    assert await log("trade.sku.status_set") == ("B-1", {"before": "active", "after": "stopped"})


async def test_terms_and_customers(open_context, log):
    async with open_context() as ctx:
        await save_price_level(ctx, "gold", "Gold", Decimal(4))
        await save_price_level(ctx, "gold", "Gold", Decimal("4.5"))
        await save_customers(ctx, [CustomerInput(code="C-1", name="First", level="gold")])
        await save_customers(ctx, [CustomerInput(code="C-1", name="First shop")])
    assert await log("trade.price_level.saved") == (
        "gold", {"before": {"discount": "4"}, "after": {"discount": "4.5"}}
    )  # fmt: skip
    subject, details = await log("trade.customers.saved")
    assert subject == "C-1"
    assert details["before"] == {"name": "First", "level": "Gold"}
    assert details["after"] == {"name": "First shop"}


async def test_a_credit_note(open_context, log):
    async with open_context() as ctx:
        await save_customers(ctx, [CustomerInput(code="C-1", name="First")])
        customer = (await list_customers(ctx)).items[0].id
        note = CreditNote(customer, Money(1250, "CNY"), "G-7", id=new_id())
        await post_credit_notes(ctx, [note])
        await post_credit_notes(ctx, [note])  # booked already
        written = await ctx.db.fetch_value(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1 AND action = 'trade.credit_notes.booked'",
            ctx.tenant.id,
        )
    subject, details = await log("trade.credit_notes.booked")
    assert (written, subject) == (1, "G-7")
    assert details["after"] == {"G-7": "12.50 CNY"}


def test_every_deed_has_words():
    assert deeds_of("headgate_trade").keys() <= DEEDS.keys()
