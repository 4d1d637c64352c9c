"""Where an instance stands: what the events add up to."""

from collections.abc import Mapping
from datetime import datetime

import msgspec
from headgate_sdk.workflow import Cause, InstanceState, SubjectRef

from headgate_kernel.workflow.events import Outcome, Stamp
from headgate_kernel.workflow.facts import StoredFact


class StepRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How a step ended in a round.

    Args:
        step: id of the step type.
        phase: in which it stood.
        round: of the instance.
        outcome: how it ended.
        opened_at: since when it could be done; the time since then is its dwell time.
        stamp: who, when, why.
        void: a rejection made it void, so it does not count any more.
    """

    step: str
    phase: str
    round: int
    outcome: Outcome
    opened_at: datetime
    stamp: Stamp
    void: bool = False

    @property
    def counts(self) -> bool:
        """Tell whether the step is behind. A withdrawn one is not: a flow that has it asks for it again."""
        return not self.void and self.outcome in {"done", "skipped", "overridden"}


class State(msgspec.Struct, frozen=True, kw_only=True):
    """An instance, folded from its events.

    Args:
        version: of the flow it is pinned to.
        seq: of its last event.
        round: 1, and one more after each rejection.
        facts: given at the start.
        parent: the subject that it is a part of.
        reached: milestones with their times, in order.
        records: how steps ended, by (step, round).
        open: steps whose turn it is, since when.
        cancelled: who, when, why.
        state: open, completed or cancelled.
    """

    version: int
    seq: int
    round: int
    facts: Mapping[str, StoredFact]
    parent: SubjectRef | None
    reached: Mapping[str, datetime]
    records: Mapping[tuple[str, int], StepRecord]
    open: Mapping[str, datetime]
    cancelled: Cause | None
    state: InstanceState

    def resolved(self) -> frozenset[str]:
        """Give the steps that are behind."""
        return frozenset(record.step for record in self.records.values() if record.counts)

    def withdrawn(self) -> tuple[StepRecord, ...]:
        """Give the steps that were withdrawn and have not been asked for since."""
        return tuple(
            record for record in self.records.values() if record.outcome == "withdrawn" and not record.void
        )
