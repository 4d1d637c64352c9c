-- The operator's side of tenants: how they were set up, why they are stopped, who looked in from outside.

-- how a tenant came to be, and how far its sample data is; the key makes a form that is sent twice one tenant
CREATE TABLE onboarding (
    tenant_id  integer PRIMARY KEY REFERENCES tenant (id),
    key        uuid NOT NULL CONSTRAINT onboarding_key UNIQUE,
    blueprint  text NOT NULL,
    begun_at   timestamptz NOT NULL,
    begun_by   text NOT NULL,
    sample     text NOT NULL CONSTRAINT onboarding_sample CHECK
               (sample IN ('none', 'waiting', 'running', 'done', 'failed')),
    label      text NOT NULL DEFAULT '',
    done       integer NOT NULL DEFAULT 0,
    total      integer,
    problem    text NOT NULL DEFAULT '',
    updated_at timestamptz NOT NULL
);
SELECT headgate_platform_table('onboarding');

-- why a tenant is stopped: `reason` for operators, `notice` for its people; the row goes when it is resumed
CREATE TABLE tenant_suspension (
    tenant_id integer PRIMARY KEY REFERENCES tenant (id),
    reason    text NOT NULL,
    notice    text NOT NULL,
    since     timestamptz NOT NULL,
    by_name   text NOT NULL
);
SELECT headgate_platform_table('tenant_suspension');

-- what plugins tell of a tenant's day, and how it was served in the last quarter of an hour: gathered by a
-- schedule, so that the list of all tenants reads one row of each
CREATE TABLE tenant_figure (
    tenant_id     integer PRIMARY KEY REFERENCES tenant (id),
    orders_today  integer NOT NULL,
    last_order_at timestamptz,
    requests      integer NOT NULL,
    errors        integer NOT NULL,
    p95_ms        integer NOT NULL,
    gathered_at   timestamptz NOT NULL
);
SELECT headgate_platform_table('tenant_figure');

-- figures of the console are read by tenant
CREATE INDEX session_tenant ON session (tenant_id, seen_at DESC) WHERE tenant_id IS NOT NULL;
CREATE INDEX tenant_host_tenant ON tenant_host (tenant_id, host);
CREATE INDEX plugin_activation_trouble ON plugin_activation (tenant_id) WHERE state NOT IN ('active', 'off');

-- what the owner decides about the tenant itself; no row means all as at first
CREATE TABLE tenant_choice (
    tenant_id       integer PRIMARY KEY,
    logo_id         uuid,
    support_consent text NOT NULL DEFAULT 'notice' CONSTRAINT tenant_choice_consent CHECK
                    (support_consent IN ('notice', 'ask')),
    checklist       text NOT NULL DEFAULT 'closed' CONSTRAINT tenant_choice_checklist CHECK
                    (checklist IN ('open', 'closed')),
    CONSTRAINT tenant_choice_logo FOREIGN KEY (tenant_id, logo_id) REFERENCES stored_file (tenant_id, id)
);
SELECT headgate_protect('tenant_choice');

-- an operator in the place of one of the tenant's staff: asked for, allowed, opened for a while, ended
CREATE TABLE impersonation (
    tenant_id     integer NOT NULL,
    id            uuid NOT NULL,
    operator_id   uuid NOT NULL,
    operator_name text NOT NULL,
    membership_id uuid NOT NULL,
    person_id     uuid NOT NULL,
    member_name   text NOT NULL,
    reason        text NOT NULL CONSTRAINT impersonation_reason CHECK (reason <> ''),
    minutes       integer NOT NULL CONSTRAINT impersonation_minutes CHECK (minutes BETWEEN 1 AND 60),
    needs_consent boolean NOT NULL,
    asked_at      timestamptz NOT NULL,
    decided_at    timestamptz,
    decided_by    text,
    allowed       boolean,
    opened_at     timestamptz,
    expires_at    timestamptz,
    ended_at      timestamptz,
    ended_by      text,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT impersonation_member FOREIGN KEY (tenant_id, membership_id) REFERENCES membership (tenant_id, id),
    CONSTRAINT impersonation_decided CHECK ((allowed IS NULL) = (decided_at IS NULL)),
    CONSTRAINT impersonation_opened CHECK (opened_at IS NULL OR (allowed AND expires_at IS NOT NULL))
);
SELECT headgate_protect('impersonation');
CREATE INDEX impersonation_latest ON impersonation (tenant_id, asked_at DESC);
