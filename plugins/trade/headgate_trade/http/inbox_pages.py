"""The order inbox: what waits for me, approved or rejected in the row, many at once, by keyboard."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.web import SIGNED_IN, action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.desk.deciding import Outcome, decide, read_choice
from headgate_trade.desk.waiting import waiting_steps
from headgate_trade.http.forms import Many, address, many
from headgate_trade.http.order_words import verb_of
from headgate_trade.order_inbox import inbox, inbox_count, my_steps
from headgate_trade.order_views import OrderSummary

PATH = "/desk/inbox"


class DecisionForm(msgspec.Struct):
    """What is decided on the picked orders; each is `<order id>/<step>`."""

    pick: Many = ""
    decision: str = "done"
    note: str = ""
    step: str = ""


class InboxTab(msgspec.Struct, frozen=True):
    """A tab over the inbox."""

    label: str
    href: str
    active: bool
    count: int


class InboxRow(msgspec.Struct, frozen=True):
    """An order that waits for the reader, with the step that the row's buttons resolve."""

    order: OrderSummary
    pick: str
    waits_for: str
    verb: str
    approval: bool


@page("/desk", permission=SIGNED_IN)
async def desk(ctx: Context) -> Response[Any]:
    """Open the workbench where the work is: the inbox, or the catalogue for those who decide on no order."""
    if ctx.actor.kind == "customer":
        return see_other("/")
    return see_other(PATH if ctx.allowed("trade.orders.read") else "/desk/products")


@page(PATH, permission="trade.orders.read")
async def show_inbox(ctx: Context, step: str = "", after: str = "") -> Response[Any]:
    """Show what waits for the reader, longest waiting first."""
    return await _inbox(ctx, step, after)


@action(PATH, permission="trade.orders.read")
async def decide_orders(
    ctx: Context, data: Annotated[DecisionForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Decide on the picked orders and show what is left, with what became of each."""
    outcomes: list[Outcome] = []
    refused: HeadgateError | None = None
    try:
        outcomes = await decide(
            ctx, [read_choice(text) for text in many(data.pick)], data.decision, data.note
        )
    except HeadgateError as error:
        refused = error
    response = await _inbox(ctx, data.step, "", outcomes, refused, rejected=data.decision == "reject")
    waiting = await inbox_count(ctx)
    badge = {"badge": {"href": PATH, "text": str(waiting) if waiting else ""}}
    response.headers["HX-Trigger"] = msgspec.json.encode(badge).decode()
    return response


HANDLERS = (desk, show_inbox, decide_orders)


async def _inbox(
    ctx: Context,
    step: str,
    after: str,
    outcomes: list[Outcome] | None = None,
    refused: HeadgateError | None = None,
    *,
    rejected: bool = False,
) -> Response[Any]:
    mine = set(my_steps(ctx))
    waiting = [found for found in await waiting_steps(ctx) if found.step.id in mine]
    found = await inbox(ctx, steps=[step] if step else None, after=after or None)
    kinds = {found.step.id: (found.step.name, found.step.kind) for found in waiting}
    tabs = [InboxTab(ctx.translate(N_("All")), PATH, not step, sum(found.count for found in waiting))]
    tabs += [
        InboxTab(
            ctx.translate(name.step.name), address(PATH, step=name.step.id), name.step.id == step, name.count
        )
        for name in waiting
    ]
    rows: list[InboxRow] = []
    for order in found.items:
        chosen = next((at for at in order.waiting_steps if at in kinds and step in ("", at)), None)
        if chosen is not None:
            name, kind = kinds[chosen]
            rows.append(
                InboxRow(order, f"{order.id}/{chosen}", name, verb_of(chosen, kind), kind == "approval")
            )
    done = sum(outcome.error is None for outcome in outcomes or ())
    response = await ctx.render(
        "trade/inbox.html",
        tabs=tabs,
        rows=rows,
        step=step,
        next_href=address(PATH, step=step, after=found.next) if found.next else "",
        done=done,
        rejected=rejected,
        failed=[outcome for outcome in outcomes or () if outcome.error is not None],
        refused=refused,
        may_reject=any(row.approval for row in rows),
    )
    if refused is not None:
        response.status_code = 422
    return response
