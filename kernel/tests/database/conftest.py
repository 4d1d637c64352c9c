import itertools
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from headgate_kernel.database.database import Databases
from headgate_kernel.database.migrations import MigrationSource, migrate_server
from headgate_kernel.database.server import DatabaseServer
from headgate_sdk.testing.server import clone_database, drop_clone, open_temporary_folder, postgres_server

SOURCES = [MigrationSource(name="kernel", folder=Path(__file__).parent / "schema")]
_tenants = itertools.count(101)
_clones = itertools.count(1)


@pytest.fixture(scope="session")
async def server() -> AsyncIterator[DatabaseServer]:
    """An empty database, the template of the others."""
    async with postgres_server() as empty:
        yield empty


@pytest.fixture(scope="session")
async def databases(server: DatabaseServer) -> AsyncIterator[Databases]:
    """A migrated database with a pool of two: a leaked connection shows at once."""
    clone = await clone_database(server, f"{server.database}_notes")
    await migrate_server(clone, SOURCES)
    opened = await Databases.connect(clone, SOURCES, most=2, most_platform=2)
    yield opened
    await opened.app.close()
    await opened.platform.close()
    await drop_clone(clone)


@pytest.fixture
async def empty_database(server: DatabaseServer) -> AsyncIterator[DatabaseServer]:
    """A database of its own for a test that changes the schema."""
    clone = await clone_database(server, f"{server.database}_{next(_clones)}")
    yield clone
    await drop_clone(clone)


@pytest.fixture
def tenant() -> int:
    """A tenant that no other test has used."""
    return next(_tenants)


@pytest.fixture
def other_tenant() -> int:
    return next(_tenants)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the database's account can reach; pytest's own is closed to it when we are root."""
    made = open_temporary_folder()
    yield made
    shutil.rmtree(made, ignore_errors=True)
