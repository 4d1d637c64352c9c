import pytest
from headgate_kernel.database.lint import lint_isolation
from headgate_kernel.database.migrations import migrate_server
from headgate_kernel.database.pool import connect

SOUND = (
    "CREATE TABLE a (tenant_id integer NOT NULL, id int NOT NULL, code text, PRIMARY KEY (tenant_id, id),"
    " UNIQUE (tenant_id, code)); SELECT headgate_protect('a');"
    "CREATE TABLE p (id int PRIMARY KEY, tenant_id integer); SELECT headgate_platform_table('p');"
)
FAULTS = {
    "no tenant": (
        "CREATE TABLE b (id int PRIMARY KEY); GRANT SELECT ON b TO headgate_app",
        "b: headgate_app may use it, but it has no tenant_id.",
    ),
    "granted to everybody": (
        "CREATE TABLE b (id int PRIMARY KEY); GRANT SELECT ON b TO PUBLIC",
        "b: headgate_app may use it, but it has no tenant_id.",
    ),
    "one column granted": (
        "CREATE TABLE b (id int PRIMARY KEY); GRANT SELECT (id) ON b TO headgate_app",
        "b: headgate_app may use it, but it has no tenant_id.",
    ),
    "tenant of another type": (
        "CREATE TABLE b (tenant_id bigint NOT NULL, PRIMARY KEY (tenant_id)); SELECT headgate_protect('b')",
        "b: tenant_id must be `integer NOT NULL`.",
    ),
    "tenant may be null": (
        "CREATE TABLE b (tenant_id integer, UNIQUE (tenant_id)); SELECT headgate_protect('b')",
        "b: tenant_id must be `integer NOT NULL`.",
    ),
    "key does not begin with the tenant": (
        (
            "CREATE TABLE b (tenant_id integer, id int, PRIMARY KEY (id, tenant_id)); SELECT "
            "headgate_protect('b')"
        ),
        "b: the primary key must begin with tenant_id.",
    ),
    "uniqueness over all tenants": (
        "CREATE UNIQUE INDEX a_code ON a (code)",
        "a: the unique index a_code lacks tenant_id",
    ),
    "tenant only included": (
        "CREATE UNIQUE INDEX a_code ON a (code) INCLUDE (tenant_id)",
        "a: the unique index a_code lacks tenant_id",
    ),
    "reference without tenant": (
        (
            "CREATE TABLE b (tenant_id integer, id int, p_id int REFERENCES p, PRIMARY KEY (tenant_id, id));"
            "SELECT headgate_protect('b')"
        ),
        "b: the foreign key b_p_id_fkey to p lacks tenant_id",
    ),
    "reference crosses tenants": (
        (
            "ALTER TABLE a ADD other integer, ADD CONSTRAINT a_other FOREIGN KEY (other, id) REFERENCES "
            "a (tenant_id, id)"
        ),
        "a: the foreign key a_other to a lacks tenant_id",
    ),
    "platform refers to tenants": (
        "ALTER TABLE p ADD CONSTRAINT p_a FOREIGN KEY (tenant_id, id) REFERENCES a (tenant_id, id)",
        "p: the foreign key p_a leads from a platform table into the tenants' table a.",
    ),
    "security off": (
        "ALTER TABLE a DISABLE ROW LEVEL SECURITY",
        "a: row-level security is not enabled and forced.",
    ),
    "security not forced": (
        "ALTER TABLE a NO FORCE ROW LEVEL SECURITY",
        "a: row-level security is not enabled and forced.",
    ),
    "no policy": ("DROP POLICY tenant ON a", "a: has no policy of the tenant."),
    "second, wider policy": (
        "CREATE POLICY wide ON a FOR SELECT USING (true)",
        "a: the policy wide opens more than the tenant's own rows.",
    ),
    "policy with another rule": (
        "DROP POLICY tenant ON a; CREATE POLICY tenant ON a USING (tenant_id = 1)",
        "a: the policy tenant opens more than the tenant's own rows.",
    ),
    "truncate": ("GRANT TRUNCATE ON a TO headgate_app", "a: headgate_app may TRUNCATE"),
    "view with its owner's rights": (
        "CREATE VIEW v AS SELECT * FROM a",
        "v: the view looks with its owner's rights.",
    ),
    "materialized view": (
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS one",
        "m: a materialized view holds all",
    ),
    "function with its owner's rights": (
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "f(): SECURITY DEFINER works with the rights of headgate_owner.",
    ),
    "platform's function without a path": (
        (
            "SET ROLE headgate_platform; CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER "
            "AS 'SELECT 1'"
        ),
        "f(): SECURITY DEFINER needs SET search_path.",
    ),
    "platform's function open to everybody": (
        (
            "SET ROLE headgate_platform;"
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public AS "
            "'SELECT 1'"
        ),
        "f(): everybody may call it.",
    ),
    "app in the platform's shoes": (
        "RESET ROLE; GRANT headgate_platform TO headgate_app",
        "headgate_app: is a member of headgate_platform.",
    ),
    "exempt app": (
        "RESET ROLE; ALTER ROLE headgate_app BYPASSRLS",
        "headgate_app: must be neither superuser nor exempt",
    ),
    "table of a working role": (
        "SET ROLE headgate_platform; CREATE TABLE b (id int PRIMARY KEY)",
        "b: belongs to headgate_platform.",
    ),
}


@pytest.fixture
async def owner(empty_database):
    """A connection as the owner of a sound schema."""
    await migrate_server(empty_database, [])
    connection = await connect(empty_database.admin)
    await connection.execute("SET ROLE headgate_owner")
    await connection.execute(SOUND)
    yield connection
    await connection.close()


async def test_a_sound_schema_has_no_findings(owner):
    await owner.execute(
        "CREATE TABLE tenant (id integer PRIMARY KEY); SELECT headgate_platform_table('tenant');"
        "ALTER TABLE a ADD FOREIGN KEY (tenant_id) REFERENCES tenant (id);"
        "CREATE TABLE b (tenant_id integer, id int, a_id int, PRIMARY KEY (tenant_id, id),"
        " FOREIGN KEY (tenant_id, a_id) REFERENCES a (tenant_id, id)); SELECT headgate_protect('b');"
        "SELECT headgate_append_only('b');"
        "CREATE VIEW v WITH (security_invoker = true) AS SELECT * FROM a;"
        "SET ROLE headgate_platform;"
        "CREATE FUNCTION search() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = public "
        "AS 'SELECT 1';"
        "REVOKE ALL ON FUNCTION search FROM PUBLIC; GRANT EXECUTE ON FUNCTION search TO headgate_app;"
    )

    assert await lint_isolation(owner) == []


async def test_each_fault_is_found_and_alone(owner):
    assert await lint_isolation(owner) == []
    wrong: list[str] = []
    for name, (sql, words) in FAULTS.items():
        await owner.execute("BEGIN")
        await owner.execute(sql)
        findings = await lint_isolation(owner)
        await owner.execute("ROLLBACK; SET ROLE headgate_owner")
        if not any(finding.startswith(words) for finding in findings) or len(findings) > 3:
            wrong.append(f"{name}: {findings}")

    assert wrong == []
    assert await lint_isolation(owner) == []
