-- the uniqueness is looked at when the transaction ends, so that a test can make COMMIT fail
CREATE TABLE sample_note (
    tenant_id integer NOT NULL,
    id        uuid NOT NULL,
    text      text NOT NULL,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT sample_note_text UNIQUE (tenant_id, text) DEFERRABLE INITIALLY DEFERRED
);
SELECT headgate_protect('sample_note');
