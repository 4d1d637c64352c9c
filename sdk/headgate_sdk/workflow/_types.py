"""What a plugin declares: subjects with their phases and effects, and steps for their flows."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec

from headgate_sdk.workflow._settings import FlowSettings

if TYPE_CHECKING:
    from headgate_sdk.context import Context

FactType = Literal["money", "decimal", "integer", "text", "boolean"]
FactValue = str | int | bool | Decimal | None
StepKind = Literal["approval", "task"]


class Phase(msgspec.Struct, frozen=True):
    """A stretch of a flow, and the milestone it ends in.

    Args:
        id: e.g. `pre_release`.
        milestone: e.g. `released`.
        name: English msgid.
        milestone_name: English msgid of the milestone, shown in timelines.
    """

    id: str
    milestone: str
    name: str
    milestone_name: str = ""


class Fact(msgspec.Struct, frozen=True):
    """A field of the subject that guards and tiers may read. `money` is an integer of minor units."""

    name: str
    type: FactType


class StepType(msgspec.Struct, frozen=True, kw_only=True):
    """A step that a distributor may put into a flow.

    Args:
        id: `<plugin>.<step>`, e.g. `trade.sales_approval`.
        name: English msgid.
        description: English msgid, one sentence for the settings page.
        subject: id of the subject type.
        phases: phases in which it may stand; the first is where it is put at first.
        kind: an `approval` may be rejected, a `task` is done.
        permission: who may resolve it.
        actor_role: English msgid of who usually does it, shown to the buyer while it is open.
        icon: of the sprite.
        default_on: on in a flow that has never been edited.
        version: raised when its meaning changes.
        plugin: filled by the host.
    """

    id: str
    name: str
    subject: str
    phases: tuple[str, ...]
    permission: str
    description: str = ""
    kind: StepKind = "task"
    actor_role: str = ""
    icon: str = "circle"
    default_on: bool = True
    version: int = 1
    plugin: str = ""


class ActorRef(msgspec.Struct, frozen=True):
    """Who acted, as it is kept for ever: the name and role of that day."""

    name: str
    kind: str
    role: str = ""
    membership_id: UUID | None = None


class Cause(msgspec.Struct, frozen=True):
    """Why a milestone fires or a subject is cancelled: who, when, and the event that did it.

    Args:
        by: who acted.
        at: when; use it instead of the clock, so that a replay books at the time of the original.
        seq: number of the event in the subject's history.
        note: what the actor wrote.
    """

    by: ActorRef
    at: datetime
    seq: int
    note: str = ""


MilestoneHandler = Callable[["Context", UUID, str, Cause], Awaitable[None]]
"""`(ctx, subject_id, milestone, cause)`, awaited in the transaction that reaches it; raising undoes it."""
CancelHandler = Callable[["Context", UUID, tuple[str, ...], Cause], Awaitable[None]]
"""`(ctx, subject_id, milestones_reached, cause)`: compensate what those milestones did, in reverse order."""


class SubjectType(msgspec.Struct, frozen=True, kw_only=True):
    """Something that goes through a flow.

    Args:
        id: e.g. `trade.order`.
        name: English msgid.
        phases: in order.
        default_flow: what a tenant has before it publishes a flow of its own.
        facts: fields that guards may read.
        cancel_before: milestone from which on it cannot be cancelled any more; None allows it to the end.
        on_milestone: effects of a milestone.
        on_cancelled: compensation.
        plugin: filled by the host.
    """

    id: str
    name: str
    phases: tuple[Phase, ...]
    default_flow: FlowSettings
    facts: tuple[Fact, ...] = ()
    cancel_before: str | None = None
    on_milestone: MilestoneHandler | None = None
    on_cancelled: CancelHandler | None = None
    plugin: str = ""
