-- Flows and what runs through them. History is the truth: instance, resolution and task are computed from events.
-- Instances do not reference definitions by a foreign key: each order would lock the same row of the current
-- version. Definitions are never deleted, and an instance is inserted from the definition that it pins.

CREATE TABLE workflow_definition (
    tenant_id    integer NOT NULL,
    subject_type text NOT NULL,
    version      integer NOT NULL CONSTRAINT workflow_definition_version CHECK (version > 0),
    fingerprint  text NOT NULL CONSTRAINT workflow_definition_fingerprint CHECK (fingerprint ~ '^[0-9a-f]{64}$'),
    document     text NOT NULL,
    note         text NOT NULL,
    published_at timestamptz NOT NULL,
    published_by jsonb NOT NULL,
    PRIMARY KEY (tenant_id, subject_type, version)
);
SELECT headgate_protect('workflow_definition');
SELECT headgate_append_only('workflow_definition');
COMMENT ON COLUMN workflow_definition.document IS 'canonical JSON; the fingerprint is the SHA-256 of exactly this text';

CREATE TABLE workflow_instance (
    tenant_id    integer NOT NULL,
    subject_type text NOT NULL,
    subject_id   uuid NOT NULL,
    version      integer NOT NULL,
    seq          integer NOT NULL,
    round        integer NOT NULL,
    state        text NOT NULL CONSTRAINT workflow_instance_state CHECK (state IN ('open', 'completed', 'cancelled')),
    facts        jsonb NOT NULL,
    parent_type  text,
    parent_id    uuid,
    reached      text[] NOT NULL,
    reached_at   timestamptz[] NOT NULL,
    cancelled    jsonb,
    PRIMARY KEY (tenant_id, subject_type, subject_id),
    CONSTRAINT workflow_instance_cancelled CHECK ((state = 'cancelled') = (cancelled IS NOT NULL)),
    CONSTRAINT workflow_instance_reached CHECK (cardinality(reached) = cardinality(reached_at))
) WITH (fillfactor = 80);
SELECT headgate_protect('workflow_instance');
CREATE INDEX workflow_instance_open ON workflow_instance (tenant_id, subject_type, version) WHERE state = 'open';
CREATE INDEX workflow_instance_parent ON workflow_instance (tenant_id, parent_type, parent_id)
    WHERE parent_id IS NOT NULL;

CREATE TABLE workflow_event (
    tenant_id    integer NOT NULL,
    subject_type text NOT NULL,
    subject_id   uuid NOT NULL,
    seq          integer NOT NULL CONSTRAINT workflow_event_seq CHECK (seq > 0),
    at           timestamptz NOT NULL,
    actor_name   text NOT NULL,
    actor_kind   text NOT NULL,
    actor_role   text NOT NULL,
    actor_id     uuid,
    note         text NOT NULL,
    body         jsonb NOT NULL,
    PRIMARY KEY (tenant_id, subject_type, subject_id, seq)
);
SELECT headgate_protect('workflow_event');
SELECT headgate_append_only('workflow_event');

-- how each step ended, once in a round; void when a rejection took it back
CREATE TABLE workflow_resolution (
    tenant_id    integer NOT NULL,
    subject_type text NOT NULL,
    subject_id   uuid NOT NULL,
    step         text NOT NULL,
    round        integer NOT NULL,
    phase        text NOT NULL,
    outcome      text NOT NULL CONSTRAINT workflow_resolution_outcome CHECK
                 (outcome IN ('done', 'skipped', 'withdrawn', 'overridden', 'rejected')),
    opened_at    timestamptz NOT NULL,
    at           timestamptz NOT NULL,
    actor_name   text NOT NULL,
    actor_kind   text NOT NULL,
    actor_role   text NOT NULL,
    actor_id     uuid,
    note         text NOT NULL,
    void         boolean NOT NULL,
    PRIMARY KEY (tenant_id, subject_type, subject_id, step, round)
);
SELECT headgate_protect('workflow_resolution');

-- the frontier of every open instance: what waits for somebody
CREATE TABLE workflow_task (
    tenant_id    integer NOT NULL,
    subject_type text NOT NULL,
    subject_id   uuid NOT NULL,
    step         text NOT NULL,
    opened_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, subject_type, subject_id, step)
);
SELECT headgate_protect('workflow_task');
CREATE INDEX workflow_task_inbox ON workflow_task (tenant_id, subject_type, step, opened_at, subject_id);
