"""Many orders decided at once: each for itself, so that one that fails does not hold up the others."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_

from headgate_trade.order_steps import resolve_step
from headgate_trade.order_views import orders_of

MAX_AT_ONCE = 200


class Choice(msgspec.Struct, frozen=True):
    """An order and the step of it that is decided."""

    order_id: UUID
    step: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of one choice; `error` is None when it was done."""

    order_id: UUID
    number: str
    error: HeadgateError | None


def read_choice(text: str) -> Choice:
    """Read `<order id>/<step>` as the form sends it.

    Raises:
        Invalid: it is something else.
    """
    order_id, _, step = text.partition("/")
    try:
        return Choice(UUID(order_id), step)
    except ValueError:
        raise Invalid(N_("'{text}' is not an order and a step."), field="pick", text=text[:80]) from None


async def decide(ctx: Context, choices: Sequence[Choice], decision: str, note: str = "") -> list[Outcome]:
    """Resolve a step of each order, each in a savepoint of its own.

    Args:
        ctx: with the permissions of the steps.
        choices: at most `MAX_AT_ONCE`.
        decision: `done` or `reject`.
        note: the reason, needed to reject.

    Raises:
        Invalid: nothing was chosen, too much was, or a rejection has no reason.
    """
    if not choices:
        raise Invalid(N_("Tick at least one order."), field="pick")
    if len(choices) > MAX_AT_ONCE:
        raise Invalid(N_("At most {most} orders at once."), field="pick", most=MAX_AT_ONCE)
    if decision == "reject" and not note.strip():
        raise Invalid(N_("Say why, so that the customer can correct it."), field="note")
    known = await orders_of(ctx, [choice.order_id for choice in choices])
    outcomes: list[Outcome] = []
    for choice in choices:
        number = known[choice.order_id].number if choice.order_id in known else str(choice.order_id)
        try:
            async with ctx.db.savepoint():
                await resolve_step(ctx, choice.order_id, choice.step, decision, note.strip())
        except HeadgateError as error:
            outcomes.append(Outcome(choice.order_id, number, error))
        else:
            outcomes.append(Outcome(choice.order_id, number, None))
    return outcomes
