-- Tenants, people and what each may do. The first group belongs to the platform: the app role sees none of it.

CREATE TABLE tenant (
    id           integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    slug         text NOT NULL CONSTRAINT tenant_slug UNIQUE
                 CONSTRAINT tenant_slug_form CHECK (slug ~ '^[a-z][a-z0-9-]{0,38}[a-z0-9]$'),
    name         text NOT NULL,
    currency     text NOT NULL,
    timezone     text NOT NULL,
    locale       text NOT NULL,
    brand_colour text NOT NULL,
    state        text NOT NULL DEFAULT 'active' CONSTRAINT tenant_state CHECK (state IN ('active', 'suspended')),
    created_at   timestamptz NOT NULL
);
SELECT headgate_platform_table('tenant');

CREATE TABLE tenant_host (
    host      text PRIMARY KEY,
    tenant_id integer NOT NULL REFERENCES tenant (id)
);
SELECT headgate_platform_table('tenant_host');

CREATE TABLE person (
    id         uuid PRIMARY KEY,
    name       text NOT NULL,
    is_operator boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL
);
SELECT headgate_platform_table('person');

-- e-mail, phone or user name, folded; one person may have several
CREATE TABLE person_login (
    login     text PRIMARY KEY,
    person_id uuid NOT NULL REFERENCES person (id)
);
SELECT headgate_platform_table('person_login');

CREATE TABLE person_password (
    person_id  uuid PRIMARY KEY REFERENCES person (id),
    hash       text NOT NULL,
    changed_at timestamptz NOT NULL
);
SELECT headgate_platform_table('person_password');

-- only the hash of a session's token is kept; tenant_id is null for the operator's console
CREATE TABLE session (
    token_hash    bytea PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES person (id),
    tenant_id     integer REFERENCES tenant (id),
    membership_id uuid,
    created_at    timestamptz NOT NULL,
    seen_at       timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    user_agent    text NOT NULL
);
SELECT headgate_platform_table('session');
CREATE INDEX session_person ON session (person_id);
CREATE INDEX session_expiry ON session (expires_at);

-- failures by login, so that guessing slows down for that login and address only
CREATE TABLE sign_in_failure (
    login_hash bytea NOT NULL,
    address    text NOT NULL,
    failures   integer NOT NULL,
    last_at    timestamptz NOT NULL,
    PRIMARY KEY (login_hash, address)
);
SELECT headgate_platform_table('sign_in_failure');

-- From here on every row belongs to a tenant.

-- grows with every change of plugins or profile, in the same transaction; workers compare it with what they hold
CREATE TABLE tenant_revision (
    tenant_id integer PRIMARY KEY,
    revision  bigint NOT NULL
);
SELECT headgate_protect('tenant_revision');

CREATE TABLE role (
    tenant_id   integer NOT NULL,
    id          uuid NOT NULL,
    key         text NOT NULL,
    name        text NOT NULL,
    permissions text[] NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT role_key UNIQUE (tenant_id, key)
);
SELECT headgate_protect('role');

CREATE TABLE membership (
    tenant_id integer NOT NULL,
    id        uuid NOT NULL,
    person_id uuid NOT NULL,
    login     text NOT NULL,
    name      text NOT NULL,
    kind      text NOT NULL CONSTRAINT membership_kind CHECK (kind IN ('staff', 'customer')),
    state     text NOT NULL DEFAULT 'active' CONSTRAINT membership_state CHECK (state IN ('active', 'ended')),
    locale    text,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT membership_person UNIQUE (tenant_id, person_id)
);
SELECT headgate_protect('membership');

CREATE TABLE membership_role (
    tenant_id     integer NOT NULL,
    membership_id uuid NOT NULL,
    role_id       uuid NOT NULL,
    PRIMARY KEY (tenant_id, membership_id, role_id),
    CONSTRAINT membership_role_member FOREIGN KEY (tenant_id, membership_id) REFERENCES membership (tenant_id, id),
    CONSTRAINT membership_role_role FOREIGN KEY (tenant_id, role_id) REFERENCES role (tenant_id, id)
);
SELECT headgate_protect('membership_role');

CREATE TABLE plugin_activation (
    tenant_id  integer NOT NULL,
    plugin     text NOT NULL,
    state      text NOT NULL CONSTRAINT plugin_activation_state CHECK (state IN
               ('off', 'needs_config', 'active', 'degraded', 'quarantined', 'incompatible', 'draining', 'removing')),
    reason     text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (tenant_id, plugin)
);
SELECT headgate_protect('plugin_activation');

CREATE TABLE audit_entry (
    tenant_id    integer NOT NULL,
    id           uuid NOT NULL,
    at           timestamptz NOT NULL,
    actor_id     uuid,
    actor_name   text NOT NULL,
    action       text NOT NULL,
    subject      text NOT NULL,
    details      jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_protect('audit_entry');
SELECT headgate_append_only('audit_entry');

CREATE TABLE stored_file (
    tenant_id  integer NOT NULL,
    id         uuid NOT NULL,
    purpose    text NOT NULL,
    media_type text NOT NULL,
    width      integer NOT NULL,
    height     integer NOT NULL,
    sha256     bytea NOT NULL,
    content    bytea NOT NULL,
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_protect('stored_file');
COMMENT ON TABLE stored_file IS 'small pictures, made smaller before they are kept, so that one backup holds all';
