"""A buyer's orders: the list, one order on its way, and what its buyer can do about it."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import action, page, see_other
from headgate_trade.api import (
    RULE_NAMES,
    buyer,
    can_cancel,
    cancel_order,
    get_order,
    list_orders,
    resolve_step,
)
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body, Parameter, QueryParameter

from headgate_mall.http.buyers import AnyRequest, address, for_buyers, fragment_of, piece
from headgate_mall.progress import progress_of
from headgate_mall.reorder import order_again

OWN = "trade.orders.place_own"
PAGE = 20

OrderState = Literal["", "open", "completed", "cancelled"]


class StepForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the button of a step sends; `seq` is the state that the buyer saw."""

    decision: Literal["done", "reject"] = "done"
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""
    seq: int | None = None


class CancelForm(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why an order is cancelled."""

    reason: Annotated[str, msgspec.Meta(max_length=500)] = ""


@page("/mall/orders", permission=OWN)
@for_buyers
async def orders_page(
    ctx: Context,
    request: AnyRequest,
    in_state: Annotated[OrderState, QueryParameter(name="state")] = "",
    after: str = "",
    shown: Annotated[int, Parameter(ge=0, le=1_000_000)] = 0,
) -> Response[str]:
    """List the customer's orders, latest first."""
    customer = await buyer(ctx)
    found = await list_orders(
        ctx, customer_id=customer.id, state=in_state or None, after=after or None, limit=PAGE
    )
    template = "mall/_more_orders.html" if fragment_of(request) == "orders" else "mall/orders.html"
    shown += len(found.items)
    following = address("/mall/orders", state=in_state, after=found.next, shown=shown) if found.next else ""
    return piece(
        await ctx.render(template, orders=found.items, next_href=following, state=in_state, shown=shown)
    )


@page("/mall/orders/{order_id:uuid}", permission=OWN)
@for_buyers
async def order_page(ctx: Context, order_id: UUID) -> Response[str]:
    """Show one order: its way, its lines, what comes next."""
    order = await get_order(ctx, order_id)
    progress = progress_of(order, ctx.allowed, ctx.translate)
    return await ctx.render(
        "mall/order.html",
        order=order,
        progress=progress,
        can_cancel=await can_cancel(ctx, order),
        rule_names=RULE_NAMES,
    )


@page("/mall/orders/{order_id:uuid}/progress", permission=OWN)
@for_buyers
async def order_progress(ctx: Context, order_id: UUID, seq: int = 0) -> Response[str]:
    """Give the moving part of an open order page, or nothing when nothing has moved."""
    order = await get_order(ctx, order_id)
    progress = progress_of(order, ctx.allowed, ctx.translate)
    if progress.live and progress.seq == seq:
        return Response("", status_code=204)
    return await ctx.render("mall/_progress.html", order=order, progress=progress)


@action("/mall/orders/{order_id:uuid}/steps/{step:str}", permission=OWN)
@for_buyers
async def do_step(
    ctx: Context,
    order_id: UUID,
    step: str,
    data: Annotated[StepForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[str]:
    """Do an open step that is the buyer's, such as confirming receipt; the step's own permission decides."""
    await resolve_step(ctx, order_id, step, data.decision, data.note, expected_seq=data.seq)
    return see_other(f"/mall/orders/{order_id}")


@action("/mall/orders/{order_id:uuid}/cancel", permission=OWN)
@for_buyers
async def cancel(
    ctx: Context,
    order_id: UUID,
    data: Annotated[CancelForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[str]:
    """Cancel an order while that is still possible."""
    await cancel_order(ctx, order_id, data.reason)
    return see_other(f"/mall/orders/{order_id}")


@action("/mall/orders/{order_id:uuid}/again", permission=OWN)
@for_buyers
async def again(ctx: Context, order_id: UUID) -> Response[str]:
    """Put an earlier order into the cart and show there what differs today."""
    customer = await buyer(ctx)
    await order_again(ctx, customer.id, order_id)
    return see_other(f"/mall/cart?again={order_id}")
