"""What buyer and staff see: where a subject stands, how it came there, and what waits for whom."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from headgate_sdk.workflow._types import ActorRef, Cause, StepKind

StepState = Literal["waiting", "open", "done", "rejected", "skipped", "withdrawn", "overridden"]
InstanceState = Literal["open", "completed", "cancelled"]


class MilestoneView(msgspec.Struct, frozen=True):
    """A milestone of the flow; `at` is None while it is ahead."""

    milestone: str
    name: str
    at: datetime | None = None


class StepView(msgspec.Struct, frozen=True):
    """One step as buyer and staff see it.

    Args:
        step: id of the step type.
        name: English msgid.
        phase: where it stands.
        state: `waiting` is not its turn yet.
        kind: approval or task.
        icon: of the sprite.
        actor_role: who did it, or who is expected to.
        actor_name: who did it; empty until then.
        permission: needed to resolve it.
        opened_at: since when it could be done.
        at: when it was resolved.
        note: what the actor wrote.
        round: 1, and one more after each rejection.
        blocked: id of the plugin that is off or missing, so that nobody can resolve the step now.
    """

    step: str
    name: str
    phase: str
    state: StepState
    kind: StepKind
    icon: str
    actor_role: str
    permission: str
    actor_name: str = ""
    opened_at: datetime | None = None
    at: datetime | None = None
    note: str = ""
    round: int = 1
    blocked: str = ""


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """Where a subject stands, and how it came there.

    Args:
        subject_id: of the subject.
        state: open, completed or cancelled.
        version: of the flow, pinned at the start.
        seq: number of its last event; give it back as `expected_seq`.
        milestones: all of the flow, in order.
        steps: the switched-on steps of the pinned flow, and withdrawn ones, as they stand now.
        earlier: what rejections made void: decisions of earlier rounds, oldest first.
        cancelled: who cancelled it, when and why.
    """

    subject_id: UUID
    state: InstanceState
    version: int
    seq: int
    milestones: tuple[MilestoneView, ...]
    steps: tuple[StepView, ...]
    earlier: tuple[StepView, ...] = ()
    cancelled: Cause | None = None

    @property
    def open_steps(self) -> tuple[StepView, ...]:
        """Steps whose turn it is."""
        return tuple(step for step in self.steps if step.state == "open")

    @property
    def blocked(self) -> tuple[StepView, ...]:
        """Open steps that wait for a plugin which is off or missing."""
        return tuple(step for step in self.open_steps if step.blocked)

    @property
    def reached(self) -> tuple[str, ...]:
        """Ids of the milestones behind it, in order."""
        return tuple(item.milestone for item in self.milestones if item.at is not None)


class HistoryEntry(msgspec.Struct, frozen=True):
    """One event of a subject's history.

    Args:
        seq: dense, from 1.
        at: when.
        kind: `started`, `resolved`, `rejected`, `milestone`, `withdrawn`, `reopened`, `moved` or `cancelled`.
        by: who.
        step: of the step, where it concerns one.
        step_name: English msgid of the step.
        milestone: where one was reached.
        resolution: how the step ended.
        version: of the flow, where it was pinned.
        note: what the actor wrote.
    """

    seq: int
    at: datetime
    kind: str
    by: ActorRef
    step: str = ""
    step_name: str = ""
    milestone: str = ""
    resolution: str = ""
    version: int | None = None
    note: str = ""


class OpenTask(msgspec.Struct, frozen=True):
    """A step that waits for somebody; also the cursor of the page after it."""

    subject_id: UUID
    step: str
    opened_at: datetime
