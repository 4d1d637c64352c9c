CREATE TABLE note (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    body text NOT NULL,
    parent_id uuid,
    PRIMARY KEY (tenant_id, id),
    -- Checked at COMMIT: how a commit fails is one of the things to test.
    CONSTRAINT note_parent FOREIGN KEY (tenant_id, parent_id) REFERENCES note (tenant_id, id)
        DEFERRABLE INITIALLY DEFERRED
);
SELECT headgate_protect('note');

CREATE TABLE entry (
    tenant_id integer NOT NULL,
    id uuid NOT NULL,
    amount integer NOT NULL,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_protect('entry');
SELECT headgate_append_only('entry');

CREATE TABLE plan (id integer PRIMARY KEY, name text NOT NULL);
SELECT headgate_platform_table('plan');
