"""An order's way as its buyer reads it: what happened, when and by whom, and what comes next."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Literal

import msgspec
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import Instance, StepView
from headgate_trade.api import OrderDetail

Look = Literal["done", "now", "next", "skipped", "withdrawn", "overridden", "stop"]

LOOKS: dict[str, Look] = {
    "waiting": "next",
    "open": "now",
    "done": "done",
    "rejected": "stop",
    "skipped": "skipped",
    "withdrawn": "withdrawn",
    "overridden": "overridden",
}


class Entry(msgspec.Struct, frozen=True):
    """One line of the timeline, in the reader's language.

    Args:
        label: what.
        state: how it looks.
        who: name and role of who did it, or the role that is expected to.
        at: when; none for what is ahead.
        note: what the actor wrote.
    """

    label: str
    state: Look
    who: str = ""
    at: datetime | None = None
    note: str = ""


class Progress(msgspec.Struct, frozen=True):
    """Where an order stands.

    Args:
        entries: the timeline, oldest first.
        next: open steps, each with who does it.
        mine: open steps that this buyer can do now.
        live: whether anything may still change.
        seq: number of the last event, so that a page asks only for what is new.
    """

    entries: tuple[Entry, ...]
    next: tuple[StepView, ...]
    mine: tuple[StepView, ...]
    live: bool
    seq: int


Translate = Callable[[str], str]


def progress_of(order: OrderDetail, allowed: Callable[[str], bool], translate: Translate) -> Progress:
    """Make the timeline of an order, and find what its buyer can do now.

    Args:
        order: with its flow.
        allowed: tells whether the reader has a permission.
        translate: gives an English msgid in the reader's language.
    """
    summary, flow = order.summary, order.flow
    placed = Entry(translate(N_("Order placed")), "done", order.placed_by_name, summary.placed_at)
    live = flow.state == "open"
    open_steps = flow.open_steps if live else ()
    return Progress(
        entries=(placed, *_way(flow, translate)),
        next=open_steps,
        mine=tuple(step for step in open_steps if not step.blocked and allowed(step.permission)),
        live=live,
        seq=flow.seq,
    )


def _way(flow: Instance, translate: Translate) -> list[Entry]:
    entries = [_entry(step, translate) for step in (*flow.earlier, *flow.steps)]
    if flow.cancelled:
        cause = flow.cancelled
        who = _who(translate, cause.by.name, cause.by.role)
        entries = [entry for entry in entries if entry.state not in ("now", "next")]
        entries.append(Entry(translate(N_("Cancelled")), "stop", who, cause.at, cause.note))
    elif flow.state == "completed":
        entries.append(Entry(translate(N_("Completed")), "done", at=_completed_at(flow)))
    return entries


def _completed_at(flow: Instance) -> datetime | None:
    times = [milestone.at for milestone in flow.milestones if milestone.at]
    return max(times, default=None)


def _entry(step: StepView, translate: Translate) -> Entry:
    return Entry(
        label=translate(step.name),
        state=LOOKS[step.state],
        who=_who(translate, step.actor_name, step.actor_role),
        at=step.at,
        note=step.note,
    )


def _who(translate: Translate, name: str, role: str) -> str:
    words: Iterable[str] = (name, translate(role) if role else "")
    return " · ".join(word for word in words if word)
