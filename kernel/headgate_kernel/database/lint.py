"""Looks in PostgreSQL's catalogue for anything through which one tenant could reach another's rows.

Each table is either a tenant's (key, uniqueness, references and policy all by tenant) or the platform's (no
grant to the app at all). Views must look with their reader's rights; materialized views and SECURITY DEFINER
functions look with their owner's, so they are refused, but for functions that headgate_platform owns, and
those of headgate_owner that the app may not call.
"""

from typing import TYPE_CHECKING

import msgspec

from headgate_kernel.database.roles import APP_ROLE, OWNER_ROLE, PLATFORM_ROLE

if TYPE_CHECKING:
    from headgate_kernel.database.pool import Connection

POLICY = "(tenant_id = (current_setting('headgate.tenant_id'::text))::integer)"

_TABLES = """
SELECT c.relname AS name, c.relrowsecurity AS secured, c.relforcerowsecurity AS forced,
    pg_get_userbyid(c.relowner) AS owner,
    (SELECT format_type(a.atttypid, a.atttypmod) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped) AS tenant_type,
    coalesce((SELECT a.attnotnull FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped), false)
        AS tenant_not_null,
    (SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[0]
        WHERE i.indrelid = c.oid AND i.indisprimary) AS key_starts_with,
    ARRAY(SELECT p.privilege_type FROM aclexplode(c.relacl) p
        WHERE p.grantee IN (0, 'headgate_app'::regrole)
        UNION SELECT p.privilege_type FROM pg_attribute a, aclexplode(a.attacl) p
        WHERE a.attrelid = c.oid AND p.grantee IN (0, 'headgate_app'::regrole)) AS app_may
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'f')
    AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid
                    AND d.deptype = 'e')
ORDER BY c.relname
"""
_POLICIES = """
SELECT c.relname AS name, p.polname AS policy, p.polpermissive AS permissive,
    p.polcmd = '*' AND p.polroles = '{0}' AS for_all,
    coalesce(pg_get_expr(p.polqual, p.polrelid), '') AS reads,
    coalesce(pg_get_expr(p.polwithcheck, p.polrelid), '') AS writes
FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid
WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1, 2
"""
_UNIQUE_WITHOUT_TENANT = """
SELECT c.relname AS name, i.indexrelid::regclass::text AS index
FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
WHERE c.relnamespace = 'public'::regnamespace AND i.indisunique AND NOT EXISTS (
    SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'tenant_id'
        AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])) ORDER BY 1, 2
"""
_REFERENCES = """
SELECT c.relname AS name, k.conname AS reference, r.relname AS target,
    EXISTS (SELECT FROM unnest(k.conkey, k.confkey) AS pair (here, there)
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = pair.here
        JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attnum = pair.there
        WHERE a.attname = 'tenant_id' AND b.attname = 'tenant_id') AS by_tenant,
    EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = k.conrelid AND a.attname = 'tenant_id'
        AND k.conkey = ARRAY[a.attnum]) AS is_tenant
FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
WHERE c.relnamespace = 'public'::regnamespace AND k.contype = 'f' AND k.conparentid = 0 ORDER BY 1, 2
"""
_VIEWS = """
SELECT c.relname AS name, c.relkind = 'm' AS materialized,
    coalesce((SELECT bool_or(o.option_value IN ('true', 'on', '1', 'yes'))
        FROM pg_options_to_table(c.reloptions) o WHERE o.option_name = 'security_invoker'), false) AS invoker
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm') ORDER BY 1
"""
_DEFINERS = """
SELECT p.oid::regprocedure::text AS name, pg_get_userbyid(p.proowner) AS owner,
    coalesce((SELECT bool_or(s LIKE 'search_path=%') FROM unnest(p.proconfig) s), false) AS has_path,
    EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        WHERE a.grantee = 0) AS public,
    has_function_privilege('headgate_app', p.oid, 'EXECUTE') AS app_may
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef ORDER BY 1
"""
_ROLES = """
SELECT rolsuper OR rolbypassrls AS exempt,
    ARRAY(SELECT r.rolname::text FROM pg_roles r WHERE r.rolname = ANY ($2)
        AND pg_has_role($1, r.oid, 'MEMBER')) AS member_of
FROM pg_roles WHERE rolname = $1
"""
_TOO_MUCH = frozenset({"TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"})


class _Table(msgspec.Struct, frozen=True):
    """A table as the catalogue tells it."""

    name: str
    secured: bool
    forced: bool
    owner: str
    tenant_type: str | None
    tenant_not_null: bool
    key_starts_with: str | None
    app_may: list[str]

    @property
    def is_tenants(self) -> bool:
        """The app may touch it, or it is secured by tenant: then it must be right in all points."""
        return bool(self.app_may) or (self.tenant_type is not None and self.secured)


async def lint_isolation(connection: "Connection") -> list[str]:
    """Look for faults of isolation.

    Returns:
        One sentence for each fault, naming the object and what to do; empty when all is well.
    """
    tables = [_Table(*row) for row in await connection.fetch(_TABLES)]
    tenants = {table.name for table in tables if table.is_tenants}
    findings = [finding for table in tables for finding in _lint_table(table)]
    findings += await _lint_policies(connection, tenants)
    for row in await connection.fetch(_UNIQUE_WITHOUT_TENANT):
        if row["name"] in tenants:
            findings.append(
                f"{row['name']}: the unique index {row['index']} lacks tenant_id, "
                "so one tenant's value would bar another's. Put tenant_id first."
            )
    for row in await connection.fetch(_REFERENCES):
        to_the_tenant = row["is_tenant"] and row["target"] not in tenants
        if row["name"] in tenants and not (row["by_tenant"] or to_the_tenant):
            findings.append(
                f"{row['name']}: the foreign key {row['reference']} to {row['target']} lacks "
                "tenant_id, so a row could "
                "point at another tenant's. Reference (tenant_id, id)."
            )
        elif row["name"] not in tenants and row["target"] in tenants:
            findings.append(
                f"{row['name']}: the foreign key {row['reference']} leads from a platform table into "
                "the tenants' "
                f"table {row['target']}. Keep the id without a reference."
            )
    return (
        findings
        + await _lint_views(connection)
        + await _lint_functions(connection)
        + await _lint_roles(connection)
    )


def _lint_table(table: _Table) -> list[str]:
    findings: list[str] = []
    if table.owner in {APP_ROLE, PLATFORM_ROLE}:
        findings.append(
            f"{table.name}: belongs to {table.owner}. Tables belong to {OWNER_ROLE}: make them by migration."
        )
    if not table.is_tenants:
        return findings
    if table.tenant_type is None:
        return [
            *findings,
            (
                f"{table.name}: {APP_ROLE} may use it, but it has no tenant_id. Add the column and call "
                "headgate_protect, "
                "or call headgate_platform_table."
            ),
        ]
    if table.tenant_type != "integer" or not table.tenant_not_null:
        findings.append(f"{table.name}: tenant_id must be `integer NOT NULL`.")
    if table.key_starts_with != "tenant_id":
        findings.append(f"{table.name}: the primary key must begin with tenant_id.")
    if not (table.secured and table.forced):
        findings.append(f"{table.name}: row-level security is not enabled and forced. Call headgate_protect.")
    if excess := sorted(_TOO_MUCH.intersection(table.app_may)):
        findings.append(
            f"{table.name}: {APP_ROLE} may {', '.join(excess)}, which row-level security does not "
            "cover. Revoke it."
        )
    return findings


async def _lint_policies(connection: "Connection", tenants: set[str]) -> list[str]:
    findings: list[str] = []
    sound: set[str] = set()
    for row in await connection.fetch(_POLICIES):
        name, policy = row["name"], row["policy"]
        if row["for_all"] and row["permissive"] and row["reads"] == POLICY and row["writes"] == POLICY:
            sound.add(name)
        elif row["permissive"]:
            findings.append(f"{name}: the policy {policy} opens more than the tenant's own rows. Drop it.")
    findings += [
        f"{name}: has no policy of the tenant. Call headgate_protect." for name in sorted(tenants - sound)
    ]
    return findings


async def _lint_views(connection: "Connection") -> list[str]:
    findings: list[str] = []
    for row in await connection.fetch(_VIEWS):
        if row["materialized"]:
            findings.append(
                f"{row['name']}: a materialized view holds all tenants' rows. Use a table with tenant_id."
            )
        elif not row["invoker"]:
            findings.append(
                f"{row['name']}: the view looks with its owner's rights. Add WITH (security_invoker = true)."
            )
    return findings


async def _lint_functions(connection: "Connection") -> list[str]:
    findings: list[str] = []
    for row in await connection.fetch(_DEFINERS):
        if row["owner"] != PLATFORM_ROLE and (row["owner"] != OWNER_ROLE or row["app_may"]):
            findings.append(
                f"{row['name']}: SECURITY DEFINER works with the rights of {row['owner']}. Use "
                f"SECURITY INVOKER, make it as {PLATFORM_ROLE} if it filters by tenant itself, or keep "
                f"{APP_ROLE} from it."
            )
            continue
        if not row["has_path"]:
            findings.append(f"{row['name']}: SECURITY DEFINER needs SET search_path.")
        if row["public"]:
            findings.append(
                f"{row['name']}: everybody may call it. REVOKE ALL ... FROM PUBLIC, then GRANT EXECUTE."
            )
    return findings


async def _lint_roles(connection: "Connection") -> list[str]:
    row = await connection.fetchrow(_ROLES, APP_ROLE, [OWNER_ROLE, PLATFORM_ROLE])
    assert row is not None
    findings = [f"{APP_ROLE}: is a member of {role}. Revoke it." for role in row["member_of"]]
    if row["exempt"]:
        findings.append(f"{APP_ROLE}: must be neither superuser nor exempt from row-level security.")
    return findings
