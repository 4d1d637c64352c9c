"""Making categories, and the icons that stand for them."""

from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.ids import new_id

from headgate_trade.category_icons import fitting_icon


async def save_categories(ctx: Context, icons: dict[str, str]) -> dict[str, UUID]:
    """Make the categories that are missing, in the order given, and set icons; gives all their ids by name.

    Args:
        ctx: needs `trade.catalogue.write`.
        icons: icon of the sprite by name of the category; an empty one leaves what is there, and gives a new
            category one that fits its name.
    """
    ctx.require("trade.catalogue.write")
    rows = await ctx.db.fetch(
        """
        INSERT INTO trade_category AS c (tenant_id, id, name, icon, sort)
        SELECT $1, r.id, r.name, coalesce(nullif(r.icon, ''), r.fitting),
               r.ord + (SELECT coalesce(max(m.sort), 0) FROM trade_category m WHERE m.tenant_id = $1)
        FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[])
            WITH ORDINALITY AS r(id, name, icon, fitting, ord)
        ON CONFLICT (tenant_id, name) DO UPDATE SET icon = coalesce(
            (SELECT nullif(g.icon, '') FROM unnest($3::text[], $4::text[]) AS g(name, icon)
             WHERE g.name = c.name), c.icon)
        RETURNING c.name, c.id
        """,
        ctx.tenant.id, [new_id() for _ in icons], list(icons), list(icons.values()),
        [fitting_icon(name) for name in icons],
    )  # fmt: skip
    return {row[0]: row[1] for row in rows}
