"""All orders, and one order with its lines, timeline, account, actions and history."""

from typing import Annotated, Any, cast
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.accounts import customer_account
from headgate_trade.desk.waiting import orders_waiting, waiting_steps
from headgate_trade.flow import ORDER
from headgate_trade.http.forms import address, show_again
from headgate_trade.http.order_words import LOOKS, STAGES, STATES, buttons_of, history_of, timeline_of
from headgate_trade.http.staff import require_staff
from headgate_trade.order_steps import can_cancel, cancel_order, resolve_step
from headgate_trade.order_views import OrderState, get_order, list_orders
from headgate_trade.pricing_trace import RULE_NAMES

PATH = "/desk/orders"


class StepForm(msgspec.Struct):
    """A step of the order resolved from its page; `seq` is what the page showed."""

    step: str = ""
    decision: str = "done"
    note: str = ""
    seq: str = ""


class CancelForm(msgspec.Struct):
    """Why an order is cancelled."""

    reason: str = ""


@page(PATH, permission="trade.orders.read")
async def orders(
    ctx: Context, q: str = "", status: str = "", step: str = "", after: str = ""
) -> Response[Any]:
    """List orders, newest first; at one step, longest waiting first."""
    query = q.strip()
    if step:
        found = await orders_waiting(ctx, step, after=after or None)
    else:
        state = cast("OrderState", status) if status in STATES else None
        found = await list_orders(ctx, state=state, query=query, after=after or None)
    return await ctx.render(
        "trade/orders.html",
        orders=found.items,
        next_href=address(PATH, q=query, status=status, step=step, after=found.next) if found.next else "",
        query=query,
        status=status,
        step=step,
        steps=await waiting_steps(ctx),
        address=address,
        states=STATES,
        stages=STAGES,
        looks=LOOKS,
    )


@page(f"{PATH}/{{order_id:uuid}}", permission="trade.orders.read")
async def order(ctx: Context, order_id: UUID) -> Response[Any]:
    """Show one order."""
    return await _order(ctx, order_id)


@action(f"{PATH}/{{order_id:uuid}}/step", permission="trade.orders.read")
async def resolve(
    ctx: Context, order_id: UUID, data: Annotated[StepForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Resolve a step; the step's own permission is checked by the engine."""
    seq = int(data.seq) if data.seq.isdecimal() and len(data.seq) < 10 else None
    try:
        async with ctx.db.savepoint():
            await resolve_step(ctx, order_id, data.step, data.decision, data.note, seq)
    except HeadgateError as error:
        return await _order(ctx, order_id, error)
    return see_other(f"{PATH}/{order_id}")


@action(f"{PATH}/{{order_id:uuid}}/cancel", permission="trade.orders.cancel")
async def cancel(
    ctx: Context,
    order_id: UUID,
    data: Annotated[CancelForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Cancel an order, with the reason."""
    require_staff(ctx)
    try:
        async with ctx.db.savepoint():
            await cancel_order(ctx, order_id, data.reason)
    except HeadgateError as error:
        return await _order(ctx, order_id, error)
    return see_other(f"{PATH}/{order_id}")


HANDLERS = (orders, order, resolve, cancel)


async def _order(ctx: Context, order_id: UUID, error: HeadgateError | None = None) -> Response[Any]:
    detail = await get_order(ctx, order_id)
    account = None
    if ctx.allowed("trade.accounts.read"):
        account = await customer_account(ctx, detail.summary.customer_id)
    return await show_again(
        ctx,
        "trade/order.html",
        error,
        order=detail,
        summary=detail.summary,
        seq=detail.flow.seq,
        buttons=buttons_of(ctx, detail),
        timeline_steps=timeline_of(ctx, detail),
        history=list(history_of(ctx, await ctx.workflow.history(ORDER, order_id))),
        account=account,
        may_cancel=await can_cancel(ctx, detail),
        rule_names=RULE_NAMES,
        states=STATES,
        stages=STAGES,
        looks=LOOKS,
    )
