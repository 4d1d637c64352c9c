"""What happens to an order after it is placed: its steps are resolved, or it is cancelled."""

from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.i18n import N_

from headgate_trade.flow import ORDER, SUBJECT
from headgate_trade.order_views import OrderDetail


async def cancel_order(ctx: Context, order_id: UUID, reason: str) -> None:
    """Cancel an order whose goods have not left; stock and amount are given back.

    Raises:
        Invalid: no reason.
        CannotCancel: it is too late, or it has ended.
        NotFound: no such order, or another customer's.
    """
    ctx.require("trade.orders.cancel")
    await require_order(ctx, order_id)
    if not reason.strip():
        raise Invalid(N_("Say why the order is cancelled."), field="reason")
    await ctx.workflow.cancel(ORDER, order_id, reason.strip())


async def can_cancel(ctx: Context, order: OrderDetail) -> bool:
    """Tell whether the actor could cancel the order as it stands, to show the button or not."""
    return (
        ctx.allowed("trade.orders.cancel")
        and order.summary.state == "open"
        and SUBJECT.cancel_before not in order.flow.reached
    )


async def resolve_step(  # noqa: PLR0917 (the order in which people say it)
    ctx: Context, order_id: UUID, step: str, decision: str, note: str = "", expected_seq: int | None = None
) -> None:
    """Resolve an open step of an order: approve, reject, book out, ship, receive.

    Args:
        ctx: with the step's permission; a buyer only for their own customer's orders.
        order_id: of the order.
        step: id of the step type.
        decision: `done` or `reject`.
        note: needed to reject.
        expected_seq: what the page showed; refused when somebody was faster.

    Raises:
        Conflict: the step is not open any more.
        NotFound: no such order, or another customer's.
    """
    if decision not in ("done", "reject"):
        raise Invalid(N_("Answer a step by 'done' or 'reject'."), field="decision")
    await require_order(ctx, order_id)
    await ctx.workflow.resolve(
        ORDER,
        order_id,
        step,
        "done" if decision == "done" else "reject",
        note=note,
        expected_seq=expected_seq,
    )


async def require_order(ctx: Context, order_id: UUID) -> None:
    """Insist that the order exists and that the actor may see it, as `get_order` shows it.

    Raises:
        NotFound: which of the two it is must not show.
    """
    found = await ctx.db.fetch_value(
        """
        SELECT 1 FROM trade_order o
        WHERE o.tenant_id = $1 AND o.id = $2 AND ($3 OR EXISTS (
            SELECT FROM trade_customer_member m
            WHERE m.tenant_id = $1 AND m.membership_id = $4 AND m.customer_id = o.customer_id
              AND (m.role <> 'buyer' OR o.placed_by = m.membership_id)))
        """,
        ctx.tenant.id, order_id, ctx.actor.kind != "customer", ctx.actor.membership_id,
    )  # fmt: skip
    if found is None:
        raise NotFound(N_("There is no such order."))
