"""State to what people see. Commands and views give the same picture, because both are drawn here."""

from collections.abc import Callable
from uuid import UUID

from headgate_sdk.workflow import Instance, MilestoneView, StepState, StepView

from headgate_kernel.workflow.definition import DefinedStep, Definition
from headgate_kernel.workflow.state import State, StepRecord

Blocking = Callable[[str, str], str]
"""`(step, plugin)` -> id of the plugin that is off or missing, or empty."""


def draw(subject_id: UUID, definition: Definition, state: State, blocking: Blocking) -> Instance:
    """Draw one instance.

    Args:
        subject_id: whose.
        definition: the pinned one.
        state: folded, or read from the projections.
        blocking: tells which plugin keeps a step from being resolved.
    """
    current = {record.step: record for record in state.records.values() if not record.void}
    steps: list[StepView] = []
    for phase in definition.phases:
        closed = phase.milestone in state.reached
        for group in phase.groups:
            for step in group:
                record = current.pop(step.step, None)
                if record is not None:
                    steps.append(_resolved(step, record))
                elif step.enabled and not closed and state.state == "open":
                    steps.append(_ahead(step, phase.id, state, blocking))
    steps.extend(_resolved(definition.step(record.step), record) for record in current.values())
    voided = sorted((record for record in state.records.values() if record.void), key=_when)
    return Instance(
        subject_id=subject_id,
        state=state.state,
        version=state.version,
        seq=state.seq,
        milestones=tuple(
            MilestoneView(phase.milestone, phase.milestone_name, state.reached.get(phase.milestone))
            for phase in definition.phases
        ),
        steps=tuple(steps),
        earlier=tuple(_resolved(definition.step(record.step), record) for record in voided),
        cancelled=state.cancelled,
    )


def _when(record: StepRecord) -> tuple[int, float, str]:
    return record.round, record.stamp.at.timestamp(), record.step


def _ahead(step: DefinedStep, phase: str, state: State, blocking: Blocking) -> StepView:
    opened_at = state.open.get(step.step)
    now: StepState = "waiting" if opened_at is None else "open"
    return StepView(
        step=step.step, name=step.name, phase=phase, state=now, kind=step.kind, icon=step.icon,
        actor_role=step.actor_role, permission=step.permission, opened_at=opened_at, round=state.round,
        blocked=blocking(step.step, step.plugin) if now == "open" else "",
    )  # fmt: skip


def _resolved(step: DefinedStep | None, record: StepRecord) -> StepView:
    """Draw a step that ended; one that the pinned flow does not know any more is shown by its id."""
    return StepView(
        step=record.step,
        name=step.name if step else record.step,
        phase=record.phase,
        state=record.outcome,
        kind=step.kind if step else "task",
        icon=step.icon if step else "circle",
        permission=step.permission if step else "",
        actor_role=record.stamp.by.role,
        actor_name=record.stamp.by.name,
        opened_at=record.opened_at,
        at=record.stamp.at,
        note=record.stamp.note,
        round=record.round,
    )
