"""Fingerprints of tenants' rows, to tell whether anything at all has changed."""

from collections.abc import Iterable, Sequence

from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant

Checksums = dict[tuple[int, str], str]
"""MD5 of all rows, by tenant number and table."""

_TABLES = """
SELECT c.relname::text AS name
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND c.relrowsecurity
ORDER BY 1
"""


async def tenant_tables(kernel: Kernel) -> list[str]:
    """Give every table under row-level security, as PostgreSQL's own catalogue lists them."""
    async with kernel.databases.platform_scope() as db:
        return [row["name"] for row in await db.fetch(_TABLES)]


async def checksums(kernel: Kernel, tenants: Sequence[Tenant], tables: Iterable[str]) -> Checksums:
    """Fingerprint tables by tenant; a table without rows of a tenant is left out.

    Args:
        kernel: of the test.
        tenants: whose rows.
        tables: names as `tenant_tables` or a manifest gives them.
    """
    each = [
        f"SELECT tenant_id, '{table}' AS name, md5(string_agg(x::text, E'\\n' ORDER BY x::text)) AS sum "  # noqa: S608 (names of the catalogue)
        f'FROM "{table}" x WHERE tenant_id = ANY($1) GROUP BY tenant_id'
        for table in tables
    ]
    if not each:
        return {}
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(" UNION ALL ".join(each), [tenant.info.id for tenant in tenants])
    return {(row["tenant_id"], row["name"]): row["sum"] for row in rows}


def changed_tables(before: Checksums, after: Checksums) -> list[str]:
    """Name the tables whose rows differ."""
    return sorted(
        {
            name
            for tenant, name in before.keys() | after.keys()
            if before.get((tenant, name)) != after.get((tenant, name))
        }
    )
