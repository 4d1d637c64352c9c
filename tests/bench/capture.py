"""What a use case sends to PostgreSQL, taken down while it runs, and undone."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import asyncpg
import msgspec
from headgate_kernel.database.pool import ConnectionPool
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from headgate_sdk.context import Actor, Context

if TYPE_CHECKING:
    from headgate_kernel.database.pool import PooledConnection


class Sent(msgspec.Struct, frozen=True):
    """One message: a statement with its values, or several statements without any."""

    sql: str
    values: tuple[Any, ...]


class UndoneError(Exception):
    """Leaves the unit of work, so that nothing stays."""


class _ListeningPool(ConnectionPool):
    """A pool that takes down what is sent on its connections."""

    def __init__(self, pool: ConnectionPool) -> None:
        super().__init__(pool._pool, pool._dsn)
        self.sent: list[Sent] = []

    async def acquire(self) -> "PooledConnection":
        connection = await super().acquire()
        connection.add_query_logger(self._hear)
        return connection

    async def release(self, connection: "PooledConnection") -> None:
        connection.remove_query_logger(self._hear)
        await super().release(connection)

    def _hear(self, query: "asyncpg.connection.LoggedQuery") -> None:
        self.sent.append(Sent(query.query, tuple(query.args or ())))


@contextmanager
def _listening(kernel: Kernel) -> Iterator[_ListeningPool]:
    pool = kernel.databases.app
    listening = kernel.databases.app = _ListeningPool(pool)
    try:
        yield listening
    finally:
        kernel.databases.app = pool


async def capture(
    kernel: Kernel, tenant: Tenant, actor: Actor, use_case: Callable[[Context], Awaitable[object]]
) -> list[Sent]:
    """Run a use case and give what it sent, from BEGIN to the COMMIT that it would have ended with."""
    with _listening(kernel) as pool:
        with suppress(UndoneError):
            async with kernel.context(tenant, actor=actor) as ctx:
                await use_case(ctx)
                raise UndoneError
        sent = list(pool.sent)
    assert sent[-1].sql == "ROLLBACK"
    return [*sent[:-1], Sent("COMMIT", ())]
