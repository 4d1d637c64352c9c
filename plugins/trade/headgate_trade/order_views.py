"""Orders as they are listed and shown: columns of the order joined with where its flow stands.

A buyer sees only the orders of their own customer; for anybody else's there is no such order. Pages go by
keyset on (placed_at, id), and everything that is joined is joined after the page is cut.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.database import Record
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.money import Money
from headgate_sdk.workflow import Instance

from headgate_trade.company import own_place
from headgate_trade.cursors import page_size, read_cursor, write_cursor
from headgate_trade.flow import ORDER
from headgate_trade.pricing_trace import TraceEntry, read_trace
from headgate_trade.units import tidy_price

OrderState = Literal["open", "completed", "cancelled"]


class OrderSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list.

    Args:
        id: of the order.
        number: as people know it.
        customer_id: who buys.
        customer_name: of the firm.
        placed_at: when.
        total: of all lines.
        line_count: how many lines.
        state: open, completed or cancelled.
        stage: the last milestone reached: `placed`, `released`, `issued`, `received` or `completed`.
        waiting_for: English msgids of the steps whose turn it is.
        waiting_steps: ids of the same steps.
        age: time since it was placed.
        source: where it came from.
        reference: the customer's or a foreign system's number of it.
    """

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    placed_at: datetime
    total: Money
    line_count: int
    state: OrderState
    stage: str
    waiting_for: tuple[str, ...]
    waiting_steps: tuple[str, ...]
    age: timedelta
    source: str
    reference: str


class OrderPage(msgspec.Struct, frozen=True):
    """A page of orders; `next` is the cursor of the page after it, None at the end."""

    items: list[OrderSummary]
    next: str | None


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line as it was ordered and priced; later changes of the catalogue do not touch it.

    Args:
        line_no: from 1.
        sku_id: of the SKU.
        sku_code: on the day of the order, as are name and spec.
        sku_name: of the product.
        spec: of the SKU.
        unit: sales unit.
        quantity: in that unit.
        base_quantity: in base units.
        unit_price: of one sales unit.
        amount: in minor units of the order's currency.
        price_rule: which rule gave the price.
        trace: every rule that was considered, and why it won or lost.
    """

    line_no: int
    sku_id: UUID
    sku_code: str
    sku_name: str
    spec: str
    unit: str
    quantity: Decimal
    base_quantity: int
    unit_price: Decimal
    amount: int
    price_rule: str
    trace: tuple[TraceEntry, ...]


class OrderDetail(msgspec.Struct, frozen=True, kw_only=True):
    """One order with all there is to see.

    Args:
        summary: as in the list.
        lines: in the order in which they were asked for.
        flow: its timeline.
        note: of who ordered.
        address: where it goes.
        placed_by_name: who ordered.
    """

    summary: OrderSummary
    lines: tuple[OrderLine, ...]
    flow: Instance
    note: str
    address: str
    placed_by_name: str


async def get_order(ctx: Context, order_id: UUID) -> OrderDetail:
    """Give one order.

    Raises:
        NotFound: no such order, or not one that the buyer sees.
    """
    own, only_by = await _own_orders(ctx)
    row = await ctx.db.fetch_row(_joined(_ONE), ctx.tenant.id, order_id, own, only_by)
    if row is None:
        raise NotFound(N_("There is no such order."))
    flow = (await ctx.workflow.view(ORDER, [order_id]))[order_id]
    lines = await ctx.db.fetch(_LINES, ctx.tenant.id, order_id)
    return OrderDetail(
        summary=_summary(ctx, row, flow),
        lines=tuple(_line(line) for line in lines),
        flow=flow, note=row["note"], address=row["address"], placed_by_name=row["placed_by_name"],
    )  # fmt: skip


async def list_orders(
    ctx: Context,
    *,
    customer_id: UUID | None = None,
    state: OrderState | None = None,
    query: str = "",
    after: str | None = None,
    limit: int = 50,
) -> OrderPage:
    """Give a page of orders, newest first.

    Args:
        ctx: staff with `trade.orders.read`, or a buyer, who sees their own customer's, or only their own.
        customer_id: only this customer's.
        state: only those that are open, completed or cancelled.
        query: part of a number, a reference or a customer's name, or a customer's code.
        after: cursor of the page before.
        limit: orders on the page.
    """
    own, only_by = await _own_orders(ctx)
    placed_at, last = read_cursor(after, tuple[datetime, UUID]) if after is not None else (None, None)
    limit = page_size(limit)
    rows = await ctx.db.fetch(
        _joined(_PAGE),
        ctx.tenant.id, own or customer_id, state, _contains(query), query.strip(), placed_at, last, limit + 1,
        only_by,
    )  # fmt: skip
    if own is not None and customer_id not in (None, own):
        rows = []
    items = await summaries(ctx, rows[:limit])
    following = write_cursor(items[-1].placed_at, items[-1].id) if len(rows) > limit else None
    return OrderPage(items, following)


async def orders_of(ctx: Context, order_ids: Sequence[UUID]) -> dict[UUID, OrderSummary]:
    """Give summaries of a batch of orders of any customer; for callers that have checked who asks."""
    rows = await ctx.db.fetch(_joined(_MANY), ctx.tenant.id, list(order_ids))
    return {item.id: item for item in await summaries(ctx, rows)}


async def summaries(ctx: Context, rows: Sequence[Record]) -> list[OrderSummary]:
    """Join rows of orders with where their flows stand."""
    flows = await ctx.workflow.view(ORDER, [row["id"] for row in rows]) if rows else {}
    return [_summary(ctx, row, flows.get(row["id"])) for row in rows]


async def _own_orders(ctx: Context) -> tuple[UUID | None, UUID | None]:
    """Give the one customer that a buyer may see, and who must have ordered; None for staff, who see all."""
    if ctx.actor.kind == "customer":
        place = await own_place(ctx)
        return place.customer_id, place.only_by
    ctx.require("trade.orders.read")
    return None, None


def _summary(ctx: Context, row: Record, flow: Instance | None) -> OrderSummary:
    waiting = flow.open_steps if flow is not None else ()
    return OrderSummary(
        id=row["id"],
        number=row["number"],
        customer_id=row["customer_id"],
        customer_name=row["customer_name"],
        placed_at=row["placed_at"],
        total=Money(row["total"], row["currency"]),
        line_count=row["line_count"],
        state=row["state"],
        stage=row["stage"],
        waiting_for=tuple(step.name for step in waiting),
        waiting_steps=tuple(step.step for step in waiting),
        age=ctx.clock.now() - row["placed_at"],
        source=row["source"],
        reference=row["reference"],
    )


def _line(row: Record) -> OrderLine:
    return OrderLine(
        line_no=row["line_no"], sku_id=row["sku_id"], sku_code=row["sku_code"], sku_name=row["sku_name"],
        spec=row["spec"], unit=row["unit"], quantity=tidy_price(row["quantity"]),
        base_quantity=row["base_quantity"], unit_price=tidy_price(row["unit_price"]), amount=row["amount"],
        price_rule=row["price_rule"], trace=read_trace(row["price_trace"]),
    )  # fmt: skip


def _contains(query: str) -> str | None:
    text = query.strip().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{text}%" if text else None


_STATE = """CASE WHEN o.cancelled_at IS NOT NULL THEN 'cancelled'
                 WHEN o.completed_at IS NOT NULL THEN 'completed' ELSE 'open' END"""

_ONE = """
    SELECT * FROM trade_order
    WHERE tenant_id = $1 AND id = $2 AND ($3::uuid IS NULL OR customer_id = $3)
      AND ($4::uuid IS NULL OR placed_by = $4)
"""

_MANY = """SELECT * FROM trade_order WHERE tenant_id = $1 AND id = ANY($2::uuid[])"""

_PAGE = f"""
    SELECT o.* FROM trade_order o
    WHERE o.tenant_id = $1 AND ($2::uuid IS NULL OR o.customer_id = $2)
      AND ($3::text IS NULL OR {_STATE} = $3)
      AND ($4::text IS NULL OR o.number ILIKE $4 OR o.reference ILIKE $4 OR EXISTS (
          SELECT FROM trade_customer n
          WHERE n.tenant_id = $1 AND n.id = o.customer_id AND (n.name ILIKE $4 OR n.code = $5)))
      AND ($6::timestamptz IS NULL OR (o.placed_at, o.id) < ($6, $7::uuid))
      AND ($9::uuid IS NULL OR o.placed_by = $9)
    ORDER BY o.placed_at DESC, o.id DESC
    LIMIT $8
"""  # noqa: S608 (constants only)


def _joined(page: str) -> str:
    return f"""
WITH page AS MATERIALIZED ({page})
SELECT o.*, c.name AS customer_name, {_STATE} AS state,
       (SELECT count(*) FROM trade_order_line l WHERE l.tenant_id = $1 AND l.order_id = o.id) AS line_count,
       CASE WHEN o.completed_at IS NOT NULL THEN 'completed' WHEN o.received_at IS NOT NULL THEN 'received'
            WHEN o.issued_at IS NOT NULL THEN 'issued' WHEN o.released_at IS NOT NULL THEN 'released'
            ELSE 'placed' END AS stage
FROM page o
JOIN trade_customer c ON c.tenant_id = $1 AND c.id = o.customer_id
ORDER BY o.placed_at DESC, o.id DESC
"""  # noqa: S608 (constants only)


_LINES = """
SELECT line_no, sku_id, sku_code, sku_name, spec, unit, quantity, base_quantity, unit_price, amount,
       price_rule, price_trace
FROM trade_order_line WHERE tenant_id = $1 AND order_id = $2 ORDER BY line_no
"""
