"""Take away every row of a tenant, in an order that the references allow."""

from collections.abc import Sequence
from uuid import UUID

from headgate_sdk.database import Database

from headgate_kernel.portability.schema import LiveTable

AUDIT = frozenset({"audit_entry", "audit_seal", "audit_unsealed", "audit_verification"})
"""Removed by the database's own function, after the tenant itself: see the migration of the audit log."""


async def clear_tenant(db: Database, tenant_id: int, live: Sequence[LiveTable]) -> dict[str, int]:
    """Delete all rows of a tenant, its own row and its audit log; gives how many, by table.

    Args:
        db: a platform scope.
        tenant_id: whose.
        live: tables, those that are referred to first.
    """
    counts: dict[str, int] = {}
    for table in reversed(live):
        if table.name not in AUDIT:
            tag = await db.execute(f'DELETE FROM "{table.name}" WHERE tenant_id = $1', tenant_id)  # noqa: S608 (names of the catalogue)
            counts[table.name] = int(tag.rpartition(" ")[2])
    await db.execute("DELETE FROM tenant WHERE id = $1", tenant_id)
    audit = await db.fetch_row("SELECT entries, seals FROM headgate_erase_audit($1)", tenant_id)
    assert audit is not None
    counts |= {"tenant": 1, "audit_entry": audit["entries"], "audit_seal": audit["seals"]}
    return {table: count for table, count in sorted(counts.items()) if count}


async def people_only_here(db: Database, tenant_id: int) -> list[UUID]:
    """Give the persons who belong to this tenant and to nothing else; operators are left out."""
    rows = await db.fetch(
        """
        SELECT DISTINCT m.person_id FROM membership m JOIN person p ON p.id = m.person_id
        WHERE m.tenant_id = $1 AND NOT p.is_operator AND NOT EXISTS (
            SELECT FROM membership o WHERE o.tenant_id <> $1 AND o.person_id = m.person_id)
        """,
        tenant_id,
    )
    return [row["person_id"] for row in rows]


async def clear_people(db: Database, people: Sequence[UUID]) -> dict[str, int]:
    """Delete persons with all that is kept of them; gives how many rows, by table."""
    counts: dict[str, int] = {}
    for row in await db.fetch(_REFERENCES_TO_PERSON):
        tag = await db.execute(
            f'DELETE FROM "{row["name"]}" WHERE "{row["column"]}" = ANY($1)',  # noqa: S608 (names of the catalogue)
            list(people),
        )
        counts[row["name"]] = counts.get(row["name"], 0) + int(tag.rpartition(" ")[2])
    tag = await db.execute("DELETE FROM person WHERE id = ANY($1)", list(people))
    counts["person"] = int(tag.rpartition(" ")[2])
    return {table: count for table, count in sorted(counts.items()) if count}


_REFERENCES_TO_PERSON = """
SELECT c.relname::text AS name, a.attname::text AS column
FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = f.conkey[1]
WHERE f.contype = 'f' AND f.confrelid = 'person'::regclass ORDER BY 1
"""
