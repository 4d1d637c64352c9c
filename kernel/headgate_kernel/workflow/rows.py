"""How events, records and tasks travel to the database and back: one JSON text for each set of rows."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.workflow import ActorRef

from headgate_kernel.workflow.events import Body, Event, Outcome, Stamp
from headgate_kernel.workflow.state import State, StepRecord


class EventRow(msgspec.Struct, frozen=True):
    """A row of `workflow_event` without its subject."""

    seq: int
    at: datetime
    actor_name: str
    actor_kind: str
    actor_role: str
    actor_id: UUID | None
    note: str
    body: Body


class RecordRow(msgspec.Struct, frozen=True):
    """A row of `workflow_resolution` without its subject."""

    step: str
    round: int
    phase: str
    outcome: Outcome
    opened_at: datetime
    at: datetime
    actor_name: str
    actor_kind: str
    actor_role: str
    actor_id: UUID | None
    note: str
    void: bool


class RecordKey(msgspec.Struct, frozen=True):
    """Key of a row of `workflow_resolution`."""

    step: str
    round: int


class TaskRow(msgspec.Struct, frozen=True):
    """A row of `workflow_task` without its subject."""

    step: str
    opened_at: datetime


def event_row(event: Event) -> EventRow:
    """Make the row of an event."""
    stamp = event.stamp
    by = stamp.by
    return EventRow(event.seq, stamp.at, by.name, by.kind, by.role, by.membership_id, stamp.note, event.body)


def record_row(record: StepRecord) -> RecordRow:
    """Make the row of a record."""
    stamp = record.stamp
    by = stamp.by
    return RecordRow(
        record.step, record.round, record.phase, record.outcome, record.opened_at, stamp.at, by.name, by.kind,
        by.role, by.membership_id, stamp.note, record.void,
    )  # fmt: skip


def record_of(row: RecordRow) -> StepRecord:
    """Make the record of a row."""
    by = ActorRef(row.actor_name, row.actor_kind, row.actor_role, row.actor_id)
    return StepRecord(
        step=row.step, phase=row.phase, round=row.round, outcome=row.outcome, opened_at=row.opened_at,
        stamp=Stamp(by, row.at, row.note), void=row.void,
    )  # fmt: skip


class Changes(msgspec.Struct, frozen=True):
    """What a command changes in the projections: the difference of two states."""

    records: tuple[RecordRow, ...]
    records_gone: tuple[RecordKey, ...]
    tasks: tuple[TaskRow, ...]
    tasks_gone: tuple[str, ...]


def changes(before: State, after: State) -> Changes:
    """Compare two states of an instance."""
    return Changes(
        records=tuple(
            record_row(record) for key, record in after.records.items() if before.records.get(key) != record
        ),
        records_gone=tuple(RecordKey(*key) for key in before.records if key not in after.records),
        tasks=tuple(TaskRow(step, at) for step, at in after.open.items() if before.open.get(step) != at),
        tasks_gone=tuple(step for step in before.open if step not in after.open),
    )


def to_json(rows: Iterable[msgspec.Struct]) -> str:
    """Write rows as one JSON array."""
    return msgspec.json.encode(list(rows)).decode()
