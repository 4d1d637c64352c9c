"""An order's flow in words: its timeline, its history, and what the buttons of its steps say."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import HistoryEntry, StepView

from headgate_trade.flow import SUBJECT
from headgate_trade.order_views import OrderDetail

VERBS = {
    "trade.outbound": N_("Send out"),
    "trade.ship": N_("Ship"),
    "trade.receive": N_("Confirm receipt"),
}
APPROVE, MARK_DONE = N_("Approve"), N_("Mark as done")

STAGES = {
    "placed": N_("Placed"),
    "released": N_("Released"),
    "issued": N_("Goods issued"),
    "received": N_("Received"),
    "completed": N_("Completed"),
}
STATES = {"open": N_("Under way"), "completed": N_("Completed"), "cancelled": N_("Cancelled")}
LOOKS = {"open": "wait", "completed": "ok", "cancelled": "stop"}
"""State of the badge by state of the order."""

_EVENTS = {
    "started": N_("Order placed, flow version {version}"),
    "resolved": N_("{step}: done"),
    "rejected": N_("{step}: refused"),
    "milestone": N_("Reached: {milestone}"),
    "withdrawn": N_("{step}: withdrawn, the flow was changed"),
    "reopened": N_("{step}: opened again"),
    "moved": N_("Moved to flow version {version}"),
    "cancelled": N_("Order cancelled"),
}
_RESOLUTIONS = {
    "skipped": N_("{step}: not required"),
    "withdrawn": N_("{step}: withdrawn, the flow was changed"),
    "overridden": N_("{step}: passed by an operator"),
}
_TIMELINE_STATES = {"waiting": "next", "open": "now", "rejected": "stop"}


class TimelineEntry(msgspec.Struct, frozen=True):
    """An entry as the timeline draws it."""

    label: str
    state: str
    at: datetime | None = None
    who: str = ""
    note: str = ""


class HistoryLine(msgspec.Struct, frozen=True):
    """An event in words."""

    at: datetime
    text: str
    who: str
    note: str


class StepButton(msgspec.Struct, frozen=True):
    """An open step that the reader may resolve."""

    step: str
    name: str
    verb: str
    approval: bool


def verb_of(step: str, kind: str) -> str:
    """Give the English msgid of what resolving a step is called."""
    return VERBS.get(step, APPROVE if kind == "approval" else MARK_DONE)


def buttons_of(ctx: Context, order: OrderDetail) -> list[StepButton]:
    """Give the open steps that the reader may resolve."""
    return [
        StepButton(
            step.step,
            ctx.translate(step.name),
            ctx.translate(verb_of(step.step, step.kind)),
            step.kind == "approval",
        )
        for step in order.flow.open_steps
        if not step.blocked and ctx.allowed(step.permission)
    ]


def timeline_of(ctx: Context, order: OrderDetail) -> list[TimelineEntry]:
    """Give the steps of the flow phase by phase, each phase ending in its milestone."""
    entries = [
        TimelineEntry(ctx.translate(STAGES["placed"]), "done", order.summary.placed_at, order.placed_by_name)
    ]
    ended = order.flow.state == "cancelled"
    reached = {milestone.milestone: milestone for milestone in order.flow.milestones}
    for phase in SUBJECT.phases:
        steps = [step for step in order.flow.steps if step.phase == phase.id]
        entries.extend(
            _entry(ctx, step) for step in steps if not (ended and step.state in ("waiting", "open"))
        )
        milestone = reached.get(phase.milestone)
        if milestone is not None and (milestone.at is not None or not ended):
            state = "done" if milestone.at is not None else "next"
            entries.append(TimelineEntry(ctx.translate(milestone.name), state, milestone.at))
    if order.flow.cancelled is not None:
        cause = order.flow.cancelled
        entries.append(
            TimelineEntry(ctx.translate(STATES["cancelled"]), "stop", cause.at, cause.by.name, cause.note)
        )
    return entries


def _entry(ctx: Context, step: StepView) -> TimelineEntry:
    role = ctx.translate(step.actor_role) if step.actor_role else ""
    who = " · ".join(word for word in (step.actor_name, role) if word)
    note = step.note
    if step.blocked:
        note = ctx.translate(
            N_("Waits for the plugin {plugin}, which is off or missing."), plugin=step.blocked
        )
    return TimelineEntry(
        ctx.translate(step.name),
        _TIMELINE_STATES.get(step.state, step.state),
        step.at or step.opened_at,
        who,
        note,
    )


def history_of(ctx: Context, entries: list[HistoryEntry]) -> Iterator[HistoryLine]:
    """Give the events of an order in words, oldest first."""
    names = {phase.milestone: phase.milestone_name for phase in SUBJECT.phases}
    for entry in entries:
        text = _RESOLUTIONS.get(entry.resolution) if entry.kind == "resolved" else None
        words = ctx.translate(
            text or _EVENTS.get(entry.kind, "{kind}"),
            step=ctx.translate(entry.step_name) if entry.step_name else entry.step,
            milestone=ctx.translate(names.get(entry.milestone, entry.milestone)) if entry.milestone else "",
            version=entry.version or "",
            kind=entry.kind,
        )
        role = ctx.translate(entry.by.role) if entry.by.role else ""
        who = " · ".join(dict.fromkeys(word for word in (ctx.translate(entry.by.name), role) if word))
        yield HistoryLine(entry.at, words, who, entry.note)
