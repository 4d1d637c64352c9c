-- what a plugin keeps sealed
CREATE TABLE sample_account (
    tenant_id integer NOT NULL,
    id        uuid NOT NULL,
    password  bytea,
    PRIMARY KEY (tenant_id, id)
);
SELECT headgate_protect('sample_account');
