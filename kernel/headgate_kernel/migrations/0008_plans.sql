-- Plans, what tenants have used of them, and what all workers know together of each tenant's requests.

-- as plans.toml has them; `headgate plans apply` writes them, and nothing else
CREATE TABLE plan (
    key        text PRIMARY KEY CONSTRAINT plan_key CHECK (key ~ '^[a-z][a-z0-9-]{0,38}$'),
    position   integer NOT NULL,
    terms      jsonb NOT NULL,
    changed_at timestamptz NOT NULL
);
SELECT headgate_platform_table('plan');

-- null is the first plan that there is
ALTER TABLE tenant ADD COLUMN plan text CONSTRAINT tenant_plan REFERENCES plan (key);

-- The share of a limit that a slot may use is given to it beforehand, so that orders of one tenant need not
-- wait for each other: each takes a slot that nobody holds. The shares together never exceed the limit.
CREATE TABLE quota_use (
    tenant_id integer NOT NULL,
    meter     text NOT NULL,
    period    date NOT NULL,
    slot      smallint NOT NULL,
    used      bigint NOT NULL DEFAULT 0 CONSTRAINT quota_use_used CHECK (used >= 0),
    share     bigint,
    PRIMARY KEY (tenant_id, meter, period, slot),
    CONSTRAINT quota_use_share CHECK (used <= share)
) WITH (fillfactor = 50);
SELECT headgate_protect('quota_use');
COMMENT ON COLUMN quota_use.share IS 'null where the plan sets no limit';

INSERT INTO quota_use (tenant_id, meter, period, slot, used, share)
SELECT tenant_id, 'storage_bytes', '1970-01-01', 0, sum(octet_length(content)), sum(octet_length(content))
FROM stored_file GROUP BY tenant_id;

-- who was warned of what; one mail for each row, and the notice stands while it holds
CREATE TABLE quota_notice (
    tenant_id integer NOT NULL REFERENCES tenant (id),
    meter     text NOT NULL,
    month     date NOT NULL,
    level     text NOT NULL CONSTRAINT quota_notice_level CHECK (level IN ('near', 'full')),
    holds     boolean NOT NULL,
    at        timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, meter, month, level)
);
SELECT headgate_platform_table('quota_notice');

-- What is left of a tenant's requests, and what each worker has taken of it beforehand. Lost with a crash of
-- the server, which does no harm: each tenant begins anew with what its plan gives.
CREATE UNLOGGED TABLE limit_state (
    tenant_id     integer PRIMARY KEY,
    tokens        double precision NOT NULL,
    at            timestamptz NOT NULL,
    pressed_until timestamptz NOT NULL DEFAULT '-infinity',
    holds         jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);
SELECT headgate_platform_table('limit_state');

-- what a worker that gives no sign of life has taken is free again
CREATE UNLOGGED TABLE limit_worker (
    id          uuid PRIMARY KEY,
    alive_until timestamptz NOT NULL
);
SELECT headgate_platform_table('limit_worker');

-- A tenant's own work may know its own plan, and nobody else's.
SET LOCAL ROLE headgate_platform;

CREATE FUNCTION headgate_own_plan() RETURNS TABLE (key text, terms jsonb)
LANGUAGE sql STABLE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp
AS $$
    SELECT p.key, p.terms
    FROM tenant t
    JOIN plan p ON p.key = coalesce(t.plan, (SELECT d.key FROM plan d ORDER BY d.position LIMIT 1))
    WHERE t.id = current_setting('headgate.tenant_id')::integer
$$;
REVOKE ALL ON FUNCTION headgate_own_plan() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headgate_own_plan() TO headgate_app;

-- The same, and it stays so until the transaction ends: whoever changes plans locks the tenant first.
CREATE FUNCTION headgate_hold_own_plan() RETURNS TABLE (key text, terms jsonb)
LANGUAGE plpgsql VOLATILE SECURITY DEFINER ROWS 1 SET search_path = pg_catalog, public, pg_temp
AS $$
BEGIN
    PERFORM 1 FROM tenant t WHERE t.id = current_setting('headgate.tenant_id')::integer FOR SHARE;
    RETURN QUERY SELECT p.key, p.terms FROM headgate_own_plan() p;
END
$$;
REVOKE ALL ON FUNCTION headgate_hold_own_plan() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headgate_hold_own_plan() TO headgate_app;

SET LOCAL ROLE headgate_owner;
