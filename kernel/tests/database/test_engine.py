"""The traps of Piccolo's own transactions, on our engine; and its tables under a tenant's scope."""

import asyncio

import asyncpg
import pytest
from headgate_kernel.database.engine import HeadgateEngine, bind_tables
from headgate_kernel.database.errors import UnitOfWorkMisuse, WrongTask
from headgate_sdk.ids import new_id
from headgate_sdk.tables import NoTenantScope, TenantTable
from piccolo.columns import UUID, Text
from piccolo.query.methods.delete import DeletionError
from piccolo.query.methods.update import UpdateError
from piccolo.table import Table


class Note(TenantTable, Table, tablename="note"):
    id = UUID(primary_key=True, default=None)
    body = Text()
    parent_id = UUID(null=True, default=None)


ENGINE = HeadgateEngine()
bind_tables(ENGINE, [Note])


def note(body: str) -> Note:
    return Note(id=new_id(), body=body)


async def bodies(databases, tenant: int) -> list[str]:
    async with databases.tenant_scope(tenant):
        rows = await Note.select(Note.body).order_by(Note.body)
    return [row["body"] for row in rows]


async def test_a_table_writes_and_reads_in_its_tenant(databases, tenant, other_tenant):
    async with databases.tenant_scope(tenant):
        await note("a").save()
        await Note.insert(note("b"), note("c"))
        assert await Note.count() == 3
        assert await Note.exists().where(Note.body == "b")
        first = await Note.objects().where(Note.body == "a").first()
        assert first is not None
        assert first.tenant_id == tenant
        first.body = "changed"
        await first.save()
        await first.refresh()
        await Note.update({Note.body: "updated"}).where(Note.body == "b")
        await Note.delete().where(Note.body == "c")
    async with databases.tenant_scope(other_tenant):
        assert await Note.count() == 0
        assert not await Note.exists().where(Note.body == "updated")

    assert await bodies(databases, tenant) == ["changed", "updated"]


async def test_the_tenants_predicate_is_a_parameter_of_each_query(databases, tenant):
    async with databases.tenant_scope(tenant):
        queries = [
            Note.select(),
            Note.objects(),
            Note.count(),
            Note.exists(),
            Note.update({Note.body: "x"}),
            Note.delete(),
        ]
        for query in queries:
            sql, args = query.querystrings[0].compile_string(engine_type="postgres")
            assert '"tenant_id" = $' in sql
            assert tenant in args


async def test_changing_every_row_still_has_to_be_meant(databases, tenant):
    async with databases.tenant_scope(tenant):
        await Note.insert(note("a"), note("b"))
        with pytest.raises(DeletionError):
            await Note.delete()
        with pytest.raises(UpdateError):
            await Note.update({Note.body: "x"})
        await Note.update({Note.body: "x"}, force=True)
        assert await Note.count().where(Note.body == "x") == 2
        await Note.delete(force=True)
        assert await Note.count() == 0


async def test_a_table_outside_of_a_scope_is_refused_before_the_database():
    with pytest.raises(NoTenantScope):
        Note.select()
    with pytest.raises(NoTenantScope):
        note("x")
    with pytest.raises(NoTenantScope):
        await Note.raw("SELECT 1")


async def test_a_failed_inner_transaction_is_undone_alone(databases, tenant):
    async with databases.tenant_scope(tenant):
        await note("outer").save()
        with pytest.raises(asyncpg.NotNullViolationError):
            async with ENGINE.transaction():
                await note("inner").save()
                await Note.raw(
                    "INSERT INTO note (tenant_id, id, body) VALUES ({}, {}, NULL)", tenant, new_id()
                )
        async with ENGINE.transaction():
            await note("second inner").save()

    assert await bodies(databases, tenant) == ["outer", "second inner"]


async def test_atomic_is_a_savepoint_too(databases, tenant):
    async with databases.tenant_scope(tenant):
        await note("outer").save()
        failing = ENGINE.atomic()
        failing.add(
            Note.insert(note("inner")),
            Note.raw("INSERT INTO note (tenant_id, id) VALUES ({}, {})", tenant, new_id()),
        )
        with pytest.raises(asyncpg.NotNullViolationError):
            await failing.run()

    assert await bodies(databases, tenant) == ["outer"]


async def test_an_inner_transaction_does_not_outlive_its_unit_of_work(databases, tenant):
    with pytest.raises(ValueError, match="late"):
        async with databases.tenant_scope(tenant):
            async with ENGINE.transaction():
                await note("inner").save()
            raise ValueError("late")

    assert await bodies(databases, tenant) == []


async def test_after_a_failed_commit_the_next_scope_is_a_new_transaction(databases, tenant):
    for _ in range(3):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with databases.tenant_scope(tenant):
                await Note(id=new_id(), body="orphan", parent_id=new_id()).save()
        assert not ENGINE.transaction_exists()

    async with databases.tenant_scope(tenant):
        await note("new").save()
    assert await bodies(databases, tenant) == ["new"]


async def test_after_a_failed_gather_the_next_scope_commits(databases, tenant):
    with pytest.raises(WrongTask):
        async with databases.tenant_scope(tenant):
            await note("first").save()
            await asyncio.gather(note("second").save().run(), Note.raw("SELECT 1 / 0").run())

    async with databases.tenant_scope(tenant):
        await note("afterwards").save()
    assert await bodies(databases, tenant) == ["afterwards"]


async def test_ways_around_the_unit_of_work_are_closed(databases, tenant):
    async with databases.tenant_scope(tenant):
        with pytest.raises(UnitOfWorkMisuse, match="migrations"):
            await Note.create_table()
        with pytest.raises(UnitOfWorkMisuse, match="batch"):
            await Note.select().batch()
        with pytest.raises(UnitOfWorkMisuse):
            await ENGINE.get_new_connection()
        with pytest.raises(UnitOfWorkMisuse):
            await ENGINE.start_connection_pool()
    with pytest.raises(NoTenantScope):
        async with ENGINE.transaction():
            pass
