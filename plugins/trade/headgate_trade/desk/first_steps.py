"""What a new distributor does first: goods, customers, prices, and retailers who sign in."""

from headgate_sdk.checklist import ChecklistItem
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_


async def first_steps(ctx: Context) -> list[ChecklistItem]:
    """Tell what of trade is set up, with one query."""
    row = await ctx.db.fetch_row(
        """
        SELECT EXISTS (SELECT FROM trade_sku WHERE tenant_id = $1) AS goods,
               EXISTS (SELECT FROM trade_customer WHERE tenant_id = $1) AS customers,
               EXISTS (SELECT FROM trade_sku WHERE tenant_id = $1 AND status = 'active')
                   AND NOT EXISTS (SELECT FROM trade_sku
                                   WHERE tenant_id = $1 AND status = 'active' AND base_price = 0)
                   OR EXISTS (SELECT FROM trade_price_list_item WHERE tenant_id = $1)
                   OR EXISTS (SELECT FROM trade_customer_price WHERE tenant_id = $1) AS prices,
               EXISTS (SELECT FROM trade_customer_member WHERE tenant_id = $1) AS buyers
        """,
        ctx.tenant.id,
    )
    assert row is not None
    return [
        ChecklistItem(
            key="trade.catalogue", title=N_("Bring in the catalogue"),
            description=N_("Import products from a spreadsheet, or enter the first ones by hand."),
            href="/desk/imports", done=row["goods"], position=20,
        ),
        ChecklistItem(
            key="trade.customers", title=N_("Bring in customers"),
            description=N_("Import your retailers with group, level and address."),
            href="/desk/imports", done=row["customers"], position=30,
        ),
        ChecklistItem(
            key="trade.prices", title=N_("Set prices"),
            description=N_("Each product needs a base price, or a price in a list or for a customer."),
            href="/desk/prices", done=row["prices"], position=40,
        ),
        ChecklistItem(
            key="trade.retailers", title=N_("Invite the first retailers"),
            description=N_("Open a customer and let its buyer sign in: then they order by themselves."),
            href="/desk/customers", done=row["buyers"], position=70,
        ),
    ]  # fmt: skip
