-- API tokens: a member's rights, narrowed, for a program. Only the hash of a token is kept.

CREATE TABLE api_token (
    tenant_id     integer NOT NULL,
    id            uuid NOT NULL,
    membership_id uuid NOT NULL,
    name          text NOT NULL CONSTRAINT api_token_name CHECK (length(name) BETWEEN 1 AND 100),
    token_hash    bytea NOT NULL,
    hint          text NOT NULL,
    scopes        text[] NOT NULL CONSTRAINT api_token_scopes CHECK (cardinality(scopes) > 0),
    created_at    timestamptz NOT NULL,
    expires_at    timestamptz NOT NULL,
    last_used_at  timestamptz,
    revoked_at    timestamptz,
    revoked_by    text NOT NULL DEFAULT '',
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT api_token_hash UNIQUE (tenant_id, token_hash),
    CONSTRAINT api_token_member FOREIGN KEY (tenant_id, membership_id) REFERENCES membership (tenant_id, id),
    CONSTRAINT api_token_expiry CHECK (expires_at > created_at AND expires_at <= created_at + interval '366 days')
);
SELECT headgate_protect('api_token');
CREATE INDEX api_token_member_of ON api_token (tenant_id, membership_id);
COMMENT ON COLUMN api_token.hint IS 'the last characters, by which a person tells tokens apart';

-- the list of people goes by name; where else somebody belongs is asked by person
CREATE INDEX membership_page ON membership (tenant_id, name, id);
CREATE INDEX membership_of_person ON membership (person_id);

-- a person's page: what was done about them, and when they signed in
CREATE INDEX audit_entry_member ON audit_entry (tenant_id, subject, id DESC) WHERE action LIKE 'member.%';
CREATE INDEX audit_entry_sign_in ON audit_entry (tenant_id, actor_id, id DESC) WHERE action = 'session.open';
