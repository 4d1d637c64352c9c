"""Instances in PostgreSQL: one statement to start, one to lock, one to read, one to write.

The lock comes first and the reading second, in a statement of its own: a statement that waits for a lock goes
on with the snapshot that it had before, and would decide on what has passed.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import ActorRef, Cause, NotStarted, StaleSequence, SubjectRef

from headgate_kernel.workflow.definition import Definition
from headgate_kernel.workflow.events import Event, Moved, Stamp, Started, decode_body
from headgate_kernel.workflow.facts import StoredFact
from headgate_kernel.workflow.fold import fold
from headgate_kernel.workflow.rows import (
    RecordRow,
    TaskRow,
    changes,
    event_row,
    record_of,
    to_json,
)
from headgate_kernel.workflow.state import State
from headgate_kernel.workflow.versions import Published, load

_ACTOR = "actor_name text, actor_kind text, actor_role text, actor_id uuid"
_EVENT_COLUMNS = f"seq integer, at timestamptz, {_ACTOR}, note text, body jsonb"
_RECORD_COLUMNS = f"""step text, round integer, phase text, outcome text, opened_at timestamptz,
    at timestamptz, {_ACTOR}, note text, void boolean"""
_INSERT_EVENTS = """INSERT INTO workflow_event (tenant_id, subject_type, subject_id, seq, at, actor_name,
        actor_kind, actor_role, actor_id, note, body)"""

_START = f"""
WITH latest AS (
    SELECT version, fingerprint FROM workflow_definition
    WHERE tenant_id = $1 AND subject_type = $2 ORDER BY version DESC LIMIT 1
), begun AS (
    INSERT INTO workflow_instance (tenant_id, subject_type, subject_id, version, seq, round, state, facts,
        parent_type, parent_id, reached, reached_at)
    SELECT $1, $2, $3, version, $6, 1, $7, $8::text::jsonb, $9, $10, $11, $12 FROM latest
    WHERE version = $4 AND fingerprint = $5
    ON CONFLICT DO NOTHING RETURNING subject_id
), appended AS (
    {_INSERT_EVENTS}
    SELECT $1, $2, subject_id, e.* FROM begun, jsonb_to_recordset($13::text::jsonb) AS e ({_EVENT_COLUMNS})
), opened AS (
    INSERT INTO workflow_task (tenant_id, subject_type, subject_id, step, opened_at)
    SELECT $1, $2, subject_id, t.* FROM begun,
        jsonb_to_recordset($14::text::jsonb) AS t (step text, opened_at timestamptz)
)
SELECT coalesce((SELECT version = $4 AND fingerprint = $5 FROM latest), false) AS is_current,
    EXISTS (SELECT FROM begun) AS begun
"""  # noqa: S608 (constants only)

_LOCK = """
SELECT 1 FROM workflow_instance WHERE tenant_id = $1 AND subject_type = $2 AND subject_id = $3
FOR NO KEY UPDATE
"""
_EVENTS = """
SELECT e.seq, e.at, e.actor_name, e.actor_kind, e.actor_role, e.actor_id, e.note, e.body,
    CASE WHEN e.body ? 'version' THEN (
        SELECT d.fingerprint FROM workflow_definition d
        WHERE d.tenant_id = $1 AND d.subject_type = $2 AND d.version = (e.body ->> 'version')::integer
    ) END AS fingerprint
FROM workflow_event e WHERE e.tenant_id = $1 AND e.subject_type = $2 AND e.subject_id = $3 ORDER BY e.seq
"""
_WRITE = f"""
WITH kept AS (
    UPDATE workflow_instance
    SET version = $5, seq = $6, round = $7, state = $8, reached = $9, reached_at = $10,
        cancelled = $11::text::jsonb
    WHERE tenant_id = $1 AND subject_type = $2 AND subject_id = $3 AND seq = $4 RETURNING subject_id
), appended AS (
    {_INSERT_EVENTS}
    SELECT $1, $2, subject_id, e.* FROM kept, jsonb_to_recordset($12::text::jsonb) AS e ({_EVENT_COLUMNS})
), recorded AS (
    INSERT INTO workflow_resolution (tenant_id, subject_type, subject_id, step, round, phase, outcome,
        opened_at, at, actor_name, actor_kind, actor_role, actor_id, note, void)
    SELECT $1, $2, subject_id, r.* FROM kept, jsonb_to_recordset($13::text::jsonb) AS r ({_RECORD_COLUMNS})
    ON CONFLICT (tenant_id, subject_type, subject_id, step, round) DO UPDATE SET void = excluded.void
), forgotten AS (
    DELETE FROM workflow_resolution r
    USING jsonb_to_recordset($14::text::jsonb) AS gone (step text, round integer)
    WHERE r.tenant_id = $1 AND r.subject_type = $2 AND r.subject_id = $3 AND EXISTS (SELECT FROM kept)
        AND r.step = gone.step AND r.round = gone.round
), opened AS (
    INSERT INTO workflow_task (tenant_id, subject_type, subject_id, step, opened_at)
    SELECT $1, $2, subject_id, t.* FROM kept,
        jsonb_to_recordset($15::text::jsonb) AS t (step text, opened_at timestamptz)
    ON CONFLICT (tenant_id, subject_type, subject_id, step) DO UPDATE SET opened_at = excluded.opened_at
), closed AS (
    DELETE FROM workflow_task
    WHERE tenant_id = $1 AND subject_type = $2 AND subject_id = $3 AND step = ANY ($16)
        AND EXISTS (SELECT FROM kept)
)
SELECT EXISTS (SELECT FROM kept)
"""  # noqa: S608 (constants only)

_STATES = """
SELECT i.subject_id, i.version, i.seq, i.round, i.state, i.facts, i.parent_type, i.parent_id, i.reached,
    i.reached_at, i.cancelled, d.fingerprint,
    (SELECT coalesce(jsonb_agg(to_jsonb(r) ORDER BY r.at, r.step), '[]')
        FROM workflow_resolution r
        WHERE r.tenant_id = $1 AND r.subject_type = $2 AND r.subject_id = i.subject_id) AS records,
    (SELECT coalesce(jsonb_agg(jsonb_build_object('step', t.step, 'opened_at', t.opened_at)), '[]')
        FROM workflow_task t
        WHERE t.tenant_id = $1 AND t.subject_type = $2 AND t.subject_id = i.subject_id) AS tasks
FROM workflow_instance i
JOIN workflow_definition d ON d.tenant_id = $1 AND d.subject_type = $2 AND d.version = i.version
WHERE i.tenant_id = $1 AND i.subject_type = $2 AND i.subject_id = ANY ($3)
"""

_records = msgspec.json.Decoder(list[RecordRow])
_tasks = msgspec.json.Decoder(list[TaskRow])
_facts = msgspec.json.Decoder(dict[str, StoredFact])
_cause = msgspec.json.Decoder(Cause)


class Loaded(msgspec.Struct, frozen=True):
    """An instance with the definitions that its history names."""

    definitions: dict[int, Definition]
    events: tuple[Event, ...]
    state: State


async def insert_start(
    ctx: Context, subject: SubjectRef, current: Published, events: Sequence[Event], state: State
) -> tuple[bool, bool]:
    """Insert a started instance if `current` still is the current version; one statement.

    Returns:
        Whether the version still is the current one, and whether the instance was begun: with a current
        version it was not only when the subject has a flow already.
    """
    row = await ctx.db.fetch_row(
        _START, ctx.tenant.id, subject.type, subject.id, current.version, current.fingerprint, state.seq,
        state.state, msgspec.json.encode(state.facts).decode(), state.parent.type if state.parent else None,
        state.parent.id if state.parent else None, list(state.reached), list(state.reached.values()),
        to_json(map(event_row, events)), to_json(TaskRow(step, at) for step, at in state.open.items()),
    )  # fmt: skip
    assert row is not None
    return row["is_current"], row["begun"]


async def load_locked(ctx: Context, subject: SubjectRef) -> Loaded:
    """Lock an instance, then read its history and fold it.

    Raises:
        NotStarted: the subject has no flow.
    """
    await ctx.db.fetch_value(_LOCK, ctx.tenant.id, subject.type, subject.id)
    return await load_history(ctx, subject)


async def load_history(ctx: Context, subject: SubjectRef) -> Loaded:
    """Read the history of an instance and fold it.

    Raises:
        NotStarted: the subject has no flow.
    """
    definitions: dict[int, Definition] = {}
    events: list[Event] = []
    for row in await ctx.db.fetch(_EVENTS, ctx.tenant.id, subject.type, subject.id):
        body = decode_body(row["body"])
        if isinstance(body, Started | Moved):
            definitions[body.version] = await load(ctx, subject.type, body.version, row["fingerprint"])
        by = ActorRef(row["actor_name"], row["actor_kind"], row["actor_role"], row["actor_id"])
        events.append(Event(row["seq"], Stamp(by, row["at"], row["note"]), body))
    state = fold(definitions, events)
    if state is None:
        raise NotStarted(N_("This document does not go through a flow."))
    return Loaded(definitions, tuple(events), state)


async def write(
    ctx: Context, subject: SubjectRef, before: State, after: State, events: Sequence[Event]
) -> None:
    """Append events and bring the projections up to them; one statement.

    Raises:
        StaleSequence: the instance is not where `before` says.
    """
    changed = changes(before, after)
    kept = await ctx.db.fetch_value(
        _WRITE, ctx.tenant.id, subject.type, subject.id, before.seq, after.version, after.seq, after.round,
        after.state, list(after.reached), list(after.reached.values()),
        msgspec.json.encode(after.cancelled).decode() if after.cancelled else None,
        to_json(map(event_row, events)), to_json(changed.records), to_json(changed.records_gone),
        to_json(changed.tasks), list(changed.tasks_gone),
    )  # fmt: skip
    if not kept:
        raise StaleSequence(
            N_("Somebody else has changed this in the meantime. Look at it again, then decide.")
        )


async def read_states(
    ctx: Context, subject_type: str, subject_ids: Sequence[UUID]
) -> dict[UUID, tuple[Definition, State]]:
    """Read a batch of instances from the projections; one statement."""
    found: dict[UUID, tuple[Definition, State]] = {}
    for row in await ctx.db.fetch(_STATES, ctx.tenant.id, subject_type, list(subject_ids)):
        definition = await load(ctx, subject_type, row["version"], row["fingerprint"])
        reached: dict[str, datetime] = dict(zip(row["reached"], row["reached_at"], strict=True))
        records = [record_of(record) for record in _records.decode(row["records"])]
        state = State(
            version=row["version"], seq=row["seq"], round=row["round"], facts=_facts.decode(row["facts"]),
            parent=SubjectRef(row["parent_type"], row["parent_id"]) if row["parent_id"] else None,
            reached=reached, records={(record.step, record.round): record for record in records},
            open={task.step: task.opened_at for task in _tasks.decode(row["tasks"])},
            cancelled=_cause.decode(row["cancelled"]) if row["cancelled"] else None, state=row["state"],
        )  # fmt: skip
        found[row["subject_id"]] = definition, state
    return found
