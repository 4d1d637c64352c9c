"""Savepoints send nothing until something is asked in them, and no message of their own after that."""

import asyncpg
import pytest


@pytest.fixture
def sent(monkeypatch):
    """Everything that is sent without values, in order."""
    heard: list[str] = []
    original = asyncpg.Connection.execute

    async def execute(self, query, *args, **options):
        heard.append(query)
        return await original(self, query, *args, **options)

    monkeypatch.setattr(asyncpg.Connection, "execute", execute)
    return heard


async def ask(unit):
    return await unit.fetch_value("SELECT 1")


async def test_a_part_that_asks_nothing_sends_nothing(databases, tenant, sent):
    async with databases.tenant_scope(tenant) as unit:
        async with unit.savepoint():
            pass
        assert sent == []
        await ask(unit)
        async with unit.savepoint(), unit.savepoint():
            pass
        with pytest.raises(ValueError, match="nothing to undo"):
            async with unit.savepoint():
                raise ValueError("nothing to undo")
    assert sent == [f"BEGIN;SET LOCAL headgate.tenant_id={tenant}", "COMMIT"]


async def test_savepoints_travel_with_what_is_sent_anyway(databases, tenant, sent):
    async with databases.tenant_scope(tenant) as unit:
        async with unit.savepoint():
            async with unit.savepoint():
                await ask(unit)
            await ask(unit)
        async with unit.savepoint():
            await ask(unit)
    assert sent == [
        f"BEGIN;SET LOCAL headgate.tenant_id={tenant};SAVEPOINT headgate_1;SAVEPOINT headgate_2",
        "RELEASE SAVEPOINT headgate_1;SAVEPOINT headgate_1",
        "COMMIT",
    ]


async def test_a_part_knows_whether_it_was_used(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await ask(unit)
        async with unit.savepoint() as asking:
            assert not asking.is_touched
            await ask(unit)
            assert asking.is_touched
        async with unit.savepoint() as registering:
            assert not registering.is_touched
            unit.after_commit(lambda: None)
            assert registering.is_touched


async def test_a_part_after_a_swallowed_failure_fails_before_anything_is_built_on_it(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            async with unit.savepoint():
                with pytest.raises(asyncpg.UndefinedColumnError):
                    await unit.fetch_value("SELECT no_such_column")
                async with unit.savepoint():
                    await ask(unit)
        assert await ask(unit) == 1


async def test_undoing_a_part_keeps_those_that_ended_well_before_it(databases, tenant, sent):
    async with databases.tenant_scope(tenant) as unit:
        async with unit.savepoint():
            await ask(unit)
        with pytest.raises(ValueError, match="second"):
            async with unit.savepoint():
                await ask(unit)
                raise ValueError("second")
        async with unit.savepoint():
            await ask(unit)
    assert sent[1:] == [
        "RELEASE SAVEPOINT headgate_1;SAVEPOINT headgate_1",
        "ROLLBACK TO SAVEPOINT headgate_1;RELEASE SAVEPOINT headgate_1",
        "SAVEPOINT headgate_1",
        "COMMIT",
    ]
