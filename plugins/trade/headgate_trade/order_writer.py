"""Writes checked orders in one statement: orders, lines, reservations, ledger holds, tracked prices.

Everything hangs on the row that the order's insert gives back, so a repeated key writes nothing at all. Stock
rows are hot: they are locked last, in the order of their ids, and updated only where there is enough, judged
on the row as it is after the lock was waited for.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.ids import new_id
from headgate_sdk.money import Money

from headgate_trade.ledger import own_account
from headgate_trade.order_lines import CheckedLine
from headgate_trade.prices import PricedCustomer
from headgate_trade.pricing_trace import trace_json


class CheckedOrder(msgspec.Struct, frozen=True):
    """An order that passed all checks and is ready to be written."""

    id: UUID
    number: str
    customer: PricedCustomer
    lines: tuple[CheckedLine, ...]
    total: Money
    key: str
    request_hash: bytes
    placed_at: datetime
    placed_by_name: str
    source: str
    reference: str
    note: str
    address: str


class Written(msgspec.Struct, frozen=True):
    """What the statement did.

    Args:
        placed: ids of the orders that are new.
        short: SKUs of which there was too little; the caller undoes the whole statement.
        counted: against the distributor's plan; else the caller does it, or hears that there is no room.
    """

    placed: frozenset[UUID]
    short: tuple[UUID, ...]
    counted: bool = True


async def write_orders(ctx: Context, orders: Sequence[CheckedOrder]) -> Written:
    """Write orders of different customers.

    Args:
        ctx: the unit of work; the caller opened a savepoint.
        orders: each of another customer, because a customer's account and tracked prices change once.
    """
    # what the system brings in, such as a history, is not counted
    quota = ctx.quota_place("orders") if ctx.actor.kind != "system" else None
    row = await ctx.db.fetch_row(
        WRITE_ORDERS, ctx.tenant.id, ctx.tenant.currency, ctx.actor.membership_id,
        own_account(ctx.tenant, "revenue"),
        *_order_columns(orders), *_line_columns(orders), *_movement_columns(orders),
        *_tracked_columns(orders), quota.period if quota else None, quota.slot if quota else 0,
    )  # fmt: skip
    assert row is not None
    return Written(
        frozenset(row["placed"] or ()), tuple(row["short"] or ()), counted=row["counted"] is not False
    )


def _order_columns(orders: Sequence[CheckedOrder]) -> tuple[list[object], ...]:
    ordered = sorted(orders, key=lambda order: order.customer.id)
    return _columns(
        (
            order.id, order.number, order.customer.id, order.placed_by_name, order.placed_at, order.source,
            order.reference, order.note, order.address, order.total.amount, order.key, order.request_hash,
            new_id(), new_id(),
        )
        for order in ordered
    )  # fmt: skip


def _line_columns(orders: Sequence[CheckedOrder]) -> tuple[list[object], ...]:
    return _columns(
        (
            order.id, number, line.priced.sku_id, line.priced.code, line.priced.name, line.priced.spec,
            line.priced.unit_name, line.quantity, line.base_quantity, line.unit_price, line.amount, line.rule,
            trace_json(line.trace), line.priced.warehouse_id,
        )
        for order in orders
        for number, line in enumerate(order.lines, start=1)
    )  # fmt: skip


def _movement_columns(orders: Sequence[CheckedOrder]) -> tuple[list[object], ...]:
    needed: dict[tuple[UUID, UUID, UUID], int] = {}
    for order in orders:
        for line in order.lines:
            if line.priced.warehouse_id is not None:
                place = (order.id, line.priced.warehouse_id, line.priced.sku_id)
                needed[place] = needed.get(place, 0) + line.base_quantity
    return _columns(((new_id(), *place, quantity) for place, quantity in needed.items()), width=5)


def _tracked_columns(orders: Sequence[CheckedOrder]) -> tuple[list[object], ...]:
    last = {
        (order.id, line.priced.sku_id, line.priced.unit_name): line.unit_price
        for order in orders
        for line in order.lines
    }
    return _columns((*place, price) for place, price in last.items())


def _columns(rows: Iterable[tuple[object, ...]], *, width: int = 0) -> tuple[list[object], ...]:
    columns = tuple(list(column) for column in zip(*rows, strict=True))
    return columns or tuple([] for _ in range(width))


WRITE_ORDERS = """
WITH placed AS (
    INSERT INTO trade_order (tenant_id, id, number, customer_id, placed_by, placed_by_name, placed_at, source,
                             reference, note, address, currency, total, idempotency_key, request_hash)
    SELECT $1, o.id, o.number, o.customer_id, $3, o.placed_by_name, o.placed_at, o.source,
           o.reference, o.note, o.address, $2, o.total, o.key, o.hash
    FROM unnest($5::uuid[], $6::text[], $7::uuid[], $8::text[], $9::timestamptz[], $10::text[], $11::text[],
                $12::text[], $13::text[], $14::bigint[], $15::text[], $16::bytea[])
        AS o(id, number, customer_id, placed_by_name, placed_at, source, reference, note, address, total, key,
             hash)
    ON CONFLICT DO NOTHING
    RETURNING id, number, customer_id, placed_by_name, placed_at, total
), lined AS (
    INSERT INTO trade_order_line (tenant_id, order_id, line_no, sku_id, sku_code, sku_name, spec, unit,
                                  quantity, base_quantity, unit_price, amount, price_rule, price_trace,
                                  warehouse_id)
    SELECT $1, l.*
    FROM unnest($19::uuid[], $20::integer[], $21::uuid[], $22::text[], $23::text[], $24::text[], $25::text[],
                $26::numeric[], $27::bigint[], $28::numeric[], $29::bigint[], $30::text[], $31::jsonb[],
                $32::uuid[])
        AS l(order_id, line_no, sku_id, code, name, spec, unit, quantity, base_quantity, unit_price, amount,
             rule, trace, warehouse_id)
    WHERE l.order_id IN (SELECT id FROM placed)
    RETURNING 1
), moving AS MATERIALIZED (
    SELECT m.*, p.placed_at, p.placed_by_name
    FROM unnest($33::uuid[], $34::uuid[], $35::uuid[], $36::uuid[], $37::bigint[])
        AS m(id, order_id, warehouse_id, sku_id, quantity)
    JOIN placed p ON p.id = m.order_id
), moved AS (
    INSERT INTO trade_stock_movement (tenant_id, id, warehouse_id, sku_id, kind, on_hand_delta,
                                      reserved_delta, document_type, document_id, at, actor)
    SELECT $1, id, warehouse_id, sku_id, 'reserve', 0, quantity, 'order', order_id, placed_at, placed_by_name
    FROM moving
    RETURNING 1
), tracked AS (
    INSERT INTO trade_tracked_price AS t (tenant_id, customer_id, sku_id, unit, price, order_id, traded_at)
    SELECT $1, p.customer_id, n.sku_id, n.unit, n.price, p.id, p.placed_at
    FROM unnest($38::uuid[], $39::uuid[], $40::text[], $41::numeric[]) AS n(order_id, sku_id, unit, price)
    JOIN placed p ON p.id = n.order_id
    ON CONFLICT (tenant_id, customer_id, sku_id, unit) DO UPDATE
        SET price = excluded.price, order_id = excluded.order_id, traded_at = excluded.traded_at
        WHERE t.traded_at <= excluded.traded_at
    RETURNING 1
), own AS (
    INSERT INTO trade_account (tenant_id, id, kind, currency) VALUES ($1, $4, 'revenue', $2)
    ON CONFLICT DO NOTHING
), owing AS (
    INSERT INTO trade_account AS a (tenant_id, id, kind, customer_id, currency, pending)
    SELECT $1, n.account_id, 'receivable', p.customer_id, $2, p.total
    FROM unnest($5::uuid[], $17::uuid[]) AS n(order_id, account_id)
    JOIN placed p ON p.id = n.order_id
    ORDER BY p.customer_id
    ON CONFLICT ON CONSTRAINT trade_account_of DO UPDATE SET pending = a.pending + excluded.pending
    RETURNING id, customer_id
), held AS (
    INSERT INTO trade_transfer (tenant_id, id, debit_account_id, credit_account_id, amount, currency, phase,
                                document_type, document_id, document_number, at, actor)
    SELECT $1, n.transfer_id, a.id, $4, p.total, $2, 'pending', 'order', p.id, p.number, p.placed_at,
           p.placed_by_name
    FROM unnest($5::uuid[], $18::uuid[]) AS n(order_id, transfer_id)
    JOIN placed p ON p.id = n.order_id
    JOIN owing a ON a.customer_id = p.customer_id
    RETURNING 1
), written AS MATERIALIZED (
    SELECT (SELECT count(*) FROM lined) + (SELECT count(*) FROM moved) + (SELECT count(*) FROM tracked)
         + (SELECT count(*) FROM held) AS n
), needed AS MATERIALIZED (
    SELECT warehouse_id, sku_id, sum(quantity)::bigint AS quantity FROM moving GROUP BY warehouse_id, sku_id
), locked AS MATERIALIZED (
    SELECT n.*
    FROM trade_stock s
    JOIN needed n ON n.warehouse_id = s.warehouse_id AND n.sku_id = s.sku_id
    JOIN written ON written.n > 0
    WHERE s.tenant_id = $1
    ORDER BY s.warehouse_id, s.sku_id
    FOR NO KEY UPDATE OF s
), taken AS (
    UPDATE trade_stock s SET reserved = s.reserved + l.quantity
    FROM locked l
    WHERE s.tenant_id = $1 AND s.warehouse_id = l.warehouse_id AND s.sku_id = l.sku_id
      AND s.on_hand - s.reserved >= l.quantity
    RETURNING s.sku_id
)
SELECT CASE WHEN $42::date IS NOT NULL AND EXISTS (SELECT FROM placed) AND (SELECT count(*) FROM taken) >= 0
            THEN headgate_count($1, 'orders', $42, (SELECT count(*) FROM placed), $43::smallint)
       END AS counted,
       (SELECT array_agg(id) FROM placed) AS placed,
       (SELECT array_agg(sku_id) FROM needed WHERE sku_id NOT IN (SELECT sku_id FROM taken)) AS short
"""
"""$5 to $18 orders, $19 to $32 lines, $33 to $37 movements, $38 to $41 tracked prices, each by column.

$42 and $43 say where the orders count. They are counted when the stock is locked, so that nobody who counts
waits for stock.
"""
