"""The order's flow: its phases and steps, and what its milestones do to stock and accounts.

Placing has reserved the stock and holds the amount. ISSUED takes the goods off the stock and makes the amount
owed; cancelling before that gives both back. Steps only lead there, so switching one off loses nothing. The
ledger goes before the stock everywhere, so that two orders never wait for each other.
"""

from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import (
    Cause,
    Fact,
    FlowSettings,
    Phase,
    PhaseSettings,
    StepSetting,
    StepType,
    SubjectType,
)

from headgate_trade.ledger import end_holds
from headgate_trade.order_events import CANCELLED, REACHED, OrderCancelled, OrderReached
from headgate_trade.reservations import end_reservations

ORDER = "trade.order"

_REACHED = {
    "released": "UPDATE trade_order SET released_at = $3 WHERE tenant_id = $1 AND id = $2",
    "issued": "UPDATE trade_order SET issued_at = $3 WHERE tenant_id = $1 AND id = $2",
    "received": "UPDATE trade_order SET received_at = $3 WHERE tenant_id = $1 AND id = $2",
    "completed": "UPDATE trade_order SET completed_at = $3 WHERE tenant_id = $1 AND id = $2",
}


async def on_milestone(ctx: Context, order_id: UUID, milestone: str, cause: Cause) -> None:
    """Do what a milestone stands for, at the time and in the name of who brought it about."""
    await ctx.db.execute(_REACHED[milestone], ctx.tenant.id, order_id, cause.at)
    await ctx.emit(REACHED, OrderReached(order_id, milestone))
    if milestone == "issued":
        await end_holds(ctx, [order_id], "post", at=cause.at, actor=cause.by.name)
        await end_reservations(ctx, [order_id], "issue", at=cause.at, actor=cause.by.name)


async def on_cancelled(ctx: Context, order_id: UUID, _reached: tuple[str, ...], cause: Cause) -> None:
    """Give back what placing took: the hold on the account and the reserved goods."""
    await ctx.db.execute(
        "UPDATE trade_order SET cancelled_at = $3 WHERE tenant_id = $1 AND id = $2",
        ctx.tenant.id, order_id, cause.at,
    )  # fmt: skip
    await end_holds(ctx, [order_id], "void", at=cause.at, actor=cause.by.name)
    await end_reservations(ctx, [order_id], "release", at=cause.at, actor=cause.by.name)
    await ctx.emit(CANCELLED, OrderCancelled(order_id))


STEPS = (
    StepType(
        id="trade.sales_approval",
        name=N_("Sales approval"),
        description=N_("Somebody from sales checks lines and prices before the order may be fulfilled."),
        subject=ORDER,
        phases=("pre_release",),
        kind="approval",
        permission="trade.orders.approve_sales",
        actor_role=N_("Sales"),
        icon="clipboard-check",
    ),
    StepType(
        id="trade.finance_approval",
        name=N_("Finance approval"),
        description=N_("Finance looks at what the customer owes before the order may be fulfilled."),
        subject=ORDER,
        phases=("pre_release",),
        kind="approval",
        permission="trade.orders.approve_finance",
        actor_role=N_("Finance"),
        icon="wallet",
    ),
    StepType(
        id="trade.outbound",
        name=N_("Outbound"),
        description=N_("The warehouse picks the goods and books them out; from here on the amount is owed."),
        subject=ORDER,
        phases=("pre_issue",),
        permission="trade.orders.outbound",
        actor_role=N_("Warehouse"),
        icon="package",
    ),
    StepType(
        id="trade.ship",
        name=N_("Shipping"),
        description=N_("The goods are handed to the carrier or driver."),
        subject=ORDER,
        phases=("pre_receipt",),
        permission="trade.orders.ship",
        actor_role=N_("Warehouse"),
        icon="truck",
    ),
    StepType(
        id="trade.receive",
        name=N_("Receipt"),
        description=N_("The customer confirms that the goods have arrived."),
        subject=ORDER,
        phases=("pre_receipt",),
        permission="trade.orders.receive",
        actor_role=N_("Customer"),
        icon="check",
    ),
)

DEFAULT_FLOW = FlowSettings(
    phases=(
        PhaseSettings(
            "pre_release", ((StepSetting("trade.sales_approval"),), (StepSetting("trade.finance_approval"),))
        ),
        PhaseSettings("pre_issue", ((StepSetting("trade.outbound"),),)),
        PhaseSettings("pre_receipt", ((StepSetting("trade.ship"),), (StepSetting("trade.receive"),))),
        PhaseSettings("pre_close"),
    )
)

SUBJECT = SubjectType(
    id=ORDER,
    name=N_("Order"),
    phases=(
        Phase("pre_release", "released", N_("Approval"), N_("Released")),
        Phase("pre_issue", "issued", N_("Fulfilment"), N_("Goods issued")),
        Phase("pre_receipt", "received", N_("Delivery"), N_("Received")),
        Phase("pre_close", "completed", N_("Closing"), N_("Completed")),
    ),
    default_flow=DEFAULT_FLOW,
    facts=(
        Fact("total", "money"),
        Fact("line_count", "integer"),
        Fact("customer_code", "text"),
        Fact("source", "text"),
        Fact("agreed_prices", "boolean"),
    ),
    cancel_before="issued",
    on_milestone=on_milestone,
    on_cancelled=on_cancelled,
)
"""What an order is to the engine; guards may read its facts, e.g. `total > 100000 || agreed_prices`."""
