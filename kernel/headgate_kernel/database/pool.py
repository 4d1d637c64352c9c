"""Connections to PostgreSQL, and what goes wrong in getting one, told in words."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

import asyncpg
from headgate_sdk.i18n import N_

from headgate_kernel.database.address import describe_address
from headgate_kernel.database.errors import (
    DatabaseBusy,
    DatabaseError,
    DatabaseMissing,
    ServerTooOld,
    ServerUnreachable,
    SignInRefused,
)

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery
    from asyncpg.pool import PoolConnectionProxy

    Connection: TypeAlias = asyncpg.Connection[asyncpg.Record]
    Pool: TypeAlias = asyncpg.Pool[asyncpg.Record]
    PooledConnection: TypeAlias = PoolConnectionProxy[asyncpg.Record]

_logger = logging.getLogger(__name__)

OLDEST_SERVER = 15
CONNECT_SECONDS = 10.0
ACQUIRE_SECONDS = 30.0
CONNECTION_LOST = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a query sent between the server's last words and the end of the line
)
"""What a query raises when the server is gone."""
CONNECTION_ERRORS = (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
"""What opening a connection may raise; hand it to `explain`."""


class ScopedConnection(asyncpg.Connection):
    """A connection whose session is never changed, so that nothing needs a reset when it is given back.

    The tenant is set with SET LOCAL and ends with the transaction. asyncpg's RESET ALL costs as much as a
    query.
    """

    __slots__ = ()

    def get_reset_query(self) -> str:
        """Give no query: a transaction left open is rolled back all the same."""
        return ""


class ConnectionPool:
    """Connections of one role.

    Args:
        pool: asyncpg's pool.
        dsn: its address, for messages.
        revive: brings the server back when nothing answers; given for the embedded one.
    """

    def __init__(self, pool: "Pool", dsn: str, revive: Callable[[], Awaitable[None]] | None = None) -> None:
        self._pool = pool
        self._dsn = dsn
        self._revive = revive
        self.on_statement: Callable[[LoggedQuery], None] | None = None

    async def acquire(self) -> "PooledConnection":
        """Take a connection.

        Raises:
            DatabaseBusy: all have been in use for too long.
            ServerUnreachable: the server is gone.
        """
        try:
            return await self._acquire_once()
        except ServerUnreachable:
            if self._revive is None:
                raise
            _logger.warning("The embedded database does not answer; starting it again")
            await self._revive()
            return await self._acquire_once()

    async def _acquire_once(self) -> "PooledConnection":
        try:
            connection = await self._pool.acquire(timeout=ACQUIRE_SECONDS)
        except TimeoutError:
            raise DatabaseBusy(
                N_(
                    "No database connection came free within {seconds} seconds: all {size} are in "
                    "use. Look for "
                    "a request that waits for the network inside a transaction, or raise the pool's size."
                ),
                seconds=int(ACQUIRE_SECONDS),
                size=self._pool.get_max_size(),
            ) from None
        except CONNECTION_ERRORS as error:
            raise explain(error, self._dsn) from error
        if self.on_statement is not None:
            connection.add_query_logger(self.on_statement)
        return connection

    async def release(self, connection: "PooledConnection") -> None:
        """Give a connection back; a broken one is dropped and replaced at need."""
        try:
            await self._pool.release(connection)
        except CONNECTION_LOST as error:
            _logger.warning("A broken database connection was dropped: %s", error)

    def size(self) -> int:
        """Count the open connections."""
        return self._pool.get_size()

    def idle(self) -> int:
        """Count the open connections that nobody uses."""
        return self._pool.get_idle_size()

    async def close(self) -> None:
        """Close all connections; those in use are waited for, a little."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                await self._pool.close()
        except TimeoutError:
            self._pool.terminate()


async def open_pool(
    dsn: str, *, most: int, application: str, revive: Callable[[], Awaitable[None]] | None = None
) -> ConnectionPool:
    """Open a pool and make sure that its server answers and is new enough.

    Args:
        dsn: address with role and password.
        most: connections at most; each is opened at need and closed when long idle.
        application: shown in `pg_stat_activity`.
        revive: see `ConnectionPool`.

    Raises:
        DatabaseError: what is wrong and what to do.
    """
    try:
        pool = await asyncpg.create_pool(
            dsn,
            min_size=0,  # a floor would be restored in the background, loudly, while the server is away
            max_size=most,
            connection_class=ScopedConnection,
            timeout=CONNECT_SECONDS,
            server_settings={"application_name": application, "jit": "off", "timezone": "UTC"},
        )
    except (*CONNECTION_ERRORS, ValueError) as error:
        raise explain(error, dsn) from error
    try:
        async with pool.acquire() as connection:
            check_version(connection, dsn)
    except CONNECTION_ERRORS as error:
        pool.terminate()
        raise explain(error, dsn) from error
    except BaseException:
        pool.terminate()
        raise
    return ConnectionPool(pool, dsn, revive)


async def connect(dsn: str) -> "Connection":
    """Open one connection outside of any pool, for setting up.

    Raises:
        DatabaseError: what is wrong and what to do.
    """
    try:
        connection = await asyncpg.connect(dsn, timeout=CONNECT_SECONDS, server_settings={"jit": "off"})
    except (*CONNECTION_ERRORS, ValueError) as error:
        raise explain(error, dsn) from error
    try:
        check_version(connection, dsn)
    except BaseException:
        await connection.close()
        raise
    return connection


def check_version(connection: "Connection | PooledConnection", dsn: str) -> None:
    """Refuse a server that is too old.

    Raises:
        ServerTooOld: names both versions.
    """
    found = connection.get_server_version()
    if found.major < OLDEST_SERVER:
        raise ServerTooOld(
            N_(
                "PostgreSQL at {address} is version {found}; Headgate needs {oldest} or newer. "
                "Upgrade the server, "
                "or leave HEADGATE_DATABASE_URL unset to use the embedded one."
            ),
            address=describe_address(dsn),
            found=f"{found.major}.{found.minor}",
            oldest=OLDEST_SERVER,
        )


def explain(error: BaseException, dsn: str) -> DatabaseError:
    """Turn what the driver raised on connecting into words; the password is never among them."""
    address = describe_address(dsn)
    reason = str(error) or type(error).__name__
    if isinstance(error, asyncpg.InvalidPasswordError | asyncpg.InvalidAuthorizationSpecificationError):
        return SignInRefused(
            N_(
                "PostgreSQL at {address} refuses the sign-in: {reason}. Run `headgate db migrate` with an "
                "administrator's HEADGATE_DATABASE_URL to make or repair the roles, or set "
                "HEADGATE_APP_DATABASE_URL and HEADGATE_PLATFORM_DATABASE_URL."
            ),
            address=address,
            reason=reason,
        )
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        return DatabaseMissing(
            N_("PostgreSQL at {address} has no such database: {reason}. Create it, or correct the address."),
            address=address,
            reason=reason,
        )
    if isinstance(error, asyncpg.TooManyConnectionsError):
        return DatabaseBusy(
            N_(
                "PostgreSQL at {address} has no connection left: {reason}. Raise max_connections, "
                "or run fewer workers."
            ),
            address=address,
            reason=reason,
        )
    return ServerUnreachable(
        N_(
            "PostgreSQL at {address} does not answer: {reason}. Check that the server runs and that "
            "HEADGATE_DATABASE_URL is right, or leave it unset to use the embedded server."
        ),
        address=address,
        reason=reason,
    )
