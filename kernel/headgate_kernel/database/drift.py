"""Holds Piccolo's table classes against the tables that the migrations made."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from piccolo.columns import Array, Column, ForeignKey, Serial
from piccolo.table import Table

if TYPE_CHECKING:
    from headgate_kernel.database.pool import Connection

_COLUMNS = """
SELECT a.attname AS name, format_type(a.atttypid, NULL) AS type,
    format_type(a.atttypid, a.atttypmod) AS full_type, a.attnotnull AS required
FROM pg_attribute a WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped
"""
_NAMES = {
    "int": "integer",
    "varchar": "character varying",
    "timestamptz": "timestamp with time zone",
    "timestamp": "timestamp without time zone",
    "time": "time without time zone",
    "serial": "integer",
    "bigserial": "bigint",
    "smallserial": "smallint",
    "decimal": "numeric",
    "char": "character",
    "bool": "boolean",
}


async def find_drift(connection: "Connection", tables: Iterable[type[Table]]) -> list[str]:
    """Compare names, types and nullability.

    Returns:
        One sentence for each difference; empty when classes and tables agree.
    """
    findings: list[str] = []
    for table in tables:
        name = table._meta.tablename  # noqa: SLF001 (Piccolo's own place for it)
        columns = {row["name"]: row for row in await connection.fetch(_COLUMNS, f'public."{name}"')}
        if not columns:
            findings.append(
                f"{name}: the class {table.__name__} has no table. Write a migration that makes it."
            )
            continue
        declared = {str(column._meta.db_column_name): column for column in table._meta.columns}  # noqa: SLF001
        findings += [
            f"{name}.{extra}: in the database, not in the class."
            for extra in columns.keys() - declared.keys()
        ]
        for column_name, column in declared.items():
            found = columns.get(column_name)
            if found is None:
                findings.append(f"{name}.{column_name}: in the class, not in the database.")
                continue
            wanted = _type_of(column)
            if wanted not in {found["type"], found["full_type"]}:
                findings.append(
                    f"{name}.{column_name}: the class says {wanted}, the database {found['full_type']}."
                )
            if _required(column) != found["required"]:
                words = ("nullable", "NOT NULL")
                findings.append(
                    f"{name}.{column_name}: the class says {words[_required(column)]}, "
                    f"the database {words[found['required']]}."
                )
    return sorted(findings)


def _required(column: Column) -> bool:
    return bool(column._meta.primary_key) or not column._meta.null  # noqa: SLF001


def _type_of(column: Column) -> str:
    if isinstance(column, Array):
        return f"{_type_of(column.base_column)}[]"
    if isinstance(column, ForeignKey):
        return _type_of(column._foreign_key_meta.resolved_target_column)  # noqa: SLF001
    if isinstance(column, Serial):
        return "integer"
    written = str(column.column_type).lower().replace(", ", ",")
    base, bracket, size = written.partition("(")
    base = _NAMES.get(base.strip(), base.strip())
    return f"{base}{bracket}{size}" if base == "numeric" else base
