"""What waits for somebody: orders at steps that the actor may resolve, longest waiting first."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.workflow import OpenTask

from headgate_trade.cursors import page_size, read_cursor, write_cursor
from headgate_trade.flow import ORDER
from headgate_trade.order_views import OrderPage, orders_of


def my_steps(ctx: Context) -> list[str]:
    """Give the ids of the steps that the actor may resolve."""
    return [step.id for step in ctx.workflow.steps(ORDER) if ctx.allowed(step.permission)]


async def inbox(
    ctx: Context, *, steps: Sequence[str] | None = None, after: str | None = None, limit: int = 50
) -> OrderPage:
    """Give a page of the orders that wait for the actor, longest waiting first.

    Args:
        ctx: staff; what is shown follows from their permissions for steps.
        steps: only these steps.
        after: cursor of the page before.
        limit: orders on the page.
    """
    ctx.require("trade.orders.read")
    mine = [step for step in my_steps(ctx) if steps is None or step in steps]
    if not mine:
        return OrderPage([], None)
    last: OpenTask | None = None
    if after is not None:
        opened_at, subject_id, step = read_cursor(after, tuple[datetime, UUID, str])
        last = OpenTask(subject_id, step, opened_at)
    limit = page_size(limit)
    tasks = await ctx.workflow.open_tasks(ORDER, mine, after=last, limit=limit + 1)
    page: list[UUID] = list(dict.fromkeys(task.subject_id for task in tasks[:limit]))
    found = await orders_of(ctx, page)
    items = [found[order_id] for order_id in page if order_id in found]
    return OrderPage(items, _cursor(tasks[limit - 1]) if len(tasks) > limit else None)


async def inbox_count(ctx: Context) -> int:
    """Count what waits for the actor, for the badge of the menu."""
    waiting = await ctx.workflow.count_open(ORDER)
    return sum(waiting.get(step, 0) for step in my_steps(ctx))


def _cursor(task: OpenTask) -> str:
    return write_cursor(task.opened_at, task.subject_id, task.step)
