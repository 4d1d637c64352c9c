-- How people prove who they are: sessions that can be listed, second factors, links that are sent, and the pace
-- at which guesses are answered. All of it is the platform's but invitations, which a distributor's people send.

-- id names a session in lists without giving it away; idle is how long it may lie unused
ALTER TABLE session
    ADD COLUMN id               uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN state            text NOT NULL DEFAULT 'open' CONSTRAINT session_state CHECK (state IN ('open', 'pending')),
    ADD COLUMN method           text NOT NULL DEFAULT 'password',
    ADD COLUMN authenticated_at timestamptz,
    ADD COLUMN idle             interval NOT NULL DEFAULT interval '3 days',
    ADD COLUMN address          text NOT NULL DEFAULT '',
    ADD COLUMN device_hash      bytea,
    ADD COLUMN impersonation_id uuid;
UPDATE session SET authenticated_at = created_at;
ALTER TABLE session ALTER COLUMN authenticated_at SET NOT NULL;
CREATE UNIQUE INDEX session_id ON session (id);
COMMENT ON COLUMN session.state IS 'pending: the first factor was right, the second is asked for';
COMMENT ON COLUMN session.authenticated_at IS 'when the person last proved who they are';
COMMENT ON COLUMN session.impersonation_id IS 'an operator acts in the person''s place';

ALTER TABLE person ADD COLUMN locale text;

-- logins that the person has shown to be theirs; phones are kept as +8613800138000
ALTER TABLE person_login ADD COLUMN confirmed_at timestamptz;
CREATE INDEX person_login_person ON person_login (person_id);
UPDATE person_login l SET login = '+86' || l.login
WHERE l.login ~ '^1[3-9][0-9]{9}$' AND NOT EXISTS (SELECT FROM person_login o WHERE o.login = '+86' || l.login);

ALTER TABLE role ADD COLUMN second_factor boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN role.second_factor IS 'who has the role needs a second factor';

-- one secret that counts for each person, and one that waits for its first code
CREATE TABLE person_totp (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES person (id),
    secret       bytea NOT NULL,
    created_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    last_step    bigint NOT NULL DEFAULT 0
);
SELECT headgate_platform_table('person_totp');
CREATE UNIQUE INDEX person_totp_confirmed ON person_totp (person_id) WHERE confirmed_at IS NOT NULL;
CREATE UNIQUE INDEX person_totp_waiting ON person_totp (person_id) WHERE confirmed_at IS NULL;
COMMENT ON COLUMN person_totp.secret IS 'sealed';
COMMENT ON COLUMN person_totp.last_step IS 'of the last code that was taken: each code counts once';

CREATE TABLE recovery_code (
    person_id uuid NOT NULL REFERENCES person (id),
    hash      bytea NOT NULL,
    salt      bytea NOT NULL,
    used_at   timestamptz,
    PRIMARY KEY (person_id, hash)
);
SELECT headgate_platform_table('recovery_code');

-- browsers on which a person has signed in: strangers' guesses never slow these down
CREATE TABLE known_device (
    device_hash bytea NOT NULL,
    person_id   uuid NOT NULL REFERENCES person (id),
    created_at  timestamptz NOT NULL,
    seen_at     timestamptz NOT NULL,
    PRIMARY KEY (device_hash, person_id)
);
SELECT headgate_platform_table('known_device');
CREATE INDEX known_device_person ON known_device (person_id);

-- until: when the tries so far are paid off, at the pace of their kind
CREATE TABLE guess_pace (
    bucket bytea PRIMARY KEY,
    until  timestamptz NOT NULL
);
SELECT headgate_platform_table('guess_pace');
CREATE INDEX guess_pace_until ON guess_pace (until);

CREATE TABLE password_reset (
    token_hash bytea PRIMARY KEY,
    person_id  uuid NOT NULL REFERENCES person (id),
    tenant_id  integer REFERENCES tenant (id),
    login      text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at    timestamptz
);
SELECT headgate_platform_table('password_reset');
CREATE INDEX password_reset_person ON password_reset (person_id);

-- a new login waits for its confirmation; the one that it replaces may take it back for a while
CREATE TABLE login_change (
    id           uuid PRIMARY KEY,
    person_id    uuid NOT NULL REFERENCES person (id),
    old_login    text NOT NULL,
    new_login    text NOT NULL,
    confirm_hash bytea NOT NULL,
    undo_hash    bytea,
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    confirmed_at timestamptz,
    undo_until   timestamptz,
    undone_at    timestamptz,
    CONSTRAINT login_change_confirm UNIQUE (confirm_hash),
    CONSTRAINT login_change_undo UNIQUE (undo_hash)
);
SELECT headgate_platform_table('login_change');
CREATE INDEX login_change_person ON login_change (person_id);

-- a ticket from one host of this system to another, good for one minute and once
CREATE TABLE handoff (
    code_hash        bytea PRIMARY KEY,
    person_id        uuid NOT NULL REFERENCES person (id),
    tenant_id        integer NOT NULL REFERENCES tenant (id),
    impersonation_id uuid,
    created_at       timestamptz NOT NULL,
    expires_at       timestamptz NOT NULL
);
SELECT headgate_platform_table('handoff');

-- From here on every row belongs to a tenant.

CREATE TABLE invitation (
    tenant_id     integer NOT NULL,
    id            uuid NOT NULL,
    token_hash    bytea NOT NULL,
    person_id     uuid NOT NULL,
    membership_id uuid NOT NULL,
    sent_to       text NOT NULL,
    invited_by    text NOT NULL,
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    accepted_at   timestamptz,
    revoked_at    timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT invitation_token UNIQUE (tenant_id, token_hash),
    CONSTRAINT invitation_member FOREIGN KEY (tenant_id, membership_id) REFERENCES membership (tenant_id, id)
);
SELECT headgate_protect('invitation');
CREATE INDEX invitation_of_member ON invitation (tenant_id, membership_id);
