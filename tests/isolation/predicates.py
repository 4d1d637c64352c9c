"""Reads SQL and tells which tables of tenants a statement touches without naming the tenant.

Row-level security stands behind every statement; this looks at the first line, the predicate that indexes
and shards go by. A table is bound when its `tenant_id` is compared with a parameter, with the tenant of the
transaction, or with the `tenant_id` of a table that is bound.
"""

import re
from collections.abc import Collection, Iterator

import sqlglot
from sqlglot import exp

PARAMETER = re.compile(r"\$(\d+)")
BLOCKS = (exp.Select, exp.Update, exp.Delete)


def parse(sql: str) -> exp.Expression:
    """Parse one PostgreSQL statement; `$1` becomes a named place, which no parser takes for a quote."""
    return sqlglot.parse_one(PARAMETER.sub(r" :p\1 ", sql), read="postgres")


def unbound(tree: exp.Expression, tenants: Collection[str]) -> list[str]:
    """Name the tables of tenants that the statement reads, changes or fills without saying whose rows."""
    found = []
    named = {cte.alias for cte in tree.find_all(exp.CTE)}
    for block in tree.find_all(*BLOCKS):
        tables = {alias: name for alias, name in _tables(block) if name in tenants and name not in named}
        free = tables.keys() - _bound(block, tables)
        found += [tables[alias] for alias in sorted(free)]
    for insert in tree.find_all(exp.Insert):
        target = insert.this
        table = target.this if isinstance(target, exp.Schema) else target
        columns = [c.name for c in target.expressions] if isinstance(target, exp.Schema) else []
        if table.name in tenants and "tenant_id" not in columns:
            found.append(table.name)
    return found


def predicates(tree: exp.Expression) -> list[exp.Expression]:
    """Give the comparisons that bind tables, for tests that take them away one by one."""
    return [
        node
        for node in tree.find_all(exp.EQ)
        if any(isinstance(side, exp.Column) and side.name == "tenant_id" for side in (node.left, node.right))
    ]


def _tables(block: exp.Expression) -> Iterator[tuple[str, str]]:
    """Give alias and name of the tables that stand in a block itself, not in a query inside it."""
    for table in block.find_all(exp.Table):
        if _block_of(table) is block and not isinstance(table.parent, exp.Insert) and not _is_target(table):
            yield table.alias_or_name, table.name


def _is_target(table: exp.Table) -> bool:
    return isinstance(table.parent, exp.Schema)


def _block_of(node: exp.Expression) -> exp.Expression | None:
    return node.find_ancestor(*BLOCKS)


def _bound(block: exp.Expression, tables: dict[str, str]) -> set[str]:
    """Give the aliases whose tenant is fixed, following chains of comparisons."""
    own = [node for node in predicates(block) if _block_of(node) is block and not _is_weak(node, block)]
    bound: set[str] = set()
    while True:
        more = {
            alias
            for node in own
            for one, other in ((node.left, node.right), (node.right, node.left))
            if (alias := _alias(one, tables)) and alias not in bound and _is_fixed(other, tables, bound)
        }
        if not more:
            return bound
        bound |= more


def _alias(side: exp.Expression, tables: dict[str, str]) -> str | None:
    if not isinstance(side, exp.Column) or side.name != "tenant_id":
        return None
    if side.table:
        return side.table if side.table in tables else None
    return next(iter(tables)) if len(tables) == 1 else None


def _is_fixed(side: exp.Expression, tables: dict[str, str], bound: set[str]) -> bool:
    if isinstance(side, exp.Column):
        # a table of this block must be bound itself; one of an outer block, or a CTE, is looked at there
        return side.name == "tenant_id" and (side.table in bound or side.table not in tables)
    return (
        bool(list(side.find_all(exp.Placeholder)))
        or "current_setting" in side.sql(dialect="postgres").lower()
    )


def _is_weak(node: exp.Expression, block: exp.Expression) -> bool:
    """Tell whether a comparison holds only sometimes: under OR, NOT or CASE."""
    parent = node.parent
    while parent is not None and parent is not block:
        if isinstance(parent, (exp.Or, exp.Not, exp.Case)):
            return True
        parent = parent.parent
    return False
