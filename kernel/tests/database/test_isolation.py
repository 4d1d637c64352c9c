import asyncio
import random

import asyncpg
import pytest
from headgate_sdk.ids import new_id

INSERT = "INSERT INTO note (tenant_id, id, body) VALUES ($1, $2, $3)"


async def add_note(databases, tenant: int, body: str = "secret") -> None:
    async with databases.tenant_scope(tenant) as unit:
        await unit.execute(INSERT, tenant, new_id(), body)


async def test_another_tenants_rows_are_invisible_even_when_asked_for(databases, tenant, other_tenant):
    await add_note(databases, other_tenant)

    async with databases.tenant_scope(tenant) as unit:
        assert await unit.fetch("SELECT * FROM note") == []
        assert await unit.fetch("SELECT * FROM note WHERE tenant_id = $1", other_tenant) == []
        assert await unit.execute("UPDATE note SET body = 'mine'") == "UPDATE 0"
        assert await unit.execute("DELETE FROM note WHERE tenant_id = $1", other_tenant) == "DELETE 0"

    async with databases.tenant_scope(other_tenant) as unit:
        assert await unit.fetch_value("SELECT body FROM note") == "secret"


async def test_a_row_cannot_be_written_for_another_tenant(databases, tenant, other_tenant):
    await add_note(databases, tenant)

    async with databases.tenant_scope(tenant) as unit:
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with unit.savepoint():
                await unit.execute(INSERT, other_tenant, new_id(), "planted")
        with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
            async with unit.savepoint():
                await unit.execute("UPDATE note SET tenant_id = $1", other_tenant)


async def test_truncate_and_role_changes_are_refused(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        for sql in (
            "TRUNCATE note",
            "SET ROLE headgate_platform",
            "SET ROLE headgate_owner",
            "CREATE TABLE mine (id int)",
            "CREATE TEMPORARY TABLE mine (id int)",
            "ALTER TABLE note DISABLE ROW LEVEL SECURITY",
            "SELECT * FROM plan",
            "SELECT * FROM headgate_migration",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with unit.savepoint():
                    await unit.execute(sql)


async def test_a_journal_can_be_written_and_not_changed(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await unit.execute("INSERT INTO entry (tenant_id, id, amount) VALUES ($1, $2, 5)", tenant, new_id())
        for sql in ("UPDATE entry SET amount = 6", "DELETE FROM entry"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                async with unit.savepoint():
                    await unit.execute(sql)
        assert await unit.fetch_value("SELECT amount FROM entry") == 5


async def test_a_connection_without_a_tenant_sees_an_error_not_rows(databases, tenant):
    await add_note(databases, tenant)
    raw = await asyncpg.connect(databases.server.app)
    try:
        with pytest.raises(asyncpg.UndefinedObjectError, match=r"headgate\.tenant_id"):
            await raw.fetch("SELECT * FROM note")
        with pytest.raises(asyncpg.UndefinedObjectError, match=r"headgate\.tenant_id"):
            await raw.execute(INSERT, tenant, new_id(), "x")
        await raw.execute("BEGIN;SET LOCAL headgate.tenant_id=1;COMMIT")
        with pytest.raises(asyncpg.InvalidTextRepresentationError):  # the setting is known now, and empty
            await raw.fetch("SELECT * FROM note")
    finally:
        await raw.close()


async def test_the_platform_sees_all_tenants(databases, tenant, other_tenant):
    await add_note(databases, tenant)
    await add_note(databases, other_tenant)

    async with databases.platform_scope() as platform:
        seen = await platform.fetch_value(
            "SELECT count(*) FROM note WHERE tenant_id = ANY ($1)", [tenant, other_tenant]
        )

    assert seen == 2


async def test_two_hundred_tasks_on_two_connections_never_mix_tenants(databases):
    chosen = random.Random(7)
    tenants = range(9001, 9021)
    for tenant in tenants:
        await add_note(databases, tenant, f"of {tenant}")

    async def visit(tenant: int) -> tuple[int, list[str]]:
        async with databases.tenant_scope(tenant) as unit:
            first = [row[0] for row in await unit.fetch("SELECT body FROM note")]  # no predicate on purpose
            await asyncio.sleep(0)
            second = [row[0] for row in await unit.fetch("SELECT body FROM note")]
        return tenant, first + second

    visits = await asyncio.gather(*(visit(chosen.choice(tenants)) for _ in range(200)))

    assert [seen for tenant, seen in visits if seen != [f"of {tenant}"] * 2] == []
