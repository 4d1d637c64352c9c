"""Trade's part of a tenant, written as the sections of a blueprint."""

from headgate_sdk.blueprint import AttributeEntry, BlueprintPart, CustomerGroup, PriceLevel, PriceList
from headgate_sdk.context import Context

from headgate_trade.attributes import list_attributes
from headgate_trade.terms import list_groups, list_price_levels, list_price_lists
from headgate_trade.units import tidy_price


async def read_part(ctx: Context) -> BlueprintPart:
    """Give levels, lists, groups and attributes as they are, and whom the buyers order for."""
    lists = await list_price_lists(ctx)
    keys = {one.id: one.key for one in lists}
    rows = await ctx.db.fetch(
        """
        SELECT m.membership_id, c.code
        FROM trade_customer_member m JOIN trade_customer c ON c.tenant_id = $1 AND c.id = m.customer_id
        WHERE m.tenant_id = $1
        """,
        ctx.tenant.id,
    )
    return BlueprintPart(
        price_levels=tuple(
            PriceLevel(one.key, one.name, format(tidy_price(one.discount), "f"))
            for one in await list_price_levels(ctx)
        ),
        price_lists=tuple(PriceList(one.key, one.name) for one in lists),
        customer_groups=tuple(
            CustomerGroup(one.key, one.name, keys[one.price_list_id] if one.price_list_id else "")
            for one in await list_groups(ctx)
        ),
        attributes=tuple(
            AttributeEntry(one.category, one.key, one.name, one.type, one.unit, one.choices)
            for one in await list_attributes(ctx)
        ),
        customers={row["membership_id"]: row["code"] for row in rows},
    )
