import asyncio
from uuid import UUID

import asyncpg
import msgspec
import pytest
from headgate_kernel.database.database import Databases
from headgate_kernel.database.errors import (
    ScopeNotAllowed,
    TransactionBroken,
    UnitOfWorkClosed,
    UnitOfWorkMisuse,
    WrongTask,
)
from headgate_kernel.database.pool import CONNECTION_LOST
from headgate_kernel.database.unit_of_work import UnitOfWork, current_unit_of_work
from headgate_sdk.ids import new_id
from headgate_sdk.tables import NoTenantScope, current_tenant_id

INSERT = "INSERT INTO note (tenant_id, id, body) VALUES ($1, $2, $3)"
ORPHAN = "INSERT INTO note (tenant_id, id, body, parent_id) VALUES ($1, $2, 'orphan', $3)"
BODIES = "SELECT body FROM note WHERE tenant_id = $1 ORDER BY body"


async def write(unit: UnitOfWork, tenant: int, body: str) -> UUID:
    note = new_id()
    await unit.execute(INSERT, tenant, note, body)
    return note


async def bodies(databases: Databases, tenant: int) -> list[str]:
    async with databases.tenant_scope(tenant) as unit:
        return [row["body"] for row in await unit.fetch(BODIES, tenant)]


async def both_connections_work(databases: Databases, tenant: int) -> None:
    """Use as many scopes at once as the pool has connections: fails when one was leaked."""

    async def one() -> int:
        async with asyncio.timeout(5), databases.tenant_scope(tenant) as unit:
            await unit.fetch_value("SELECT pg_sleep(0.02)")
            return await unit.fetch_value("SELECT current_setting('headgate.tenant_id')::int")

    assert await asyncio.gather(one(), one()) == [tenant, tenant]


async def test_a_scope_commits_at_its_normal_exit(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "kept")

    assert await bodies(databases, tenant) == ["kept"]


async def test_an_exception_undoes_everything(databases, tenant):
    with pytest.raises(ValueError, match="no"):
        async with databases.tenant_scope(tenant) as unit:
            await write(unit, tenant, "gone")
            raise ValueError("no")

    assert await bodies(databases, tenant) == []


async def test_rows_come_as_records_values_and_structs(databases, tenant):
    class Note(msgspec.Struct):
        id: UUID
        body: str

    async with databases.tenant_scope(tenant) as unit:
        note = await write(unit, tenant, "a")
        await unit.execute_many(INSERT, [(tenant, new_id(), "b"), (tenant, new_id(), "c")])
        row = await unit.fetch_row("SELECT id, body FROM note WHERE tenant_id = $1 AND id = $2", tenant, note)
        count = await unit.fetch_value("SELECT count(*) FROM note WHERE tenant_id = $1", tenant)
        structs = await unit.fetch_as(
            Note, "SELECT id, body FROM note WHERE tenant_id = $1 ORDER BY body", tenant
        )
        nothing = await unit.fetch_row("SELECT 1 FROM note WHERE tenant_id = $1 AND body = 'z'", tenant)

    assert row is not None
    assert (row[0], row["body"]) == (note, "a")
    assert count == 3
    assert [one.body for one in structs] == ["a", "b", "c"]
    assert structs[0] == Note(note, "a")
    assert nothing is None


async def test_a_scope_without_queries_takes_no_connection(databases, tenant):
    units = [databases.open_tenant_scope(tenant) for _ in range(20)]  # the pool has two

    for unit in units:
        unit.enter()
        await unit.commit()
        unit.leave()

    await both_connections_work(databases, tenant)


async def test_a_failed_savepoint_undoes_its_part_alone(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "before")
        with pytest.raises(asyncpg.NotNullViolationError):
            async with unit.savepoint():
                await write(unit, tenant, "inside")
                await unit.execute(INSERT, tenant, new_id(), None)
        await write(unit, tenant, "after")

    assert await bodies(databases, tenant) == ["after", "before"]


async def test_savepoints_nest(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        async with unit.savepoint():
            await write(unit, tenant, "outer")
            with pytest.raises(ValueError, match="inner"):
                async with unit.savepoint():
                    await write(unit, tenant, "inner")
                    raise ValueError("inner")
        async with unit.savepoint():
            await write(unit, tenant, "second")

    assert await bodies(databases, tenant) == ["outer", "second"]


async def test_an_outer_savepoint_undoes_the_inner_one(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        with pytest.raises(ValueError, match="outer"):
            async with unit.savepoint():
                async with unit.savepoint():
                    await write(unit, tenant, "inner")
                raise ValueError("outer")

    assert await bodies(databases, tenant) == []


async def test_an_error_swallowed_in_a_savepoint_is_not_taken_for_success(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "before")
        with pytest.raises(asyncpg.InFailedSQLTransactionError):
            async with unit.savepoint():
                with pytest.raises(asyncpg.NotNullViolationError):
                    await unit.execute(INSERT, tenant, new_id(), None)

    assert await bodies(databases, tenant) == ["before"]


async def test_an_error_at_commit_is_raised_and_leaks_no_connection(databases, tenant):
    for _ in range(4):  # two of these emptied a pool of two under Piccolo's own transaction
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            async with databases.tenant_scope(tenant) as unit:
                await unit.execute(ORPHAN, tenant, new_id(), new_id())

    with pytest.raises(NoTenantScope):
        current_unit_of_work()
    assert await bodies(databases, tenant) == []
    await both_connections_work(databases, tenant)


async def test_a_swallowed_error_cannot_be_committed_as_success(databases, tenant):
    with pytest.raises(TransactionBroken, match="Nothing was saved"):
        async with databases.tenant_scope(tenant) as unit:
            await write(unit, tenant, "lost")
            with pytest.raises(asyncpg.NotNullViolationError):
                await unit.execute(INSERT, tenant, new_id(), None)

    assert await bodies(databases, tenant) == []
    await both_connections_work(databases, tenant)


async def test_queries_of_other_tasks_are_refused_and_the_next_scope_commits(databases, tenant):
    with pytest.raises(WrongTask):
        async with databases.tenant_scope(tenant) as unit:
            await write(unit, tenant, "first")
            await asyncio.gather(write(unit, tenant, "second"), write(unit, tenant, "third"))

    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "afterwards")

    assert await bodies(databases, tenant) == ["afterwards"]
    await both_connections_work(databases, tenant)


async def test_a_task_started_inside_cannot_use_the_scope_nor_end_it(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "kept")
        for action in (unit.commit, unit.rollback, unit.savepoint().__aenter__):
            with pytest.raises(WrongTask):
                await asyncio.create_task(action())

    assert await bodies(databases, tenant) == ["kept"]


async def test_a_task_of_its_own_may_open_a_scope_of_its_own(databases, tenant, other_tenant):
    async def background() -> None:
        async with databases.tenant_scope(other_tenant) as unit:
            await write(unit, other_tenant, "background")

    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "request")
        await asyncio.create_task(background())
        assert current_tenant_id() == tenant

    assert await bodies(databases, tenant) == ["request"]
    assert await bodies(databases, other_tenant) == ["background"]


async def test_a_query_after_the_end_is_refused(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "kept")

    with pytest.raises(UnitOfWorkClosed):
        await unit.fetch("SELECT 1")
    with pytest.raises(UnitOfWorkClosed):
        await unit.commit()


async def test_a_scope_is_not_entered_twice(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        pass

    with pytest.raises(UnitOfWorkClosed):
        unit.enter()


async def test_a_query_before_entering_is_refused(databases, tenant):
    with pytest.raises(UnitOfWorkMisuse, match="not been entered"):
        await databases.open_tenant_scope(tenant).fetch("SELECT 1")


async def test_the_tenant_cannot_be_switched_inside(databases, tenant, other_tenant):
    async with databases.tenant_scope(tenant) as unit:
        with pytest.raises(ScopeNotAllowed, match="switched"):
            async with databases.tenant_scope(other_tenant):
                pass
        with pytest.raises(ScopeNotAllowed, match="savepoint"):
            async with databases.tenant_scope(tenant):
                pass
        await write(unit, tenant, "still works")

    assert await bodies(databases, tenant) == ["still works"]


async def test_the_platform_may_be_entered_from_a_tenant_but_not_the_other_way_round(databases, tenant):
    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "uncommitted")
        async with databases.platform_scope() as platform:
            assert await platform.fetch_value("SELECT count(*) FROM note WHERE tenant_id = $1", tenant) == 0
            with pytest.raises(NoTenantScope):
                current_tenant_id()
            with pytest.raises(ScopeNotAllowed):
                async with databases.tenant_scope(tenant):
                    pass
            with pytest.raises(ScopeNotAllowed):
                async with databases.platform_scope():
                    pass
        assert current_tenant_id() == tenant
        assert current_unit_of_work() is unit


async def test_code_that_ends_the_transaction_itself_is_told(databases, tenant):
    with pytest.raises(TransactionBroken, match="by itself"):
        async with databases.tenant_scope(tenant) as unit:
            await write(unit, tenant, "a")
            await unit.execute("ROLLBACK")

    with pytest.raises(TransactionBroken, match="by itself"):
        async with databases.tenant_scope(tenant) as unit:
            await unit.fetch("COMMIT")
            await unit.fetch("SELECT 1")

    assert await bodies(databases, tenant) == []
    await both_connections_work(databases, tenant)


async def test_callbacks_run_after_commit_only(databases, tenant):
    rung: list[str] = []
    async with databases.tenant_scope(tenant) as unit:
        unit.after_commit(lambda: rung.append("committed"))
        with pytest.raises(ValueError, match="part"):
            async with unit.savepoint():
                unit.after_commit(lambda: rung.append("undone part"))
                raise ValueError("part")
        async with unit.savepoint():
            unit.after_commit(lambda: rung.append("kept part"))
        assert rung == []
    with pytest.raises(ValueError, match="all"):
        async with databases.tenant_scope(tenant) as unit:
            unit.after_commit(lambda: rung.append("rolled back"))
            raise ValueError("all")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        async with databases.tenant_scope(tenant) as unit:
            unit.after_commit(lambda: rung.append("failed commit"))
            await unit.execute(ORPHAN, tenant, new_id(), new_id())

    assert rung == ["committed", "kept part"]


async def test_a_failing_callback_does_not_stop_the_others(databases, tenant, caplog):
    rung: list[str] = []
    async with databases.tenant_scope(tenant) as unit:
        await write(unit, tenant, "saved")
        unit.after_commit(lambda: 1 // 0)
        unit.after_commit(lambda: rung.append("second"))

    assert rung == ["second"]
    assert "the data is saved" in caplog.text


async def test_explicit_commit_and_leave_serve_a_middleware(databases, tenant):
    unit = databases.open_tenant_scope(tenant)
    unit.enter()
    try:
        await write(current_unit_of_work(), tenant, "by hand")
        await unit.commit()
        with pytest.raises(UnitOfWorkClosed):
            await unit.fetch("SELECT 1")
    finally:
        await unit.rollback()
        unit.leave()
        unit.leave()

    with pytest.raises(NoTenantScope):
        current_tenant_id()
    assert await bodies(databases, tenant) == ["by hand"]


async def test_a_cancelled_request_gives_its_connection_back(databases, tenant):
    async def slow() -> None:
        async with databases.tenant_scope(tenant) as unit:
            await write(unit, tenant, "cancelled")
            await unit.fetch("SELECT pg_sleep(30)")

    for _ in range(3):
        task = asyncio.create_task(slow())
        await asyncio.sleep(0.05)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    assert await bodies(databases, tenant) == []
    await both_connections_work(databases, tenant)


async def test_a_lost_connection_is_reported_and_replaced(databases, tenant):
    with pytest.raises(CONNECTION_LOST):
        async with databases.tenant_scope(tenant) as unit:
            process = await unit.fetch_value("SELECT pg_backend_pid()")
            admin = await asyncpg.connect(databases.server.admin)
            await admin.execute("SELECT pg_terminate_backend($1)", process)
            await admin.close()
            await write(unit, tenant, "lost")

    assert await bodies(databases, tenant) == []
    await both_connections_work(databases, tenant)
