import asyncio

import asyncpg
import pytest
from headgate_kernel.database.database import Databases
from headgate_kernel.database.errors import (
    BadDatabaseAddress,
    IsolationBroken,
    MigrationChanged,
    MigrationFailed,
    SchemaPending,
    SchemaTooNew,
)
from headgate_kernel.database.migration_files import read_migrations
from headgate_kernel.database.migrations import MigrationSource, migrate, migrate_server
from headgate_kernel.database.pool import connect
from headgate_kernel.database.server import DatabaseServer


def source(path, name: str, *requires: str, **files: str) -> MigrationSource:
    """Write a source's files, `_0001_init="..."`, and describe it."""
    folder = path / name
    folder.mkdir(exist_ok=True)
    for file, sql in files.items():
        (folder / f"{file[1:]}.sql").write_text(sql, encoding="utf-8")
    return MigrationSource(name=name, requires=requires, folder=folder)


def table(name: str) -> str:
    return (
        f"CREATE TABLE {name} (tenant_id integer NOT NULL, id uuid NOT NULL, PRIMARY KEY (tenant_id, id));"
        f"SELECT headgate_protect('{name}'); -- the last line may be a comment"
    )


async def tables(server: DatabaseServer) -> set[str]:
    connection = await connect(server.admin)
    try:
        rows = await connection.fetch(
            "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 't\\_%'"
        )
    finally:
        await connection.close()
    return {row[0] for row in rows}


async def test_what_is_required_runs_first_and_nothing_runs_twice(empty_database, tmp_path):
    sources = [
        source(tmp_path, "mall", "trade", _0001_init=f"SELECT 't_trade'::regclass; {table('t_mall')}"),
        source(tmp_path, "trade", "kernel", _0001_init=table("t_trade"), _0002_more=table("t_more")),
        source(tmp_path, "kernel", _0001_init=table("t_kernel")),
    ]

    seen: list[str] = []
    applied = await migrate_server(empty_database, sources, progress=lambda one: seen.append(str(one)))
    again = await migrate_server(empty_database, sources)

    assert [str(one) for one in applied] == [
        "kernel/0001_init",
        "trade/0001_init",
        "trade/0002_more",
        "mall/0001_init",
    ]
    assert seen == [str(one) for one in applied]
    assert again == []
    assert await tables(empty_database) == {"t_kernel", "t_trade", "t_more", "t_mall"}


async def test_two_plugins_may_name_their_files_alike(empty_database, tmp_path):
    applied = await migrate_server(
        empty_database,
        [
            source(tmp_path, "one", _0001_init=table("t_one")),
            source(tmp_path, "two", _0001_init=table("t_two")),
        ],
    )

    assert len(applied) == 2
    assert await tables(empty_database) == {"t_one", "t_two"}


async def test_two_starters_at_once_run_each_file_once(empty_database, tmp_path):
    sources = [source(tmp_path, "kernel", **{f"_000{n}_step": table(f"t_{n}") for n in range(1, 6)})]

    rounds = await asyncio.gather(*(migrate_server(empty_database, sources) for _ in range(3)))

    assert sorted(len(applied) for applied in rounds) == [0, 0, 5]


async def test_a_failing_file_leaves_nothing_and_names_its_line(empty_database, tmp_path):
    bad = f"{table('t_half')}\n\nSELECT nonsense FROM nowhere;"
    sources = [source(tmp_path, "kernel", _0001_init=table("t_whole"), _0002_bad=bad)]

    with pytest.raises(MigrationFailed, match=r"kernel/0002_bad failed in line 3: .*nowhere"):
        await migrate_server(empty_database, sources)
    assert await tables(empty_database) == {"t_whole"}

    source(tmp_path, "kernel", _0002_bad=table("t_mended"))
    applied = await migrate_server(empty_database, sources)
    assert [one.name for one in applied] == ["0002_bad"]


async def test_a_file_that_was_changed_after_it_ran_is_refused(empty_database, tmp_path):
    sources = [source(tmp_path, "kernel", _0001_init=table("t_a"))]
    await migrate_server(empty_database, sources)
    source(tmp_path, "kernel", _0001_init=table("t_a") + " ")

    with pytest.raises(MigrationChanged, match="kernel/0001_init was changed"):
        await migrate_server(empty_database, sources)


async def test_data_of_a_newer_version_is_refused(empty_database, tmp_path):
    newer = [source(tmp_path, "kernel", _0001_init=table("t_a"), _0002_future=table("t_b"))]
    await migrate_server(empty_database, newer)
    (tmp_path / "kernel" / "0002_future.sql").unlink()

    with pytest.raises(SchemaTooNew, match="newer Headgate: it has run kernel/0002_future"):
        await migrate_server(empty_database, newer)
    with pytest.raises(SchemaTooNew):
        await Databases.connect(empty_database, newer)


async def test_opening_says_that_migrations_are_pending(empty_database, tmp_path):
    sources = [source(tmp_path, "kernel", _0001_init=table("t_a"))]
    await migrate_server(empty_database, [source(tmp_path, "other")])
    with pytest.raises(SchemaPending, match=r"kernel/0001_init.*headgate db migrate"):
        await Databases.connect(empty_database, sources)

    await migrate_server(empty_database, sources)
    opened = await Databases.connect(empty_database, sources)
    await opened.app.close()
    await opened.platform.close()


async def test_a_plugin_that_was_taken_out_keeps_its_tables(empty_database, tmp_path):
    kernel, plugin = (
        source(tmp_path, "kernel", _0001_a=table("t_a")),
        source(tmp_path, "plugin", _0001_b=table("t_b")),
    )
    await migrate_server(empty_database, [kernel, plugin])

    assert await migrate_server(empty_database, [kernel]) == []
    assert await tables(empty_database) == {"t_a", "t_b"}


async def test_a_table_in_use_is_waited_for_in_short_turns(empty_database, tmp_path):
    sources = [source(tmp_path, "kernel", _0001_init=table("t_a"))]
    await migrate_server(empty_database, sources)
    source(tmp_path, "kernel", _0002_alter="ALTER TABLE t_a ADD COLUMN note text")
    holder = await asyncpg.connect(empty_database.admin)
    await holder.execute("BEGIN; LOCK TABLE t_a IN ACCESS SHARE MODE")

    running = asyncio.create_task(migrate_server(empty_database, sources))
    await asyncio.sleep(0.6)  # three turns of 200 ms
    assert not running.done()
    await holder.execute("COMMIT")
    await holder.close()

    assert [one.name for one in await running] == ["0002_alter"]


async def test_a_file_works_on_the_rows_of_all_tenants(empty_database, tmp_path):
    fill = (
        "INSERT INTO t_a SELECT n, gen_random_uuid() FROM generate_series(1, 3) n;"
        "ALTER TABLE t_a ADD COLUMN parent uuid;"
        "UPDATE t_a SET parent = id;"
        "ALTER TABLE t_a ADD CONSTRAINT t_a_parent FOREIGN KEY (tenant_id, parent) REFERENCES t_a "
        "(tenant_id, id)"
    )
    await migrate_server(
        empty_database, [source(tmp_path, "kernel", _0001_init=table("t_a"), _0002_fill=fill)]
    )

    connection = await connect(empty_database.admin)
    assert await connection.fetchval("SELECT count(*) FROM t_a WHERE parent = id") == 3
    assert (
        await connection.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = 't_a'")
        == "headgate_owner"
    )
    await connection.close()


async def test_a_new_reference_is_checked_against_the_rows_of_all_tenants(empty_database, tmp_path):
    bad = (
        "INSERT INTO t_a VALUES (5, gen_random_uuid(), gen_random_uuid());"
        "ALTER TABLE t_a ADD CONSTRAINT t_a_parent FOREIGN KEY (tenant_id, parent) REFERENCES t_a "
        "(tenant_id, id)"
    )
    files = {
        "_0001_init": table("t_a"),
        "_0002_column": "ALTER TABLE t_a ADD COLUMN parent uuid",
        "_0003_bad": bad,
    }

    with pytest.raises(MigrationFailed, match="t_a_parent"):
        await migrate_server(empty_database, [source(tmp_path, "kernel", **files)])


async def test_a_schema_that_mixes_tenants_is_refused(empty_database, tmp_path):
    bad = "CREATE TABLE t_bad (id int PRIMARY KEY); GRANT SELECT ON t_bad TO headgate_app"

    with pytest.raises(IsolationBroken, match=r"t_bad: headgate_app may use it, but it has no tenant_id"):
        await migrate_server(empty_database, [source(tmp_path, "kernel", _0001_bad=bad)])


async def test_migrating_needs_an_administrator():
    server = DatabaseServer(admin=None, app="postgresql://a@h/d", platform="postgresql://b@h/d")

    with pytest.raises(BadDatabaseAddress, match="HEADGATE_DATABASE_URL"):
        await migrate_server(server, [])


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"_1_short": "SELECT 1"}, "misnamed"),
        ({"_0001_a": "SELECT 1", "_0001_b": "SELECT 1"}, "same number"),
        ({"_0001_a": "SELECT 1;\nCOMMIT;\nSELECT 2"}, "begins or ends a transaction"),
    ],
)
def test_a_badly_written_file_is_named(tmp_path, files, words):
    with pytest.raises(MigrationFailed, match=words):
        read_migrations([source(tmp_path, "kernel", **files)])


def test_unknown_and_circular_requirements_are_named(tmp_path):
    with pytest.raises(MigrationFailed, match="a require nowhere"):
        read_migrations([source(tmp_path, "a", "nowhere")])
    with pytest.raises(MigrationFailed, match="circle"):
        read_migrations([source(tmp_path, "a", "b"), source(tmp_path, "b", "a")])


async def test_a_changed_role_is_mended(empty_database):
    connection = await connect(empty_database.admin)
    try:
        await connection.execute("ALTER ROLE headgate_app BYPASSRLS CREATEDB")
        await migrate(empty_database.admin, [], secret_key=empty_database.secret_key)
        row = await connection.fetchrow(
            "SELECT rolbypassrls, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = 'headgate_app'"
        )
    finally:
        await connection.close()
    assert tuple(row) == (False, False, True)
