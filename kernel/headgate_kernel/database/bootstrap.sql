-- What the runner of migrations itself needs. Run before each round, so each statement may be repeated.

CREATE TABLE IF NOT EXISTS headgate_migration (
    source text NOT NULL,
    name text NOT NULL,
    checksum text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, name)
);
GRANT SELECT ON headgate_migration TO headgate_platform;

-- Gives a table to tenants: each sees and writes its own rows only, and nothing at all without a tenant.
CREATE OR REPLACE FUNCTION headgate_protect(relation regclass) RETURNS void LANGUAGE plpgsql
SET client_min_messages = warning AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
    EXECUTE format('DROP POLICY IF EXISTS tenant ON %s', relation);
    EXECUTE format(
        'CREATE POLICY tenant ON %s USING (tenant_id = current_setting(''headgate.tenant_id'')::int)'
        ' WITH CHECK (tenant_id = current_setting(''headgate.tenant_id'')::int)', relation);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO headgate_app, headgate_platform', relation);
END $$;

-- Makes a tenants' table a journal: what is written stays as it was written.
CREATE OR REPLACE FUNCTION headgate_append_only(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE UPDATE, DELETE ON %s FROM headgate_app', relation);
END $$;

-- Gives a table to the platform: the app has no way in.
CREATE OR REPLACE FUNCTION headgate_platform_table(relation regclass) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('REVOKE ALL ON %s FROM headgate_app, PUBLIC', relation);
    EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO headgate_platform', relation);
END $$
