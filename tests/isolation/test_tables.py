"""Row-level security on every table that there is, whatever SQL a use case forgets a predicate in.

The last tests break one table at a time, in a transaction that is undone, and insist that both guards notice:
the lint that runs after each migration, and the attack of the tests above.
"""

import asyncpg
import pytest
from headgate_kernel.database.lint import lint_isolation
from headgate_kernel.database.pool import connect
from headgate_sdk.testing.checksums import tenant_tables
from headgate_trade.api import search_skus

FAULTS = {
    "security switched off": "ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
    "a wider policy beside the tenant's": (
        "CREATE POLICY everything ON {table} USING (true) WITH CHECK (true)"
    ),
    "a policy that lets rows be written": (
        "DROP POLICY tenant ON {table}; CREATE POLICY tenant ON {table} "
        "USING (tenant_id = current_setting('headgate.tenant_id')::int) WITH CHECK (true)"
    ),
    "a policy that reads everything": (
        "DROP POLICY tenant ON {table}; CREATE POLICY tenant ON {table} "
        "USING (true) WITH CHECK (tenant_id = current_setting('headgate.tenant_id')::int)"
    ),
    "no policy": "DROP POLICY tenant ON {table}",
}


async def attack(connection, table: str, mine: int, theirs: int) -> list[str]:
    """Try to see, change, take away and plant another distributor's rows as the application's role.

    Args:
        connection: whose session may take the application's role.
        table: name.
        mine: number of the tenant that the transaction is for.
        theirs: number of the other one.

    Returns:
        What succeeded, and that one's own rows cannot be seen; empty when all is well.
    """
    leaks = []
    to_them = f'{{"tenant_id": {theirs}}}'
    await connection.execute(f"SET LOCAL ROLE headgate_app; SET LOCAL headgate.tenant_id = {mine}")
    try:
        if not await connection.fetchval(f'SELECT count(*) FROM "{table}" WHERE tenant_id = $1', mine):
            leaks.append("its own rows are out of sight")
        if await connection.fetchval(f'SELECT count(*) FROM "{table}" WHERE tenant_id <> $1', mine):
            leaks.append("another's rows are seen")
        for name, sql in (
            (
                "another's rows are changed",
                f'UPDATE "{table}" SET tenant_id = tenant_id WHERE tenant_id = {theirs}',
            ),
            ("another's rows are taken away", f'DELETE FROM "{table}" WHERE tenant_id = {theirs}'),
            ("a row is given away", f'UPDATE "{table}" SET tenant_id = {theirs} WHERE tenant_id = {mine}'),
            (
                "a row is planted",
                (
                    f"INSERT INTO \"{table}\" SELECT (jsonb_populate_record(x, '{to_them}')).* "
                    f'FROM "{table}" x WHERE tenant_id = {mine} LIMIT 1'
                ),
            ),
        ):
            if await _succeeds(connection, sql):
                leaks.append(name)
    finally:
        await connection.execute("RESET ROLE")
    return leaks


async def _succeeds(connection, sql: str) -> bool:
    """Tell whether a statement touches a row; a reference or key that it meets shows that security let it."""
    undone = connection.transaction()
    await undone.start()
    try:
        return not (await connection.execute(sql)).endswith(" 0")
    except asyncpg.InsufficientPrivilegeError:
        return False
    except asyncpg.IntegrityConstraintViolationError:
        return True
    finally:
        await undone.rollback()


@pytest.fixture
async def admin(kernel, house):
    """A superuser's connection whose transaction is undone."""
    connection = await connect(kernel.databases.server.admin)
    undone = connection.transaction()
    await undone.start()
    yield connection
    await undone.rollback()
    await connection.close()


async def test_every_table_holds_rows_of_both_distributors(kernel, house):
    """Else the other tests of this file, and the fingerprints of all others, would say nothing about it."""
    tables = await tenant_tables(kernel)
    async with kernel.databases.platform_scope() as db:
        for table in tables:
            found = await db.fetch_value(
                f'SELECT count(DISTINCT tenant_id) FROM "{table}" WHERE tenant_id = ANY($1)',
                [house.mine.tenant.info.id, house.theirs.tenant.info.id],
            )
            assert found == 2, f"fill {table} in tests/shop.py"


async def test_no_table_lets_another_distributors_rows_through(kernel, house, admin):
    assert not await lint_isolation(admin)
    for table in await tenant_tables(kernel):
        assert not await attack(admin, table, house.mine.tenant.info.id, house.theirs.tenant.info.id), table


async def test_without_a_tenant_no_table_can_be_read(kernel, house):
    raw = await asyncpg.connect(kernel.databases.server.app)
    try:
        for table in await tenant_tables(kernel):
            with pytest.raises((asyncpg.UndefinedObjectError, asyncpg.InvalidTextRepresentationError)):
                await raw.fetch(f'SELECT * FROM "{table}"')
    finally:
        await raw.close()


async def test_the_platforms_tables_are_closed_to_the_application(kernel, house):
    async with kernel.databases.platform_scope() as db:
        tables = [
            row["relname"]
            for row in await db.fetch(
                "SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace "
                "AND relkind IN ('r', 'p') AND NOT relrowsecurity"
            )
        ]
    assert "session" in tables
    async with kernel.context(house.mine.tenant) as ctx:
        for table in tables:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with ctx.db.savepoint():
                    await ctx.db.fetch(f'SELECT 1 FROM "{table}"')


async def test_the_search_that_runs_above_security_finds_nothing_of_others(kernel, house):
    async with kernel.context(house.mine.tenant) as ctx:
        assert len((await search_skus(ctx, house.mine.mark, include_stopped=True)).items) == len(
            house.mine.skus
        )
        assert not (await search_skus(ctx, house.theirs.mark, include_stopped=True)).items
        assert not (await search_skus(ctx, house.theirs.canary, include_stopped=True)).items


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_table_that_is_left_open_is_noticed_twice(kernel, house, admin, fault):
    for table in await tenant_tables(kernel):
        broken = admin.transaction()
        await broken.start()
        await admin.execute(FAULTS[fault].format(table=f'"{table}"'))
        assert any(finding.startswith(f"{table}:") for finding in await lint_isolation(admin)), table
        assert await attack(admin, table, house.mine.tenant.info.id, house.theirs.tenant.info.id), table
        await broken.rollback()
