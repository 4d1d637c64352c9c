-- How each tenant was served, by the minute, added up over all workers. The platform's own figures.
CREATE TABLE tenant_traffic (
    tenant_id integer NOT NULL,
    minute    timestamptz NOT NULL,
    requests  integer NOT NULL,
    errors    integer NOT NULL,
    buckets   integer[] NOT NULL,
    PRIMARY KEY (tenant_id, minute)
);
SELECT headgate_platform_table('tenant_traffic');
CREATE INDEX tenant_traffic_minute ON tenant_traffic (minute);
