-- What a distributor has chosen in its plugins' settings: only what differs from how they come.

CREATE TABLE plugin_settings (
    tenant_id  integer NOT NULL,
    plugin     text NOT NULL,
    version    text NOT NULL,
    "values"   jsonb NOT NULL,
    secrets    bytea,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (tenant_id, plugin)
);
SELECT headgate_protect('plugin_settings');
COMMENT ON COLUMN plugin_settings.version IS 'of the plugin that took them';
COMMENT ON COLUMN plugin_settings."values" IS 'a secret stands here as where it was taken from';
COMMENT ON COLUMN plugin_settings.secrets IS 'sealed JSON of the secrets by field';

-- the number of a new tenant is taken before its first row is written, so that all of it is one transaction
GRANT USAGE ON SEQUENCE tenant_id_seq TO headgate_platform;
