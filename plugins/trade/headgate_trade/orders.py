"""Placing orders: one path for cart, staff, JSON API, import and replay.

A read for each order, the plugins' say on the whole batch, then one writing statement (`order_writer`) and
the flows. A batch is the same path with more in it: `place_order` places a batch of one.
"""

from collections.abc import Sequence
from copy import copy
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk import hooks
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, HeadgateError, Invalid, InvalidFields, TooLarge, Vetoed
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.money import Money
from headgate_sdk.orders import DraftLine, OrderDraft

from headgate_trade.flow import ORDER
from headgate_trade.order_events import tell_placed
from headgate_trade.order_input import (
    MAX_KEY,
    KeyReused,
    OrderInput,
    PlacedOrder,
    Placement,
    find_by_key,
    request_hash,
)
from headgate_trade.order_lines import (
    MAX_AMOUNT,
    MAX_LINES,
    CheckedLine,
    OrderLineInput,
    check_lines,
    stock_short,
)
from headgate_trade.order_numbers import new_order_number
from headgate_trade.order_steps import can_cancel, cancel_order, require_order, resolve_step
from headgate_trade.order_writer import CheckedOrder, write_orders
from headgate_trade.prices import PriceRequest, priced_lines
from headgate_trade.settings import tells_stock

__all__ = [
    "KeyReused",
    "OrderInput",
    "OrderLineInput",
    "PlacedOrder",
    "Placement",
    "can_cancel",
    "cancel_order",
    "draft_of",
    "place_order",
    "place_orders",
    "require_order",
    "resolve_step",
]

_NUMBER_TRIES = 5


async def place_order(ctx: Context, order: OrderInput, key: str) -> PlacedOrder:
    """Place an order at the customer's prices; all of it, or nothing.

    Args:
        ctx: a buyer with `trade.orders.place_own` for their own customer, or staff with `trade.orders.place`.
        order: what is ordered.
        key: made when the form was shown or by the API's client; the same key gives the same order.

    Raises:
        InvalidFields: everything that is wrong with the lines, each with its row and what is possible.
        Invalid: the key was used for a different order.
        Vetoed: a plugin refuses, and says why.
        QuotaExceeded: the distributor's plan gives no further orders this month.
    """
    (placed,) = await place_orders(ctx, [Placement(order, key)])
    return placed


async def place_orders(ctx: Context, placements: Sequence[Placement]) -> list[PlacedOrder]:
    """Place a batch of orders; all of them, or none.

    Orders of one customer after each other see each other's prices, as if placed one by one.

    Raises:
        HeadgateError: as `place_order`, for the first order that cannot be placed.
    """
    placed: list[PlacedOrder] = []
    for run in runs_of_customers(placements):
        placed += await _place_run(ctx, run)
    return placed


def runs_of_customers(placements: Sequence[Placement]) -> list[list[Placement]]:
    """Cut a batch so that no customer comes twice in one run: the second order is priced after the first."""
    runs: list[list[Placement]] = []
    seen: set[UUID] = set()
    for placement in placements:
        if not runs or placement.order.customer_id in seen:
            runs.append([])
            seen = set()
        runs[-1].append(placement)
        seen.add(placement.order.customer_id)
    return runs


async def _place_run(ctx: Context, run: Sequence[Placement]) -> list[PlacedOrder]:
    try:
        checked = [await _check(ctx, placement) for placement in run]
        await _ask_plugins(ctx, checked)
    except HeadgateError:
        # The key may belong to an order that took the very stock which is missing now.
        known = [await find_by_key(ctx, placement) for placement in run]
        if all(order is not None for order in known):
            return [order for order in known if order is not None]
        raise
    for _ in range(_NUMBER_TRIES):
        placed = await _write(ctx, checked)
        known = [
            PlacedOrder(order.id, order.number, order.total, replayed=False)
            if order.id in placed
            else await find_by_key(ctx, placement)
            for order, placement in zip(checked, run, strict=True)
        ]
        if all(order is not None for order in known):
            return [order for order in known if order is not None]
        checked = [
            order
            if order.id in placed
            else msgspec.structs.replace(order, number=_number(ctx, order.placed_at))
            for order in checked
        ]
    raise Conflict(N_("No free order number was found. Please try again."))


async def _write(ctx: Context, checked: Sequence[CheckedOrder]) -> frozenset[UUID]:
    """Write what is not there yet and start the flows; undone as a whole when stock is short."""
    short: tuple[UUID, ...] = ()
    try:
        async with ctx.db.savepoint():
            written = await write_orders(ctx, checked)
            short = written.short
            if short:
                raise _StockShortError  # noqa: TRY301 (leaves the savepoint, which undoes it)
            if not written.counted:
                await ctx.use_quota("orders", len(written.placed))
            await tell_placed(ctx, [order for order in checked if order.id in written.placed])
            for order in checked:
                if order.id in written.placed:
                    await at_moment(ctx, order.placed_at).workflow.start(ORDER, order.id, _facts(order))
    except _StockShortError:
        raise await _tell_short(ctx, checked, short) from None
    return written.placed


class _StockShortError(Exception):
    """Leaves the savepoint, so that nothing of the order stays."""


async def _tell_short(ctx: Context, checked: Sequence[CheckedOrder], short: Sequence[UUID]) -> InvalidFields:
    """Say which lines somebody else was faster for, with what is left of them now."""
    problems: list[HeadgateError] = []
    for order in checked:
        rows = [(row, line) for row, line in enumerate(order.lines, start=1) if line.priced.sku_id in short]
        requests = [PriceRequest(line.priced.sku_id, line.priced.unit_name) for _, line in rows]
        now = await priced_lines(ctx, order.customer.id, requests)
        problems += [
            stock_short(line, line.available, row, tells=tells_stock(ctx))
            for (row, _), line in zip(rows, now, strict=True)
        ]
    return InvalidFields(problems)


async def _check(ctx: Context, placement: Placement) -> CheckedOrder:
    order = placement.order
    _check_allowed(ctx, placement)
    if not order.lines:
        raise Invalid(N_("The order has no lines. Put something into it first."), field="lines")
    if len(order.lines) > MAX_LINES:
        raise TooLarge(
            N_("An order has at most {most} lines. Split it into several."), field="lines", most=MAX_LINES
        )
    priced = await priced_lines(
        ctx, order.customer_id, [PriceRequest(line.sku_id, line.unit) for line in order.lines]
    )
    customer = priced[0].customer
    assert customer is not None
    if customer.status != "active":
        raise Invalid(
            N_("{name} is not served any more. Ask the distributor to open the customer again."),
            field="customer_id", name=customer.name,
        )  # fmt: skip
    by = placement.by or ctx.actor.name
    lines, problems = check_lines(
        priced, order.lines, currency=ctx.tenant.currency, agreed_by=by, tells_stock=tells_stock(ctx)
    )
    if problems:
        raise InvalidFields(problems)
    amount = sum(line.amount for line in lines)
    if amount > MAX_AMOUNT:
        raise Invalid(N_("The amount of this order is too large. Split it into several."), field="lines")
    at = placement.at or ctx.clock.now()
    return CheckedOrder(
        id=new_id(), number=_number(ctx, at), customer=customer, lines=tuple(lines),
        total=Money(amount, ctx.tenant.currency), key=placement.key, request_hash=request_hash(order),
        placed_at=at, placed_by_name=by, source=order.source, reference=order.reference, note=order.note,
        address=order.address or customer.address,
    )  # fmt: skip


def _check_allowed(ctx: Context, placement: Placement) -> None:
    own = ctx.actor.kind == "customer"
    ctx.require("trade.orders.place_own" if own else "trade.orders.place")
    if any(line.agreed_price is not None for line in placement.order.lines):
        ctx.require("trade.prices.override")
    if (placement.at is not None or placement.by) and ctx.actor.kind != "system":
        raise ValueError("only the system places orders for another time or in another's name")
    if not 0 < len(placement.key) <= MAX_KEY:
        raise Invalid(
            N_("An order needs an idempotency key of 1 to {most} characters."),
            field="Idempotency-Key", most=MAX_KEY,
        )  # fmt: skip


async def _ask_plugins(ctx: Context, checked: Sequence[CheckedOrder]) -> None:
    drafts = [
        draft_of(order.customer.id, order.customer.group_id, order.lines, order.total) for order in checked
    ]
    for plugin, vetoes in await ctx.hooks.decide(hooks.headgate_check_orders, drafts):
        for veto in vetoes:
            raise Vetoed(plugin, veto.reason, **veto.params)


def draft_of(
    customer_id: UUID, group_id: UUID | None, lines: Sequence[CheckedLine], total: Money
) -> OrderDraft:
    """Give an order, or a cart that may become one, as the deciders see it."""
    return OrderDraft(
        customer_id,
        group_id,
        tuple(
            DraftLine(
                line.priced.sku_id, line.quantity, line.priced.unit_name, line.base_quantity, line.unit_price,
                Money(line.amount, total.currency),
            )
            for line in lines
        ),
        total,
    )  # fmt: skip


def _facts(order: CheckedOrder) -> dict[str, int | str | bool]:
    return {
        "total": order.total.amount,
        "line_count": len(order.lines),
        "customer_code": order.customer.code,
        "source": order.source,
        "agreed_prices": any(line.rule == "agreed" for line in order.lines),
    }  # fmt: skip


def _number(ctx: Context, moment: datetime) -> str:
    return new_order_number(moment, ctx.tenant.timezone)


def at_moment(ctx: Context, moment: datetime) -> Context:
    """Give a context at another time on the same unit of work: a batch holds orders of several moments."""
    then = copy(ctx)
    then.clock = ManualClock(moment)
    return then
