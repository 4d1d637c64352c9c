-- What is kept of tenants that were erased, because the law wants it, and who asked for an erasure.

CREATE TABLE retained_archive (
    id         uuid PRIMARY KEY,
    slug       text NOT NULL,
    name       text NOT NULL,
    erased_at  timestamptz NOT NULL,
    keep_until timestamptz NOT NULL,
    tables     text[] NOT NULL,
    certificate jsonb NOT NULL,
    content    bytea
);
SELECT headgate_platform_table('retained_archive');
COMMENT ON COLUMN retained_archive.content IS 'sealed: an export with only the tables named; none where nothing is kept';

-- one at a time; the operator carries it out after the days of reflection
CREATE TABLE erasure_request (
    tenant_id    integer NOT NULL PRIMARY KEY,
    reason       text NOT NULL,
    asked_at     timestamptz NOT NULL,
    asked_by     text NOT NULL,
    not_before   timestamptz NOT NULL
);
SELECT headgate_protect('erasure_request');
