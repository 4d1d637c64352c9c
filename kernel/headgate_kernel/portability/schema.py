"""The live schema as far as moving a tenant's rows needs it: columns, keys, and what must go before what."""

import graphlib
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from headgate_kernel.database.pool import Connection, PooledConnection


class LiveTable(msgspec.Struct, frozen=True):
    """A table with rows of tenants.

    Args:
        name: of the table.
        secured: row-level security guards it.
        columns: all but `tenant_id` and what the database computes.
        optional: columns that may be NULL.
        key: columns of the primary key but `tenant_id`; rows are put in this order.
        after: tables that it refers to.
    """

    name: str
    secured: bool
    columns: tuple[str, ...]
    optional: frozenset[str]
    key: tuple[str, ...]
    after: frozenset[str]

    def column_list(self, leave_out: Iterable[str] = ()) -> str:
        """Give the columns as SQL, quoted."""
        out = frozenset(leave_out)
        return ", ".join(f'"{column}"' for column in self.columns if column not in out)

    @property
    def order(self) -> str:
        """Give the order of rows as SQL."""
        return ", ".join(f'"{column}"' for column in self.key) or "tenant_id"


async def tables_of_tenants(connection: "Connection | PooledConnection") -> list[LiveTable]:
    """Give every table that has a `tenant_id`, those that are referred to first."""
    rows = await connection.fetch(_TABLES)
    found = {
        row["name"]: LiveTable(
            row["name"],
            row["secured"],
            tuple(row["columns"]),
            frozenset(row["optional"]),
            tuple(column for column in row["key"] if column != "tenant_id"),
            frozenset(row["refers"]) - {row["name"]},
        )
        for row in rows
    }
    order = graphlib.TopologicalSorter(
        {name: sorted(table.after & found.keys()) for name, table in sorted(found.items())}
    )
    return [found[name] for name in order.static_order()]


_TABLES = """
SELECT c.relname::text AS name, c.relrowsecurity AS secured,
    ARRAY(SELECT a.attname::text FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
              AND a.attname <> 'tenant_id' ORDER BY a.attnum) AS columns,
    ARRAY(SELECT a.attname::text FROM pg_attribute a
          WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.attnotnull) AS optional,
    ARRAY(SELECT a.attname::text
          FROM pg_index i CROSS JOIN unnest(i.indkey::int2[]) WITH ORDINALITY AS k (attnum, n)
          JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
          WHERE i.indrelid = c.oid AND i.indisprimary ORDER BY k.n) AS key,
    ARRAY(SELECT DISTINCT r.relname::text FROM pg_constraint f JOIN pg_class r ON r.oid = f.confrelid
          WHERE f.conrelid = c.oid AND f.contype = 'f') AS refers
FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
    AND EXISTS (SELECT FROM pg_attribute a
                WHERE a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped)
ORDER BY c.relname
"""
