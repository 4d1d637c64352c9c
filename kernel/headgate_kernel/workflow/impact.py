"""What happens to an instance when it moves to another version of its flow.

The default is that it does not: it keeps the version that it pinned, and therefore a valid way. A move closes
no phase twice, repeats nothing that is behind, and passes no switched-on step of an open phase by.
"""

from enum import StrEnum

import msgspec
from headgate_sdk.errors import Conflict
from headgate_sdk.i18n import N_

from headgate_kernel.workflow.commands import Events, Recorder
from headgate_kernel.workflow.definition import Definition
from headgate_kernel.workflow.events import Moved, Reopened, Stamp, Withdrawn
from headgate_kernel.workflow.fold import Definitions
from headgate_kernel.workflow.frontier import due_milestones, frontier, steps_ahead
from headgate_kernel.workflow.state import State


class MoveEffect(StrEnum):
    """What a move means for whoever waits.

    `unaffected`: the same way. `ahead`: the same steps are open, later ones differ. `advances`: a step that
    was open is no longer asked for, or a later one opens already. `waits`: a step that was not on the way, or
    that came later, has to be done first. `blocked`: the new flow cannot carry it.
    """

    UNAFFECTED = "unaffected"
    AHEAD = "ahead"
    ADVANCES = "advances"
    WAITS = "waits"
    BLOCKED = "blocked"


class Progress(msgspec.Struct, frozen=True):
    """As much of an instance as decides its way: what is behind, and which milestones were reached."""

    resolved: frozenset[str]
    reached: tuple[str, ...]


class MovePreview(msgspec.Struct, frozen=True):
    """What a move would do.

    Args:
        effect: in one word.
        closes: open steps that would no longer be asked for.
        opens: steps whose turn it would be, that was not before.
        milestones: which would fire at once.
    """

    effect: MoveEffect
    closes: tuple[str, ...] = ()
    opens: tuple[str, ...] = ()
    milestones: tuple[str, ...] = ()


def can_carry(definition: Definition, reached: tuple[str, ...]) -> bool:
    """Tell whether a flow can take over: the milestones behind must be the first ones of it."""
    return definition.milestones()[: len(reached)] == reached


def preview_move(old: Definition, new: Definition, progress: Progress) -> MovePreview:
    """Work out what moving from one flow to another would do to an instance."""
    before = frontier(old, progress.resolved, progress.reached)
    if not can_carry(new, progress.reached):
        return MovePreview(MoveEffect.BLOCKED)
    fires = due_milestones(new, progress.resolved, progress.reached)
    after = frontier(new, progress.resolved, (*progress.reached, *fires))
    closes = tuple(step for step in before if step not in after)
    opens = tuple(step for step in after if step not in before)
    ahead_before = steps_ahead(old, progress.resolved, progress.reached)
    ahead_after = steps_ahead(new, progress.resolved, (*progress.reached, *fires))
    postponed = any(step in ahead_after for step in closes)
    if before == after:
        effect = MoveEffect.UNAFFECTED if ahead_before == ahead_after else MoveEffect.AHEAD
    elif postponed or any(step not in ahead_before for step in opens):
        effect = MoveEffect.WAITS
    else:
        effect = MoveEffect.ADVANCES
    return MovePreview(effect, closes, opens, fires)


def move(definitions: Definitions, state: State, version: int, stamp: Stamp) -> Events:
    """Pin an instance to another version.

    Open steps that the new flow does not ask for any more are withdrawn, steps that were withdrawn and that
    it asks for are reopened, and milestones whose phases have nothing left fire.

    Raises:
        Conflict: the new flow cannot carry the instance, or it has ended.
    """
    if version == state.version:
        return ()
    new = definitions[version]
    if state.state != "open":
        raise Conflict(N_("This has ended and cannot move to another version of its flow."))
    if not can_carry(new, tuple(state.reached)):
        raise Conflict(N_("The new flow lacks a milestone that this document has reached."))
    ahead = steps_ahead(new, state.resolved(), tuple(state.reached))
    recorder = Recorder(definitions, state)
    for step in state.open:
        if step not in ahead:
            recorder.record(Withdrawn(step), stamp)
    for record in state.withdrawn():
        if record.step in ahead:
            recorder.record(Reopened(record.step), stamp)
    recorder.record(Moved(version), stamp)
    recorder.record_milestones(stamp)
    return recorder.result()
