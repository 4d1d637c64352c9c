"""Orders by the step that they wait at, whoever may resolve it."""

from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.workflow import OpenTask, StepType

from headgate_trade.cursors import page_size, read_cursor, write_cursor
from headgate_trade.flow import ORDER
from headgate_trade.order_views import OrderPage, orders_of


class WaitingStep(msgspec.Struct, frozen=True):
    """A step with the number of orders that wait there."""

    step: StepType
    count: int


async def waiting_steps(ctx: Context) -> list[WaitingStep]:
    """Give the steps of the order flow with what waits at each."""
    ctx.require("trade.orders.read")
    counts = await ctx.workflow.count_open(ORDER)
    return [WaitingStep(step, counts.get(step.id, 0)) for step in ctx.workflow.steps(ORDER)]


async def orders_waiting(ctx: Context, step: str, *, after: str | None = None, limit: int = 50) -> OrderPage:
    """Give a page of the orders that wait at a step, longest waiting first."""
    ctx.require("trade.orders.read")
    last: OpenTask | None = None
    if after is not None:
        opened_at, subject_id, at = read_cursor(after, tuple[datetime, UUID, str])
        last = OpenTask(subject_id, at, opened_at)
    size = page_size(limit)
    tasks = await ctx.workflow.open_tasks(ORDER, [step], after=last, limit=size + 1)
    shown = tasks[:size]
    found = await orders_of(ctx, [task.subject_id for task in shown])
    items = [found[task.subject_id] for task in shown if task.subject_id in found]
    end = shown[-1] if len(tasks) > size else None
    return OrderPage(items, write_cursor(end.opened_at, end.subject_id, end.step) if end else None)
