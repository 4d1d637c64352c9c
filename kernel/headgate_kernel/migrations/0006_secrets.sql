-- Keys that seal secrets: one in use for each tenant (0 is the platform), each wrapped by a master key.

CREATE TABLE data_key (
    tenant_id     integer NOT NULL,
    id            uuid NOT NULL,
    wrapped       bytea NOT NULL,
    master_key_id text NOT NULL,
    created_at    timestamptz NOT NULL,
    retired_at    timestamptz,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_platform_table('data_key');
CREATE UNIQUE INDEX data_key_in_use ON data_key (tenant_id) WHERE retired_at IS NULL;
