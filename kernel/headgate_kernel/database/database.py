"""The two doors to the database: tenants' work and the platform's."""

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Self

from headgate_kernel.database.migrations import check_schema
from headgate_kernel.database.pool import ConnectionPool, open_pool
from headgate_kernel.database.server import DatabaseServer
from headgate_kernel.database.unit_of_work import UnitOfWork

if TYPE_CHECKING:
    from types import TracebackType

    from asyncpg.connection import LoggedQuery
    from headgate_sdk.ids import TenantId

    from headgate_kernel.database.migration_files import MigrationSource
    from headgate_kernel.database.settings import DatabaseSettings


class Databases:
    """The pools of one process.

    Args:
        server: what they are connected to.
        app: connections under row-level security.
        platform: connections of the platform, which sees all tenants.
    """

    __slots__ = ("app", "platform", "server")

    def __init__(self, server: DatabaseServer, app: ConnectionPool, platform: ConnectionPool) -> None:
        self.server = server
        self.app = app
        self.platform = platform

    @classmethod
    async def open(cls, settings: "DatabaseSettings", sources: "Sequence[MigrationSource]") -> Self:
        """Find or start the server, open the pools and check that the schema is what this code expects.

        Args:
            settings: where the database is.
            sources: every migration that this code knows.

        Raises:
            DatabaseError: what is wrong and what to do.
        """
        server = await DatabaseServer.start(settings)
        try:
            return await cls.connect(
                server, sources, most=settings.connections, most_platform=settings.platform_connections
            )
        except BaseException:
            await server.stop()
            raise

    @classmethod
    async def connect(
        cls,
        server: DatabaseServer,
        sources: "Sequence[MigrationSource]",
        *,
        most: int = 10,
        most_platform: int = 4,
    ) -> Self:
        """Open the pools on a server that runs.

        Raises:
            DatabaseError: what is wrong and what to do.
        """
        revive = server.revive if server.embedded is not None else None
        platform = await open_pool(
            server.platform, most=most_platform, application="headgate platform", revive=revive
        )
        try:
            await check_schema(platform, sources)
            app = await open_pool(server.app, most=most, application="headgate", revive=revive)
        except BaseException:
            await platform.close()
            raise
        return cls(server, app, platform)

    def open_tenant_scope(self, tenant_id: "TenantId") -> UnitOfWork:
        """Give one tenant's unit of work, to be ended by hand: `enter`, `commit` or `rollback`, `leave`.

        Takes no connection before its first query.
        """
        return UnitOfWork(self.app, tenant_id)

    def tenant_scope(self, tenant_id: "TenantId") -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction of one tenant; commits on a normal exit, rolls back on an exception."""
        return UnitOfWork(self.app, tenant_id)

    def platform_scope(self) -> AbstractAsyncContextManager[UnitOfWork]:
        """Open a transaction of the platform, which sees all tenants; for the kernel only.

        Inside a tenant's scope it is a transaction of its own, with an outcome of its own.
        """
        return UnitOfWork(self.platform, None)

    def on_statement(self, callback: "Callable[[LoggedQuery], None]") -> None:
        """Have `callback` called after each statement of both pools, with its text and time."""
        self.app.on_statement = self.platform.on_statement = callback

    async def close(self) -> None:
        """Close the pools and let go of the embedded server."""
        try:
            await self.app.close()
            await self.platform.close()
        finally:
            await self.server.stop()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: "TracebackType | None"
    ) -> None:
        await self.close()
