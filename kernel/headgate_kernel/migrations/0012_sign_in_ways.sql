-- Other ways to sign in than a password: passkeys, an identity provider, a code sent to a phone.

-- a passkey is good at the one host at which it was made
CREATE TABLE person_passkey (
    id            uuid PRIMARY KEY,
    person_id     uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    rp_id         text NOT NULL,
    credential_id bytea NOT NULL,
    public_key    bytea NOT NULL,
    sign_count    bigint NOT NULL,
    transports    text[] NOT NULL,
    synced        boolean NOT NULL,
    name          text NOT NULL CONSTRAINT person_passkey_name CHECK (length(name) BETWEEN 1 AND 100),
    created_at    timestamptz NOT NULL,
    used_at       timestamptz,
    cloned_at     timestamptz,
    CONSTRAINT person_passkey_credential UNIQUE (rp_id, credential_id)
);
SELECT headgate_platform_table('person_passkey');
CREATE INDEX person_passkey_person ON person_passkey (person_id);
COMMENT ON COLUMN person_passkey.synced IS 'the device may copy it to the person''s other devices';
COMMENT ON COLUMN person_passkey.cloned_at IS 'its counter went backwards: it is refused from then on';

-- what a browser was asked to sign, once and for a few minutes
CREATE TABLE passkey_challenge (
    challenge_hash bytea PRIMARY KEY,
    rp_id          text NOT NULL,
    purpose        text NOT NULL CONSTRAINT passkey_challenge_purpose CHECK
                   (purpose IN ('register', 'sign_in', 'confirm')),
    person_id      uuid REFERENCES person (id) ON DELETE CASCADE,
    expires_at     timestamptz NOT NULL
);
SELECT headgate_platform_table('passkey_challenge');
CREATE INDEX passkey_challenge_expiry ON passkey_challenge (expires_at);

-- one row for each code that was asked for, also where nobody has the number: then it has no person and no code
CREATE TABLE phone_code (
    ticket_hash bytea PRIMARY KEY,
    tenant_id   integer NOT NULL REFERENCES tenant (id) ON DELETE CASCADE,
    phone_hash  bytea NOT NULL,
    address     text NOT NULL,
    person_id   uuid REFERENCES person (id) ON DELETE CASCADE,
    code_hash   bytea,
    tries       integer NOT NULL DEFAULT 0,
    created_at  timestamptz NOT NULL,
    expires_at  timestamptz NOT NULL,
    used_at     timestamptz
);
SELECT headgate_platform_table('phone_code');
CREATE INDEX phone_code_phone ON phone_code (phone_hash, created_at);
CREATE INDEX phone_code_address ON phone_code (address, created_at);
CREATE INDEX phone_code_tenant ON phone_code (tenant_id, created_at);
CREATE INDEX phone_code_created ON phone_code (created_at);

-- a visit to an identity provider that has not come back yet; tenant_id is null for the operator's console
CREATE TABLE oidc_visit (
    state_hash   bytea PRIMARY KEY,
    browser_hash bytea NOT NULL,
    tenant_id    integer REFERENCES tenant (id) ON DELETE CASCADE,
    purpose      text NOT NULL CONSTRAINT oidc_visit_purpose CHECK (purpose IN ('sign_in', 'connect', 'confirm')),
    person_id    uuid REFERENCES person (id) ON DELETE CASCADE,
    issuer       text NOT NULL,
    next         text NOT NULL,
    expires_at   timestamptz NOT NULL
);
SELECT headgate_platform_table('oidc_visit');
CREATE INDEX oidc_visit_expiry ON oidc_visit (expires_at);

-- the operators' identity provider: one for the installation
CREATE TABLE operator_sso (
    id            integer PRIMARY KEY DEFAULT 1 CONSTRAINT operator_sso_one CHECK (id = 1),
    enabled       boolean NOT NULL,
    name          text NOT NULL,
    issuer        text NOT NULL,
    client_id     text NOT NULL,
    client_secret bytea,
    changed_at    timestamptz NOT NULL
);
SELECT headgate_platform_table('operator_sso');
COMMENT ON COLUMN operator_sso.client_secret IS 'sealed';

CREATE TABLE operator_sso_link (
    id         uuid PRIMARY KEY,
    issuer     text NOT NULL,
    subject    text NOT NULL,
    person_id  uuid NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    email      text NOT NULL,
    created_at timestamptz NOT NULL,
    used_at    timestamptz NOT NULL,
    CONSTRAINT operator_sso_link_subject UNIQUE (issuer, subject),
    CONSTRAINT operator_sso_link_person UNIQUE (issuer, person_id)
);
SELECT headgate_platform_table('operator_sso_link');

-- From here on every row belongs to a tenant.

-- which ways are open here; no row means: codes by phone for customers, no identity provider
CREATE TABLE sign_in_policy (
    tenant_id         integer PRIMARY KEY,
    phone_customers   boolean NOT NULL DEFAULT true,
    phone_staff       boolean NOT NULL DEFAULT false,
    sso               text NOT NULL DEFAULT 'off' CONSTRAINT sign_in_policy_sso CHECK
                      (sso IN ('off', 'offered', 'required')),
    sso_name          text NOT NULL DEFAULT '',
    issuer            text NOT NULL DEFAULT '',
    client_id         text NOT NULL DEFAULT '',
    client_secret     bytea,
    provision_domains text[] NOT NULL DEFAULT '{}',
    provision_role    text NOT NULL DEFAULT '',
    changed_at        timestamptz NOT NULL,
    CONSTRAINT sign_in_policy_complete CHECK (sso = 'off' OR (issuer <> '' AND client_id <> ''))
);
SELECT headgate_protect('sign_in_policy');
COMMENT ON COLUMN sign_in_policy.client_secret IS 'sealed';
COMMENT ON COLUMN sign_in_policy.provision_role IS 'key of the role of those who are let in by the domain of their e-mail';

-- who somebody at the identity provider is here; the provider's subject never changes, an e-mail address may
CREATE TABLE sso_link (
    tenant_id     integer NOT NULL,
    id            uuid NOT NULL,
    issuer        text NOT NULL,
    subject       text NOT NULL,
    membership_id uuid NOT NULL,
    email         text NOT NULL,
    created_at    timestamptz NOT NULL,
    used_at       timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT sso_link_subject UNIQUE (tenant_id, issuer, subject),
    CONSTRAINT sso_link_member_once UNIQUE (tenant_id, issuer, membership_id),
    CONSTRAINT sso_link_member FOREIGN KEY (tenant_id, membership_id) REFERENCES membership (tenant_id, id)
);
SELECT headgate_protect('sso_link');
