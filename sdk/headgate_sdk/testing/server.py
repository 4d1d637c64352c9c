"""A real PostgreSQL for tests: the one that HEADGATE_TEST_DATABASE_URL names, or an embedded one of our own.

Make one server and one migrated database for a session, then either a fresh tenant for each test (row-level
security keeps them apart) or, where a test changes the schema, a copy by `clone_database`.
"""

import asyncio
import os
import secrets
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from headgate_kernel.database.address import check_address, with_database
from headgate_kernel.database.embedded import EmbeddedServer
from headgate_kernel.database.server import DatabaseServer, create_database, drop_database

TEST_SECRET_KEY = b"the secret of test installations"


@asynccontextmanager
async def postgres_server() -> AsyncIterator[DatabaseServer]:
    """Give a server with an empty database, which is thrown away at the end."""
    configured = os.environ.get("HEADGATE_TEST_DATABASE_URL")
    if configured:
        async with _configured_server(
            check_address(configured, setting="HEADGATE_TEST_DATABASE_URL")
        ) as server:
            yield server
    else:
        async with _embedded_server() as server:
            yield server


@asynccontextmanager
async def _configured_server(admin: str) -> AsyncIterator[DatabaseServer]:
    name = f"headgate_test_{secrets.token_hex(6)}"
    await create_database(admin, name)
    try:
        yield DatabaseServer.at(with_database(admin, name), TEST_SECRET_KEY)
    finally:
        await drop_database(admin, name)


@asynccontextmanager
async def _embedded_server() -> AsyncIterator[DatabaseServer]:
    with_folder = open_temporary_folder()
    embedded = EmbeddedServer(with_folder / "database")
    try:
        await asyncio.to_thread(embedded.start)
        try:
            await create_database(embedded.dsn("postgres"), "headgate_test")
            yield DatabaseServer.on_embedded(embedded, "headgate_test")
        finally:
            await asyncio.to_thread(embedded.stop)
    finally:
        shutil.rmtree(with_folder, ignore_errors=True)


def open_temporary_folder() -> Path:
    """Make a temporary folder that the database's account can pass through, also when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="headgate-"))
    folder.chmod(0o755)
    return folder


async def clone_database(template: DatabaseServer, name: str) -> DatabaseServer:
    """Copy a database on its server; nobody may be connected to the template meanwhile.

    Args:
        template: the database to copy.
        name: of the copy.

    Returns:
        The copy's addresses. Drop it with `drop_clone`.
    """
    assert template.admin is not None
    await create_database(with_database(template.admin, "postgres"), name, template=template.database)
    return template.on_database(name)


async def drop_clone(clone: DatabaseServer) -> None:
    """Drop a database that `clone_database` made; whoever is still connected is cut off."""
    assert clone.admin is not None
    await drop_database(with_database(clone.admin, "postgres"), clone.database)
