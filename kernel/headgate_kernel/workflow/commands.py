"""Commands to events: what may happen next, decided without a clock or a connection.

Each command takes the definitions, the folded state and a stamp (who, when, why), and gives the events that
it causes. The same code runs for real, in a preview of a draft flow, and inside property tests.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Literal

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import (
    CannotCancel,
    StaleSequence,
    StepNotOpen,
    SubjectRef,
    UnknownStep,
)

from headgate_kernel.workflow.definition import Definition
from headgate_kernel.workflow.events import (
    Body,
    Cancelled,
    Event,
    MilestoneReached,
    Rejected,
    Resolved,
    Stamp,
    Started,
)
from headgate_kernel.workflow.facts import StoredFact
from headgate_kernel.workflow.fold import Definitions, apply
from headgate_kernel.workflow.frontier import due_milestones, open_phase
from headgate_kernel.workflow.state import State

Events = tuple[Event, ...]


class Recorder:
    """Collects the events of one command, and keeps the state that they lead to."""

    def __init__(self, definitions: Definitions, state: State | None) -> None:
        self.definitions = definitions
        self._state = state
        self.events: list[Event] = []

    @property
    def state(self) -> State:
        """The state after what was recorded so far."""
        assert self._state is not None
        return self._state

    def record(self, body: Body, stamp: Stamp) -> None:
        """Append one event."""
        event = Event(self._state.seq + 1 if self._state else 1, stamp, body)
        self._state = apply(self.definitions, self._state, event)
        self.events.append(event)

    def record_milestones(self, stamp: Stamp) -> None:
        """Append the milestones that are due."""
        state = self.state
        definition = self.definitions[state.version]
        for milestone in due_milestones(definition, state.resolved(), state.reached):
            self.record(MilestoneReached(milestone), stamp)

    def result(self) -> Events:
        """Give what was recorded."""
        return tuple(self.events)


def start(
    definition: Definition,
    version: int,
    facts: Mapping[str, StoredFact],
    stamp: Stamp,
    parent: SubjectRef | None = None,
) -> Events:
    """Begin; phases without a step close at once."""
    recorder = Recorder({version: definition}, None)
    recorder.record(Started(version, dict(facts), parent), stamp)
    recorder.record_milestones(stamp)
    return recorder.result()


def check_sequence(state: State, expected_seq: int | None) -> None:
    """Refuse a command that was decided on an older state.

    Raises:
        StaleSequence: somebody else was faster.
    """
    if expected_seq is not None and expected_seq != state.seq:
        raise StaleSequence(
            N_("Somebody else has changed this in the meantime. Look at it again, then decide.")
        )


def resolve(
    definitions: Definitions,
    state: State,
    step: str,
    outcome: Literal["done", "overridden"],
    stamp: Stamp,
) -> Events:
    """Put an open step behind.

    Raises:
        UnknownStep: the pinned flow has no such step switched on.
        StepNotOpen: it is not the step's turn.
    """
    _require_open(definitions[state.version], state, step)
    recorder = Recorder(definitions, state)
    recorder.record(Resolved(step, outcome), stamp)
    recorder.record_milestones(stamp)
    return recorder.result()


def reject(definitions: Definitions, state: State, step: str, stamp: Stamp) -> Events:
    """Refuse an open approval, which opens a new round of the open phase.

    Raises:
        UnknownStep, StepNotOpen: as for `resolve`.
        Invalid: the step is a task, or the reason is missing.
    """
    definition = definitions[state.version]
    _require_open(definition, state, step)
    found = definition.step(step)
    assert found is not None
    if found.kind != "approval":
        raise Invalid(
            N_("A task cannot be rejected: complete it, or cancel the whole document."), field="decision"
        )
    if not stamp.note.strip():
        raise Invalid(N_("Please give a reason for the rejection."), field="note")
    recorder = Recorder(definitions, state)
    recorder.record(Rejected(step), stamp)
    return recorder.result()


def complete(
    definitions: Definitions,
    state: State,
    stamp: Stamp,
    *,
    until: str | None = None,
    times: Mapping[str, datetime] | None = None,
) -> Events:
    """Resolve all open steps in turn, up to and including the milestone `until` and those due right after it.

    Args:
        definitions: the pinned one among them.
        state: where it stands.
        stamp: who and why; its time stands where `times` has none.
        until: last milestone to reach; None is the end.
        times: of the milestones and of the steps before each.

    Raises:
        Invalid: no such milestone, or the times run backwards.
        StepNotOpen: it was cancelled.
    """
    definition = definitions[state.version]
    _check_milestones(definition, until, times or {})
    if state.cancelled is not None:
        raise StepNotOpen(N_("This was cancelled, nothing can be done with it any more."))
    recorder = Recorder(definitions, state)
    latest = max(state.reached.values(), default=None)
    while phase := open_phase(definition, recorder.state.reached):
        if until in recorder.state.reached and recorder.state.open:
            break
        at = (times or {}).get(phase.milestone, stamp.at)
        if latest is not None and at < latest:
            raise Invalid(
                N_("The milestone {milestone} cannot lie before the one that precedes it."),
                field="times",
                milestone=phase.milestone,
            )
        latest = at
        now = Stamp(stamp.by, at, stamp.note)
        while recorder.state.open:
            for step in tuple(recorder.state.open):
                recorder.record(Resolved(step, "done"), now)
        recorder.record(MilestoneReached(phase.milestone), now)
    return recorder.result()


def cancel(definitions: Definitions, state: State, stamp: Stamp) -> Events:
    """End it before its time.

    Raises:
        CannotCancel: it has ended, or the milestone that forbids it was reached.
        Invalid: the reason is missing.
    """
    definition = definitions[state.version]
    if state.state != "open":
        raise CannotCancel(N_("This has already ended and cannot be cancelled."))
    if definition.cancel_before is not None and definition.cancel_before in state.reached:
        raise CannotCancel(N_("It is too late to cancel. Please register a return instead."))
    if not stamp.note.strip():
        raise Invalid(N_("Please give a reason for the cancellation."), field="reason")
    recorder = Recorder(definitions, state)
    recorder.record(Cancelled(), stamp)
    return recorder.result()


def _require_open(definition: Definition, state: State, step: str) -> None:
    if step in state.open:
        return
    if definition.phase_of(step) is None:
        raise UnknownStep(N_("The flow of this document has no step {step}."), step=step)
    if state.state == "cancelled":
        raise StepNotOpen(N_("This was cancelled, nothing can be done with it any more."))
    if step in state.resolved():
        raise StepNotOpen(N_("This step has already been completed."))
    raise StepNotOpen(N_("It is not yet the turn of this step."))


def _check_milestones(definition: Definition, until: str | None, times: Mapping[str, datetime]) -> None:
    known = set(definition.milestones())
    for milestone in _named(until, times):
        if milestone not in known:
            raise Invalid(
                N_("This flow has no milestone {milestone}."), field="milestone", milestone=milestone
            )


def _named(until: str | None, times: Mapping[str, datetime]) -> Iterator[str]:
    if until is not None:
        yield until
    yield from times
