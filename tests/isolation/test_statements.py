"""Every statement that requests send names its tenant for every table of tenants that it touches.

The statements are those that the application really sends while each route is asked by its own people. Then
each predicate is taken away in turn, and that must be noticed.
"""

import pytest
from headgate_sdk.testing.checksums import tenant_tables

from .arguments import CALLS, request_of
from .conftest import own_ids
from .predicates import parse, predicates, unbound
from .test_routes import OPEN

CONTROL = (
    "BEGIN",
    "COMMIT",
    "ROLLBACK",
    "SAVEPOINT",
    "RELEASE",
    "SET ",
    "SHOW",
    "COPY",
    "FETCH",
    "CLOSE",
    "LISTEN",
)


@pytest.fixture(scope="module")
async def tables(kernel) -> list[str]:
    return await tenant_tables(kernel)


@pytest.fixture(scope="module")
async def statements(kernel, house) -> dict[str, set[str]]:
    """What the application's role sent while everything was asked once."""
    seen: set[str] = set()
    kernel.databases.app.on_statement = lambda query: seen.add(query.query.strip())
    try:
        for (method, path), calls in CALLS.items():
            if OPEN[method, path].get("surface") == "static":
                continue
            for call in calls:
                if call.by != "operator":
                    client = await house.client(house.mine, call.by, fresh=True)
                    await client.request(**request_of(method, path, call, own_ids(house.mine)))
                    await client.aclose()
    finally:
        kernel.databases.app.on_statement = None
    # the driver itself asks the catalogue what a type is, and knows no tenants
    return {sql for sql in seen if not sql.upper().startswith(CONTROL) and "typeinfo_tree" not in sql}


def test_the_application_sends_many_statements(statements):
    assert len(statements) > 150


def test_each_names_the_tenant_for_each_table(statements, tables):
    faults = {}
    for sql in sorted(statements):
        missing = unbound(parse(sql), tables)
        if missing:
            faults[sql] = missing
    assert not faults, "\n\n".join(f"{names}:\n{sql}" for sql, names in faults.items())


def test_each_predicate_that_is_taken_away_is_noticed(statements, tables):
    unnoticed = []
    taken = 0
    for sql in sorted(statements):
        for number in range(len(predicates(parse(sql)))):
            tree = parse(sql)
            predicates(tree)[number].replace(parse("SELECT true").expressions[0])
            if unbound(tree, tables):
                taken += 1
            elif not _is_spare(sql, number, tables):
                unnoticed.append(f"predicate {number} of:\n{sql}")
    assert taken > 200
    assert not unnoticed, "\n\n".join(unnoticed[:5])


def _is_spare(sql: str, number: int, tables) -> bool:
    """Tell whether a predicate is not needed: it would be if all others that bind the same were gone."""
    tree = parse(sql)
    mine = predicates(tree)[number]
    for other in [node for n, node in enumerate(predicates(tree)) if n != number]:
        if _names(other) & _names(mine) or not _names(mine):
            other.replace(parse("SELECT true").expressions[0])
    mine.replace(parse("SELECT true").expressions[0])
    return bool(unbound(tree, tables))


def _names(node) -> set[str]:
    """Give the aliases whose tenant a comparison speaks of."""
    sides = (node.left, node.right)
    return {side.table or "-" for side in sides if getattr(side, "name", "") == "tenant_id"}


@pytest.mark.parametrize(
    ("sql", "missing"),
    [
        ("SELECT * FROM role WHERE tenant_id = $1", []),
        ("SELECT * FROM role WHERE id = $1", ["role"]),
        ("SELECT * FROM role WHERE tenant_id = $1 OR id = $2", ["role"]),
        ("SELECT * FROM role r JOIN member m ON m.role_id = r.id WHERE r.tenant_id = $1", ["member"]),
        ("SELECT * FROM role r JOIN member m ON m.tenant_id = r.tenant_id WHERE r.tenant_id = $1", []),
        ("UPDATE role SET name = $2 WHERE id = $1", ["role"]),
        ("UPDATE role SET name = $2 WHERE tenant_id = $1 AND id = $3", []),
        ("DELETE FROM role WHERE tenant_id = $1", []),
        ("DELETE FROM role", ["role"]),
        ("INSERT INTO role (tenant_id, id) VALUES ($1, $2)", []),
        ("INSERT INTO role (id) VALUES ($1)", ["role"]),
        ("WITH x AS (SELECT * FROM role WHERE tenant_id = $1) SELECT * FROM x", []),
        ("WITH x AS (SELECT * FROM role) SELECT * FROM x WHERE tenant_id = $1", ["role"]),
        ("SELECT (SELECT 1 FROM role WHERE tenant_id = m.tenant_id) FROM member m WHERE tenant_id = $1", []),
        ("SELECT (SELECT count(*) FROM role) FROM member m WHERE m.tenant_id = $1", ["role"]),
    ],
)  # fmt: skip
def test_the_reader_of_sql_sees_what_is_missing(sql, missing):
    assert unbound(parse(sql), {"role", "member"}) == missing
