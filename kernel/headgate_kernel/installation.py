"""Bring an installation's database up: find or start it, migrate it, open it."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from headgate_kernel.config import Settings
from headgate_kernel.database.database import Databases
from headgate_kernel.database.migrations import migrate_server
from headgate_kernel.database.server import DatabaseServer
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.runtime import Kernel, database_settings, migration_sources

OnMigration = Callable[[str], None]


async def migrate_database(
    settings: Settings, host: PluginHost, on_migration: OnMigration = lambda _: None
) -> list[str]:
    """Bring the schema to what the installed code expects; gives the names of what was applied."""
    server = await DatabaseServer.start(database_settings(settings))
    try:
        return await _migrate(server, host, on_migration)
    finally:
        await server.stop()


@asynccontextmanager
async def database_ready(
    settings: Settings, host: PluginHost, on_migration: OnMigration = lambda _: None
) -> AsyncIterator[Kernel]:
    """Start or find the database, migrate it when this process may, and give an open kernel.

    Raises:
        DatabaseError: what is wrong and what to do.
    """
    server = await DatabaseServer.start(database_settings(settings))
    try:
        if server.admin is not None:
            await _migrate(server, host, on_migration)
        kernel = Kernel(settings, await Databases.connect(server, migration_sources(host)), host)
    except BaseException:
        await server.stop()
        raise
    try:
        yield kernel
    finally:
        await kernel.close()


async def _migrate(server: DatabaseServer, host: PluginHost, on_migration: OnMigration) -> list[str]:
    applied = await migrate_server(
        server, migration_sources(host), progress=lambda migration: on_migration(str(migration))
    )
    return [str(migration) for migration in applied]
