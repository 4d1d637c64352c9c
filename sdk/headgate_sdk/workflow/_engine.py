"""What a use case asks of the engine."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from headgate_sdk.workflow._types import FactValue, StepType
from headgate_sdk.workflow._views import HistoryEntry, Instance, OpenTask


class Decision(StrEnum):
    """What a person says about an open step."""

    DONE = "done"
    REJECT = "reject"


class Resolution(StrEnum):
    """How a step came to its end; `withdrawn` and `overridden` are never shown as approved."""

    DONE = "done"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
    OVERRIDDEN = "overridden"


class SubjectRef(msgspec.Struct, frozen=True):
    """Points at a subject in a flow."""

    type: str
    id: UUID


class Workflow(Protocol):
    """The engine, bound to a context: each command is one locked, appended and projected change.

    The engine checks the permission of a *step*. Whether the actor may touch this *subject* (a buyer their
    own order) and may cancel at all is the calling use case's matter.
    """

    async def start(
        self,
        subject_type: str,
        subject_id: UUID,
        facts: Mapping[str, FactValue],
        *,
        parent: SubjectRef | None = None,
    ) -> Instance:
        """Start the tenant's current flow; one statement. Milestones of phases without steps fire at once.

        Raises:
            Invalid: a fact is unknown, missing or of another type.
            AlreadyStarted: the subject has a flow.
        """
        ...

    async def resolve(
        self,
        subject_type: str,
        subject_id: UUID,
        step: str,
        decision: Decision | Literal["done", "reject"] = Decision.DONE,
        *,
        note: str = "",
        expected_seq: int | None = None,
    ) -> Instance:
        """Resolve an open step; a rejection, which needs a note, opens a new round of the open phase.

        Raises:
            Forbidden: the actor lacks the step's permission.
            UnknownStep, StepNotOpen, StepBlocked, StaleSequence, NotStarted: as named.
            Invalid: a task cannot be rejected; a rejection needs a reason.
        """
        ...

    async def override(
        self, subject_type: str, subject_id: UUID, step: str, reason: str, *, expected_seq: int | None = None
    ) -> Instance:
        """Push an open step aside, blocked or not, with a reason; needs `headgate.flow.override`."""
        ...

    async def complete_all(
        self,
        subject_type: str,
        subject_id: UUID,
        *,
        until: str | None = None,
        note: str = "",
        times: Mapping[str, datetime] | None = None,
    ) -> Instance:
        """Resolve every open step in turn, up to and including the milestone `until`; for the system only.

        Args:
            subject_type: of the subject.
            subject_id: of the subject.
            until: last milestone to reach; None is the end.
            note: kept with each step.
            times: when each milestone was reached, with the steps before it; the clock where one is left out.

        Raises:
            NotAllowed: the actor is a person.
            Invalid: no such milestone, or times run backwards.
        """
        ...

    async def cancel(
        self, subject_type: str, subject_id: UUID, reason: str, *, expected_seq: int | None = None
    ) -> Instance:
        """End it before its time and compensate. Raises `CannotCancel` once it is too late for that."""
        ...

    async def view(self, subject_type: str, subject_ids: Sequence[UUID]) -> dict[UUID, Instance]:
        """Give the timelines of a batch; subjects without a flow are left out."""
        ...

    async def history(self, subject_type: str, subject_id: UUID) -> list[HistoryEntry]:
        """Give all events of one subject, oldest first."""
        ...

    async def open_tasks(
        self, subject_type: str, steps: Sequence[str], *, after: OpenTask | None = None, limit: int = 50
    ) -> list[OpenTask]:
        """Give a page of what waits at these steps, longest waiting first; `after` is the last one seen."""
        ...

    async def count_open(self, subject_type: str) -> dict[str, int]:
        """Count what waits at each step; steps where nothing waits are left out."""
        ...

    def steps(self, subject_type: str) -> tuple[StepType, ...]:
        """Give the step types that the tenant's active plugins offer, in the order of the phases."""
        ...
