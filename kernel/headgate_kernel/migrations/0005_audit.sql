-- The audit log says more about who acted, and is sealed into a chain for each tenant after the deeds are committed.

ALTER TABLE audit_entry
    ADD COLUMN actor_kind    text NOT NULL DEFAULT '',
    ADD COLUMN person_id     uuid,
    ADD COLUMN operator_name text NOT NULL DEFAULT '',
    ADD COLUMN operator_id   uuid,
    ADD COLUMN request_id    text NOT NULL DEFAULT '',
    ADD COLUMN address       text NOT NULL DEFAULT '';

-- deeds of those who run the platform; its chain is that of tenant 0
CREATE TABLE platform_audit_entry (
    id            uuid PRIMARY KEY,
    at            timestamptz NOT NULL,
    actor_id      uuid,
    actor_name    text NOT NULL,
    action        text NOT NULL,
    subject       text NOT NULL,
    details       jsonb NOT NULL,
    actor_kind    text NOT NULL,
    person_id     uuid,
    operator_name text NOT NULL,
    operator_id   uuid,
    request_id    text NOT NULL,
    address       text NOT NULL
);
SELECT headgate_platform_table('platform_audit_entry');

-- written with each entry, taken away when it is sealed: the sealer finds late commits whatever their ids
CREATE TABLE audit_unsealed (
    tenant_id integer NOT NULL,
    entry_id  uuid NOT NULL,
    PRIMARY KEY (tenant_id, entry_id)
);
SELECT headgate_protect('audit_unsealed');
SELECT headgate_append_only('audit_unsealed');
INSERT INTO audit_unsealed (tenant_id, entry_id) SELECT tenant_id, id FROM audit_entry;

-- hash = sha256(hash before || the entry's text); tenant 0 is the platform
CREATE TABLE audit_seal (
    tenant_id integer NOT NULL,
    seq       bigint NOT NULL CONSTRAINT audit_seal_seq CHECK (seq > 0),
    entry_id  uuid NOT NULL,
    hash      bytea NOT NULL CONSTRAINT audit_seal_hash CHECK (length(hash) = 32),
    PRIMARY KEY (tenant_id, seq),
    CONSTRAINT audit_seal_entry UNIQUE (tenant_id, entry_id)
);
SELECT headgate_platform_table('audit_seal');

-- what the last verification of each chain found
CREATE TABLE audit_verification (
    tenant_id   integer PRIMARY KEY,
    verified_at timestamptz NOT NULL,
    seq         bigint NOT NULL,
    hash        bytea NOT NULL,
    findings    integer NOT NULL,
    first       text NOT NULL
);
SELECT headgate_platform_table('audit_verification');

-- signs the heads of chains that are kept elsewhere; the private half is sealed under the master key
CREATE TABLE audit_signing_key (
    id         uuid PRIMARY KEY,
    public_key bytea NOT NULL,
    seed       bytea NOT NULL,
    created_at timestamptz NOT NULL
);
SELECT headgate_platform_table('audit_signing_key');

-- nobody changes what was written, the platform neither
REVOKE UPDATE, DELETE ON audit_entry, platform_audit_entry, audit_seal FROM headgate_platform;

-- the one way to remove a log: with the tenant itself, whose row must be gone already
CREATE FUNCTION headgate_erase_audit(tenant integer, OUT entries bigint, OUT seals bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF tenant <= 0 OR EXISTS (SELECT FROM public.tenant t WHERE t.id = headgate_erase_audit.tenant) THEN
        RAISE EXCEPTION 'the audit log of tenant % is erased only after the tenant itself', tenant
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    DELETE FROM public.audit_entry e WHERE e.tenant_id = headgate_erase_audit.tenant;
    GET DIAGNOSTICS entries = ROW_COUNT;
    DELETE FROM public.audit_seal s WHERE s.tenant_id = headgate_erase_audit.tenant;
    GET DIAGNOSTICS seals = ROW_COUNT;
    DELETE FROM public.audit_unsealed u WHERE u.tenant_id = headgate_erase_audit.tenant;
    DELETE FROM public.audit_verification v WHERE v.tenant_id = headgate_erase_audit.tenant;
END $$;
REVOKE ALL ON FUNCTION headgate_erase_audit(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION headgate_erase_audit(integer) TO headgate_platform;
