"""Orders in the JSON API."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.money import Money
from headgate_sdk.web import create, read
from litestar import Response
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter

from headgate_trade.http.json_catalogue import After, Limit, Query
from headgate_trade.http.json_money import Amount, amount_of
from headgate_trade.order_inbox import inbox
from headgate_trade.order_views import OrderDetail, OrderPage, OrderSummary, get_order, list_orders
from headgate_trade.orders import OrderInput, OrderLineInput, cancel_order, place_order, resolve_step
from headgate_trade.pricing_trace import TraceEntry

Key = Annotated[
    str,
    HeaderParameter(
        name="Idempotency-Key", min_length=8, max_length=100,
        description="Made by the client for this order: the same key gives the same order each time.",
    ),
]  # fmt: skip


class OrderIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An order for a customer; `agreed_price` of a line needs the permission to override prices."""

    customer_id: UUID
    lines: tuple[OrderLineInput, ...]
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    address: Annotated[str, msgspec.Meta(max_length=500)] = ""
    reference: Annotated[str, msgspec.Meta(max_length=100)] = ""


class Placed(msgspec.Struct, frozen=True):
    """The order that was placed; `replayed` when this key had placed it before."""

    id: UUID
    number: str
    total: Amount
    replayed: bool


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order in a list; `waiting_for` are ids of the steps whose turn it is."""

    id: UUID
    number: str
    customer_id: UUID
    customer_name: str
    placed_at: datetime
    total: Amount
    line_count: int
    state: str
    stage: str
    waiting_for: list[str]
    source: str
    reference: str


class OrderList(msgspec.Struct, frozen=True):
    """A page of orders; give `next` as `after` for the following page."""

    items: list[OrderView]
    next: str | None


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line at the price it was placed at, with every rule that was considered for it."""

    line_no: int
    sku_id: UUID
    code: str
    name: str
    spec: str
    unit: str
    quantity: Decimal
    base_quantity: int
    price: Decimal
    amount: Amount
    rule: str
    trace: tuple[TraceEntry, ...]


class StepState(msgspec.Struct, frozen=True):
    """Where a step stands; names are in the caller's language."""

    step: str
    name: str
    state: str
    actor_name: str
    actor_role: str
    at: datetime | None
    note: str
    round: int


class MilestoneState(msgspec.Struct, frozen=True):
    """A milestone; `at` is null while it is ahead."""

    milestone: str
    name: str
    at: datetime | None


class OrderDetailView(msgspec.Struct, frozen=True, kw_only=True):
    """One order; give `seq` back as `expected_seq` of a step, so that nobody acts on an old state."""

    order: OrderView
    lines: list[LineView]
    note: str
    address: str
    placed_by: str
    seq: int
    steps: list[StepState]
    milestones: list[MilestoneState]


class StepIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with an open step; a rejection needs a note."""

    decision: Literal["done", "reject"] = "done"
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    expected_seq: int | None = None


class CancelIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an order is cancelled."""

    reason: Annotated[str, msgspec.Meta(max_length=1000)]


@read("/orders", permission="trade.orders.read")
async def read_orders(
    ctx: Context,
    *,
    customer_id: UUID | None = None,
    in_state: Annotated[
        Literal["open", "completed", "cancelled"] | None, QueryParameter(name="state")
    ] = None,
    q: Query = "",
    after: After = None,
    limit: Limit = 50,
) -> OrderList:
    """List orders, newest first; `q` finds part of a number, reference or customer's name."""
    page = await list_orders(ctx, customer_id=customer_id, state=in_state, query=q, after=after, limit=limit)
    return _list(page)


@read("/orders/inbox", permission="trade.orders.read")
async def read_inbox(ctx: Context, after: After = None, limit: Limit = 50) -> OrderList:
    """List the orders that wait for a step which the caller may resolve, longest waiting first."""
    return _list(await inbox(ctx, after=after, limit=limit))


@create(
    "/orders", permission="trade.orders.place", critical=True,
    responses={200: ResponseSpec(Placed, description="This key had placed the order before.")},
)  # fmt: skip
async def create_order(ctx: Context, data: OrderIn, key: Key) -> Response[Placed]:
    """Place an order for a customer at that customer's prices: all of it, or nothing.

    Everything that is wrong with the lines is told at once, each problem with its row. A key that was used
    for another order is refused.
    """
    order = OrderInput(
        data.customer_id,
        data.lines,
        note=data.note,
        address=data.address,
        source="api",
        reference=data.reference,
    )
    placed = await place_order(ctx, order, key)
    view = Placed(placed.id, placed.number, amount_of(placed.total), placed.replayed)
    return Response(view, status_code=200 if placed.replayed else 201)


@read("/orders/{order_id:uuid}", permission="trade.orders.read")
async def read_order(ctx: Context, order_id: UUID) -> OrderDetailView:
    """Give one order with its lines, the reasons of its prices, and where its flow stands."""
    return _detail(ctx, await get_order(ctx, order_id))


@create("/orders/{order_id:uuid}/steps/{step:str}", permission="trade.orders.read", status_code=200)
async def resolve_order_step(ctx: Context, order_id: UUID, step: str, data: StepIn) -> OrderDetailView:
    """Resolve an open step, such as `trade.sales_approval`; the step's own permission decides who may."""
    await resolve_step(ctx, order_id, step, data.decision, data.note, expected_seq=data.expected_seq)
    return _detail(ctx, await get_order(ctx, order_id))


@create("/orders/{order_id:uuid}/cancel", permission="trade.orders.cancel", status_code=200)
async def cancel(ctx: Context, order_id: UUID, data: CancelIn) -> OrderDetailView:
    """Cancel an order whose goods have not left; stock and amount are given back."""
    await cancel_order(ctx, order_id, data.reason)
    return _detail(ctx, await get_order(ctx, order_id))


def _list(page: OrderPage) -> OrderList:
    return OrderList([_view(order) for order in page.items], page.next)


def _view(order: OrderSummary) -> OrderView:
    return OrderView(
        id=order.id,
        number=order.number,
        customer_id=order.customer_id,
        customer_name=order.customer_name,
        placed_at=order.placed_at,
        total=amount_of(order.total),
        line_count=order.line_count,
        state=order.state,
        stage=order.stage,
        waiting_for=list(order.waiting_steps),
        source=order.source,
        reference=order.reference,
    )


def _detail(ctx: Context, order: OrderDetail) -> OrderDetailView:
    currency = order.summary.total.currency
    return OrderDetailView(
        order=_view(order.summary),
        lines=[
            LineView(
                line_no=line.line_no,
                sku_id=line.sku_id,
                code=line.sku_code,
                name=line.sku_name,
                spec=line.spec,
                unit=line.unit,
                quantity=line.quantity,
                base_quantity=line.base_quantity,
                price=line.unit_price,
                amount=amount_of(Money(line.amount, currency)),
                rule=line.price_rule,
                trace=line.trace,
            )
            for line in order.lines
        ],
        note=order.note,
        address=order.address,
        placed_by=order.placed_by_name,
        seq=order.flow.seq,
        steps=[
            StepState(
                step.step,
                ctx.translate(step.name),
                step.state,
                step.actor_name,
                ctx.translate(step.actor_role),
                step.at,
                step.note,
                step.round,
            )
            for step in order.flow.steps
        ],
        milestones=[
            MilestoneState(item.milestone, ctx.translate(item.name), item.at)
            for item in order.flow.milestones
        ],
    )


HANDLERS = (read_orders, read_inbox, create_order, read_order, resolve_order_step, cancel)
