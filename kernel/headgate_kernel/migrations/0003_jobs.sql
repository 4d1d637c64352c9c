-- Work that is done after the answer. A job stands in the database of the change that asked for it, so that
-- neither is there without the other. tenant_id 0 is the platform itself.

CREATE TABLE job (
    tenant_id  integer NOT NULL,
    id         uuid NOT NULL,
    job        text NOT NULL,
    plugin     text NOT NULL DEFAULT '',
    key        text NOT NULL DEFAULT '',
    payload    jsonb NOT NULL,
    state      text NOT NULL DEFAULT 'ready'
               CONSTRAINT job_state CHECK (state IN ('ready', 'running', 'waiting', 'dead')),
    run_at     timestamptz NOT NULL,
    attempts   integer NOT NULL DEFAULT 0,
    postponed  integer NOT NULL DEFAULT 0,
    fence      integer NOT NULL DEFAULT 0,
    error      jsonb,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
SELECT headgate_protect('job');
-- tenants' work asks for jobs, and may put one that waits off while it is asked for again; workers are the platform's
REVOKE UPDATE, DELETE ON job FROM headgate_app;
GRANT UPDATE (run_at) ON job TO headgate_app;
COMMENT ON COLUMN job.plugin IS 'whose code it is; empty for the kernel';
COMMENT ON COLUMN job.key IS 'while a job with this key waits to begin, asking for another one changes nothing';
COMMENT ON COLUMN job.state IS 'ready; running (run_at is the end of the lease); waiting for its plugin or tenant; dead';
COMMENT ON COLUMN job.attempts IS 'how often it was begun, but for the times that it was not ready or was given back';
COMMENT ON COLUMN job.fence IS 'grows whenever a worker takes it: who holds an older number has lost it';

CREATE INDEX job_due ON job (tenant_id, run_at, id) WHERE state IN ('ready', 'running');
CREATE UNIQUE INDEX job_pending_key ON job (tenant_id, job, key) WHERE key <> '' AND state IN ('ready', 'waiting');
CREATE INDEX job_waiting ON job (tenant_id, plugin) WHERE state = 'waiting';
CREATE INDEX job_dead ON job (id) WHERE state = 'dead';

-- when each schedule fires next; only where its plugin is active
CREATE TABLE job_schedule (
    tenant_id integer NOT NULL,
    job       text NOT NULL,
    plugin    text NOT NULL,
    spec      text NOT NULL,
    next_at   timestamptz NOT NULL,
    fired_at  timestamptz,
    PRIMARY KEY (tenant_id, job)
);
SELECT headgate_platform_table('job_schedule');
CREATE INDEX job_schedule_next ON job_schedule (next_at);
COMMENT ON COLUMN job_schedule.spec IS 'the rule with its time zone: when it changes, next_at is computed anew';

-- which messages have left; their words only where nothing leaves the house (the console provider)
CREATE TABLE sent_message (
    id        uuid PRIMARY KEY,
    at        timestamptz NOT NULL,
    tenant_id integer NOT NULL,
    channel   text NOT NULL CONSTRAINT sent_message_channel CHECK (channel IN ('email', 'sms')),
    recipient text NOT NULL,
    template  text NOT NULL,
    locale    text NOT NULL,
    subject   text,
    body      text
);
SELECT headgate_platform_table('sent_message');
CREATE INDEX sent_message_at ON sent_message (at);
