"""Lines that a replay charged at another price than the rules give, each counted under what explains it."""

from collections.abc import Sequence
from decimal import Decimal

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_
from headgate_sdk.money import Money, round_to_minor

from headgate_trade.units import tidy_price

_EXPLANATIONS = {
    ("twice", "dearer"): N_(
        "The document has the code at several prices; this line is dearer than the rule's"
    ),
    ("twice", "cheaper"): N_(
        "The document has the code at several prices; this line is cheaper than the rule's"
    ),
    ("fixed", "dearer"): N_("Dearer than the customer's fixed price"),
    ("fixed", "cheaper"): N_("Cheaper than the customer's fixed price"),
    ("tracked", "dearer"): N_("Dearer than the customer's last price: it was raised since"),
    ("tracked", "cheaper"): N_("Cheaper than the customer's last price: it was lowered since"),
    ("list", "dearer"): N_("First purchase, dearer than the region's price list"),
    ("list", "cheaper"): N_("First purchase, cheaper than the region's price list"),
    ("level", "dearer"): N_("First purchase, dearer than the level's price"),
    ("level", "cheaper"): N_("First purchase, cheaper than the level's price"),
    ("base", "dearer"): N_("First purchase, dearer than the most frequent price of the code"),
    ("base", "cheaper"): N_("First purchase, cheaper than the most frequent price of the code"),
}


class Repricing(msgspec.Struct, frozen=True):
    """Lines that one thing explains.

    Args:
        explanation: English msgid.
        rule: whose price was not charged.
        lines: how many.
        difference: charged less what the rule would have given, over all of them.
        document: number of the earliest one.
        code: of the SKU on its line.
        charged: unit price there.
        ruled: what the rule would have given.
        source: where the rule has it from, such as an order and its date.
    """

    explanation: str
    rule: str
    lines: int
    difference: Money
    document: str
    code: str
    charged: Decimal
    ruled: Decimal
    source: str


async def repricings(ctx: Context, source: str, references: Sequence[str]) -> list[Repricing]:
    """Explain the agreed prices of orders by the traces of their lines, the most frequent reason first.

    Args:
        ctx: of the tenant.
        source: as the orders are marked.
        references: of the orders.
    """
    rows = await ctx.db.fetch(_REPRICED, ctx.tenant.id, source, list(references))
    return [
        Repricing(
            _EXPLANATIONS["twice" if row["twice"] else row["rule"], row["direction"]], row["rule"],
            row["lines"],
            Money(round_to_minor(row["difference"], ctx.tenant.currency), ctx.tenant.currency),
            row["document"], row["code"], tidy_price(row["charged"]), tidy_price(row["ruled"]),
            row["ruled_source"] or "",
        )
        for row in rows
    ]  # fmt: skip


# In a trace the agreed price stands first; the first price after it is the one that the rules give.
_REPRICED = """
WITH ordered AS MATERIALIZED (
    SELECT o.id, o.reference, o.placed_at
    FROM trade_order o
    WHERE o.tenant_id = $1 AND o.source = $2 AND o.reference = ANY($3::text[])
), line AS MATERIALIZED (
    SELECT o.reference, o.placed_at, l.line_no, l.sku_code, l.unit_price, l.quantity, l.price_rule,
           l.price_trace, min(l.unit_price) OVER same <> max(l.unit_price) OVER same AS twice
    FROM ordered o
    JOIN trade_order_line l ON l.tenant_id = $1 AND l.order_id = o.id
    WINDOW same AS (PARTITION BY l.order_id, l.sku_id, l.unit)
), agreed AS (
    SELECT l.*, rule.entry ->> 'rule' AS rule, (rule.entry ->> 'price')::numeric AS ruled,
           rule.entry ->> 'source' AS ruled_source
    FROM line l
    CROSS JOIN LATERAL (
        SELECT e.entry FROM jsonb_array_elements(l.price_trace) WITH ORDINALITY AS e(entry, place)
        WHERE e.entry ->> 'rule' <> 'agreed' AND e.entry ? 'price' ORDER BY e.place LIMIT 1
    ) rule
    WHERE l.price_rule = 'agreed'
), told AS (
    SELECT *, CASE WHEN unit_price > ruled THEN 'dearer' ELSE 'cheaper' END AS direction FROM agreed
)
SELECT twice, rule, direction, count(*) AS lines, sum((unit_price - ruled) * quantity) AS difference,
       (array_agg(reference ORDER BY placed_at, line_no))[1] AS document,
       (array_agg(sku_code ORDER BY placed_at, line_no))[1] AS code,
       (array_agg(unit_price ORDER BY placed_at, line_no))[1] AS charged,
       (array_agg(ruled ORDER BY placed_at, line_no))[1] AS ruled,
       (array_agg(ruled_source ORDER BY placed_at, line_no))[1] AS ruled_source
FROM told
GROUP BY twice, rule, direction
ORDER BY lines DESC
"""
