"""What is open now: a pure function of the pinned flow and of what has been resolved.

No "current step" is stored anywhere. A stored pointer goes wrong when a flow is edited; a set of resolved
steps does not, whatever the next flow looks like.
"""

from collections.abc import Collection
from collections.abc import Set as AbstractSet

from headgate_kernel.workflow.definition import DefinedPhase, Definition


def open_phase(definition: Definition, reached: Collection[str]) -> DefinedPhase | None:
    """Give the first phase whose milestone has not been reached; None at the end."""
    return next((phase for phase in definition.phases if phase.milestone not in reached), None)


def frontier(definition: Definition, resolved: AbstractSet[str], reached: Collection[str]) -> tuple[str, ...]:
    """Give the steps whose turn it is: the unresolved ones of the first unfinished group of the open phase.

    Args:
        definition: the pinned flow.
        resolved: steps that are behind (done, skipped or overridden) and not made void by a rejection.
        reached: milestones that have fired; their phases are closed and never open again.
    """
    phase = open_phase(definition, reached)
    if phase is None:
        return ()
    for group in phase.enabled:
        unresolved = tuple(step.step for step in group if step.step not in resolved)
        if unresolved:
            return unresolved
    return ()


def due_milestones(
    definition: Definition, resolved: AbstractSet[str], reached: Collection[str]
) -> tuple[str, ...]:
    """Give the milestones that fire now: the open phase's when it has nothing left, and those after it."""
    due: list[str] = []
    for phase in definition.phases:
        if phase.milestone in reached:
            continue
        if any(step.step not in resolved for group in phase.enabled for step in group):
            break
        due.append(phase.milestone)
    return tuple(due)


def steps_ahead(
    definition: Definition, resolved: AbstractSet[str], reached: Collection[str]
) -> tuple[str, ...]:
    """Give all steps that still have to be resolved before the end, in order."""
    return tuple(
        step.step
        for phase in definition.phases
        if phase.milestone not in reached
        for group in phase.enabled
        for step in group
        if step.step not in resolved
    )
