"""Events to state: the one place that says what an event means.

The projections in the database are written from the state that this gives, and a replay gives it again.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec
from headgate_sdk.workflow import Cause

from headgate_kernel.workflow.definition import Definition
from headgate_kernel.workflow.events import (
    Cancelled,
    Event,
    MilestoneReached,
    Moved,
    Outcome,
    Rejected,
    Reopened,
    Resolved,
    Started,
    Withdrawn,
)
from headgate_kernel.workflow.frontier import frontier, open_phase
from headgate_kernel.workflow.state import State, StepRecord

Definitions = Mapping[int, Definition]


def fold(definitions: Definitions, events: Iterable[Event]) -> State | None:
    """Add up a whole history; None when it is empty."""
    state: State | None = None
    for event in events:
        state = apply(definitions, state, event)
    return state


def apply(definitions: Definitions, state: State | None, event: Event) -> State:
    """Add one event.

    Raises:
        ValueError: the history is broken: a gap in `seq`, or events before the start.
    """
    if isinstance(event.body, Started):
        if state is not None:
            raise ValueError(f"event {event.seq} starts an instance that has started")
        state = _begin(event.body, event.seq)
    elif state is None or event.seq != state.seq + 1:
        raise ValueError(f"event {event.seq} does not follow {state.seq if state else 'anything'}")
    else:
        state = _change(definitions, msgspec.structs.replace(state, seq=event.seq), event)
    return _reopen(definitions, state, event.stamp.at)


def _begin(body: Started, seq: int) -> State:
    return State(
        version=body.version, seq=seq, round=1, facts=body.facts, parent=body.parent, reached={}, records={},
        open={}, cancelled=None, state="open",
    )  # fmt: skip


def _change(definitions: Definitions, state: State, event: Event) -> State:
    match event.body:
        case Resolved(step, outcome):
            return _record(definitions, state, event, step, outcome)
        case Withdrawn(step):
            return _record(definitions, state, event, step, "withdrawn")
        case Rejected(step):
            return _new_round(definitions, state, event, step)
        case Reopened(step):
            return _ask_again(state, step)
        case MilestoneReached(milestone):
            reached = {**state.reached, milestone: event.stamp.at}
            ended = open_phase(definitions[state.version], reached) is None
            return msgspec.structs.replace(
                state, reached=reached, state="completed" if ended else state.state
            )
        case Moved(version):
            return msgspec.structs.replace(state, version=version)
        case Cancelled():
            cause = Cause(event.stamp.by, event.stamp.at, event.seq, event.stamp.note)
            return msgspec.structs.replace(state, cancelled=cause, state="cancelled")
    raise ValueError(f"event {event.seq} is not understood: {event.body!r}")


def _ask_again(state: State, step: str) -> State:
    """Forget that a step was withdrawn; the events keep it."""
    records = {
        key: record
        for key, record in state.records.items()
        if record.void or (record.step, record.outcome) != (step, "withdrawn")
    }
    return msgspec.structs.replace(state, records=records)


def _record(definitions: Definitions, state: State, event: Event, step: str, outcome: Outcome) -> State:
    phase = open_phase(definitions[state.version], state.reached)
    assert phase is not None
    record = StepRecord(
        step=step, phase=phase.id, round=state.round, outcome=outcome, opened_at=state.open[step],
        stamp=event.stamp,
    )  # fmt: skip
    return msgspec.structs.replace(state, records={**state.records, (step, state.round): record})


def _new_round(definitions: Definitions, state: State, event: Event, step: str) -> State:
    """Void what the open phase decided, keep it for the timeline, and ask again from its beginning."""
    state = _record(definitions, state, event, step, "rejected")
    phase = open_phase(definitions[state.version], state.reached)
    assert phase is not None
    again = {member.step for group in phase.enabled for member in group}
    records = {
        key: msgspec.structs.replace(record, void=True) if record.step in again else record
        for key, record in state.records.items()
    }
    return msgspec.structs.replace(state, records=records, round=state.round + 1, open={})


def _reopen(definitions: Definitions, state: State, at: datetime) -> State:
    """Recompute what is open; a step that stays open keeps its time."""
    if state.state != "open":
        return msgspec.structs.replace(state, open={})
    now_open = frontier(definitions[state.version], state.resolved(), state.reached)
    return msgspec.structs.replace(state, open={step: state.open.get(step, at) for step in now_open})
