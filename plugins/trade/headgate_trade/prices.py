"""The one price function: every price on every page, in every cart, order and export comes from here.

A batch of SKUs is priced for one customer in one round trip. The rules are asked in this order and the first
that has a price wins: the customer's fixed price, the price the customer last traded at, the price list of
the customer's group, the discount of the customer's level on the base price, the base price. Fixed and last
prices hold for the unit they were made in; a list price of the base unit also prices the other units.
"""

from collections.abc import Sequence
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.database import Record
from headgate_sdk.errors import Forbidden, InvalidFields, NotFound
from headgate_sdk.i18n import N_

from headgate_trade.pricing_rules import (
    Offer,
    Price,
    PricedCustomer,
    PricedLine,
    offers_from_rows,
    prices_from_rows,
)

__all__ = [
    "PRICE_SQL",
    "Offer",
    "Price",
    "PriceRequest",
    "PricedCustomer",
    "PricedLine",
    "list_offers",
    "priced_lines",
    "prices_from_rows",
    "require_sellable",
    "resolve_prices",
]


class PriceRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to price: a SKU in one of its units."""

    sku_id: UUID
    unit: str


_PRICED = """
WITH who AS MATERIALIZED (
    SELECT c.id, c.code, c.name, c.status, c.group_id, c.address, pl.id AS list_id, pl.name AS list_name,
           lv.name AS level_name, lv.discount,
           ($5::uuid IS NULL OR EXISTS (
               SELECT FROM trade_customer_member m
               WHERE m.tenant_id = $1 AND m.membership_id = $5 AND m.customer_id = $2)) AS mine
    FROM (SELECT) AS always
    LEFT JOIN trade_customer c ON c.tenant_id = $1 AND c.id = $2
    LEFT JOIN trade_customer_group g ON g.tenant_id = $1 AND g.id = c.group_id
    LEFT JOIN trade_price_list pl ON pl.tenant_id = $1 AND pl.id = g.price_list_id
    LEFT JOIN trade_price_level lv ON lv.tenant_id = $1 AND lv.id = c.level_id
), place AS MATERIALIZED (
    SELECT (SELECT w.id FROM trade_warehouse w
            WHERE w.tenant_id = $1 AND w.is_default ORDER BY w.id LIMIT 1) AS warehouse_id
)
SELECT r.sku_id, r.unit, s.status, s.stocked, s.base_price, u.num, u.den,
       cp.price AS fixed_price, tp.price AS tracked_price, li.price AS list_price,
       lb.price AS list_base_price, who.discount, who.id AS customer_id, who.mine,
       st.on_hand, st.reserved {more}
FROM unnest($3::uuid[], $4::text[]) WITH ORDINALITY AS r(sku_id, unit, ord)
CROSS JOIN who
CROSS JOIN place
LEFT JOIN LATERAL (
    SELECT * FROM trade_sku WHERE tenant_id = $1 AND id = r.sku_id LIMIT 1
) s ON true
LEFT JOIN LATERAL (
    SELECT num, den FROM trade_sku_unit WHERE tenant_id = $1 AND sku_id = r.sku_id AND name = r.unit LIMIT 1
) u ON true
LEFT JOIN LATERAL (
    SELECT price, changed_by, changed_at FROM trade_customer_price
    WHERE tenant_id = $1 AND customer_id = who.id AND sku_id = r.sku_id AND unit = r.unit LIMIT 1
) cp ON true
LEFT JOIN LATERAL (
    SELECT t.price, t.traded_at, o.number FROM trade_tracked_price t
    LEFT JOIN trade_order o ON o.tenant_id = $1 AND o.id = t.order_id
    WHERE t.tenant_id = $1 AND t.customer_id = who.id AND t.sku_id = r.sku_id AND t.unit = r.unit LIMIT 1
) tp ON true
LEFT JOIN LATERAL (
    SELECT price FROM trade_price_list_item
    WHERE tenant_id = $1 AND price_list_id = who.list_id AND sku_id = r.sku_id AND unit = r.unit LIMIT 1
) li ON true
LEFT JOIN LATERAL (
    SELECT price FROM trade_price_list_item
    WHERE tenant_id = $1 AND price_list_id = who.list_id AND sku_id = r.sku_id AND unit = s.base_unit
        AND s.base_unit <> r.unit LIMIT 1
) lb ON true
LEFT JOIN LATERAL (
    SELECT on_hand, reserved FROM trade_stock
    WHERE tenant_id = $1 AND warehouse_id = place.warehouse_id AND sku_id = r.sku_id LIMIT 1
) st ON true
ORDER BY r.ord
"""
_WORDS = """, s.code, s.name, s.spec, s.base_unit, s.min_quantity, s.multiple, place.warehouse_id,
       cp.changed_by AS fixed_by, cp.changed_at AS fixed_at, tp.traded_at AS tracked_at,
       tp.number AS tracked_order, who.list_name, who.level_name, who.code AS customer_code,
       who.name AS customer_name, who.status AS customer_status, who.group_id, who.address"""

PRICE_SQL = _PRICED.format(more=_WORDS)
"""$1 tenant, $2 customer or null, $3 SKUs, $4 units, $5 null or the member who must be the customer's.

Each LIMIT 1 pins a look-up by primary key: joined plainly, the planner may read whole tables of a new tenant.
"""
OFFER_SQL = _PRICED.format(more="")
"""The same prices, without what only messages and traces need: half of the columns."""


async def resolve_prices(
    ctx: Context, customer_id: UUID | None, requests: Sequence[PriceRequest]
) -> list[Price]:
    """Price a batch for one customer, in the order of the requests.

    Args:
        ctx: a buyer may only ask for their own customer's prices.
        customer_id: None gives base prices.
        requests: any number, also the same thing twice.

    Raises:
        Invalid: an unknown or stopped SKU, or a unit it is not sold in; names the row (one-based).
        NotFound: no such customer.
        Forbidden: another customer's prices.
    """
    _check_reader(ctx, customer_id)
    lines = await priced_lines(ctx, customer_id, requests)
    require_sellable(lines)
    return [line.price for line in lines if line.price is not None]


async def list_offers(
    ctx: Context, customer_id: UUID | None, requests: Sequence[PriceRequest]
) -> list[Offer]:
    """Give the prices of `resolve_prices` for long lists: with the stock, without the reasons.

    Raises:
        HeadgateError: as `resolve_prices`.
    """
    _check_reader(ctx, customer_id)
    if not requests:
        return []
    rows = await _read(ctx, OFFER_SQL, customer_id, requests)
    offers = offers_from_rows(rows, ctx.tenant.currency)
    if offers is not None:
        return offers
    lines = await priced_lines(ctx, customer_id, requests)
    require_sellable(lines)
    return [
        Offer(line.price, line.available if line.stocked else None)
        for line in lines
        if line.price is not None
    ]


def _check_reader(ctx: Context, customer_id: UUID | None) -> None:
    ctx.require("trade.catalogue.read")
    if customer_id is not None and ctx.actor.kind != "customer":
        ctx.require("trade.prices.read")


async def priced_lines(
    ctx: Context, customer_id: UUID | None, requests: Sequence[PriceRequest]
) -> list[PricedLine]:
    """Read prices, stock and the customer of a batch in one round trip; refuses nothing that a cart may hold.

    Raises:
        NotFound: no such customer.
        Forbidden: the actor is a buyer of another customer.
    """
    if not requests:
        return []
    rows = await _read(ctx, PRICE_SQL, customer_id, requests)
    return prices_from_rows(rows, ctx.tenant.currency, ZoneInfo(ctx.tenant.timezone))


async def _read(
    ctx: Context, sql: str, customer_id: UUID | None, requests: Sequence[PriceRequest]
) -> list[Record]:
    member = ctx.actor.membership_id if ctx.actor.kind == "customer" and customer_id is not None else None
    rows = await ctx.db.fetch(
        sql, ctx.tenant.id, customer_id, [request.sku_id for request in requests],
        [request.unit for request in requests], member,
    )  # fmt: skip
    first = rows[0]
    if not first["mine"]:
        raise Forbidden(N_("These are another customer's prices."))
    if customer_id is not None and first["customer_id"] is None:
        raise NotFound(N_("There is no such customer."), field="customer_id")
    return rows


def require_sellable(lines: Sequence[PricedLine]) -> None:
    """Insist that every line can be sold.

    Raises:
        Invalid: the one thing that is wrong, with its one-based row.
        InvalidFields: several things are wrong.
    """
    problems = [
        problem for row, line in enumerate(lines, 1) if (problem := line.problem(row=row)) is not None
    ]
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise InvalidFields(problems)
