"""One transaction for each request or job, opened and ended by the kernel.

A unit of work takes a connection at its first query and sends `BEGIN` together with the tenant in one
message, so that a request which asks nothing costs nothing. It gives the connection back whatever happens,
also when COMMIT itself fails. Savepoints are real, and sent with the first query inside them. It belongs to
the task that opened it: two tasks on one connection would see, and undo, each other's half-done work.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import asyncpg
from headgate_sdk.tables import NoTenantScope

from headgate_kernel.database.errors import TransactionBroken, UnitOfWorkMisuse
from headgate_kernel.database.pool import CONNECTION_LOST
from headgate_kernel.database.savepoints import Savepoint, SavepointLedger
from headgate_kernel.database.scope import Scope, ScopeState, current_scope

if TYPE_CHECKING:
    from headgate_sdk.database import Record
    from headgate_sdk.ids import TenantId

    from headgate_kernel.database.pool import ConnectionPool, PooledConnection

S = TypeVar("S")

_logger = logging.getLogger(__name__)


def current_unit_of_work() -> "UnitOfWork":
    """Give the unit of work that this code runs in.

    Raises:
        NoTenantScope: there is none.
    """
    unit = current_scope.get()
    if not isinstance(unit, UnitOfWork):
        raise NoTenantScope(
            "This query runs outside of any unit of work. Open `database.tenant_scope(tenant_id)` "
            "or `database.platform_scope()` around it."
        )
    return unit


def has_unit_of_work() -> bool:
    """Tell whether this code runs in a unit of work."""
    return current_scope.get() is not None


class UnitOfWork(Scope):
    """A transaction in a scope: of one tenant, or of the platform.

    Use it as a context manager (commits on a normal exit, rolls back on an exception), or call `enter`, then
    `commit` or `rollback`, then `leave` in a `finally`.

    Args:
        pool: where the connection comes from; the pool's role decides what may be seen.
        tenant_id: the tenant whose rows are visible; None for the platform.
    """

    __slots__ = ("_after_commit", "_connection", "_ledger", "_pool")

    def __init__(self, pool: "ConnectionPool", tenant_id: "TenantId | None") -> None:
        super().__init__(tenant_id)
        self._pool = pool
        self._connection: PooledConnection | None = None
        self._ledger = SavepointLedger()
        self._after_commit: list[Callable[[], object]] = []

    async def __aenter__(self) -> Self:
        self.enter()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if self._state is ScopeState.ENDED:
                return
            if error is None:
                await self.commit()
            else:
                await self.rollback()
        finally:
            self.leave()

    # -- end -----------------------------------------------------------------------------------------------

    def after_commit(self, callback: Callable[[], object]) -> None:
        """Have `callback` called once the transaction is committed, and not otherwise.

        It must return at once (set an event, drop a cache entry): it runs before the answer is sent. One
        registered in a savepoint that is undone is forgotten.
        """
        self._check_usable()
        self._after_commit.append(callback)

    async def commit(self) -> None:
        """Commit, give the connection back, then run the callbacks.

        Raises:
            TransactionBroken: a statement had failed and the failure was swallowed: nothing was saved.
            asyncpg.PostgresError: what the database objects to at the end, such as a deferred constraint.
        """
        self._check_usable()
        if self._ledger.depth:
            raise UnitOfWorkMisuse("A savepoint is still open: leave it before the transaction is committed.")
        self._state = ScopeState.ENDED
        connection = self._connection
        if connection is not None:
            try:
                self._check_in_transaction(connection)
                answer = await connection.execute("COMMIT")
            finally:
                await self._release()
            if answer != "COMMIT":
                raise TransactionBroken(
                    "Nothing was saved: a statement of this transaction had failed and its error was "
                    "swallowed. "
                    "Put what may fail into `async with db.savepoint()` and catch the error around it."
                )
        for callback in self._after_commit:
            try:
                callback()
            except Exception:
                _logger.exception("A callback after commit failed; the data is saved")

    async def rollback(self) -> None:
        """Undo everything and give the connection back."""
        self._check_owner()
        if self._state is ScopeState.ENDED:
            return
        self._state = ScopeState.ENDED
        connection = self._connection
        if connection is None:
            return
        try:
            if connection.is_in_transaction():
                # A connection that is lost has nothing left to undo: the error that led here matters more.
                with suppress(*CONNECTION_LOST):
                    await connection.execute("ROLLBACK")
        finally:
            await self._release()

    async def _release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await self._pool.release(connection)

    # -- queries -------------------------------------------------------------------------------------------

    async def fetch(self, sql: str, /, *args: object) -> "list[Record]":
        """Run a query and give its rows."""
        connection = await self._ready()
        try:
            return cast("list[Record]", await connection.fetch(sql, *args))
        except BaseException:
            self._ledger.failed = True
            raise

    async def fetch_row(self, sql: str, /, *args: object) -> "Record | None":
        """Run a query and give its first row."""
        connection = await self._ready()
        try:
            return cast("Record | None", await connection.fetchrow(sql, *args))
        except BaseException:
            self._ledger.failed = True
            raise

    async def fetch_value(self, sql: str, /, *args: object) -> Any:
        """Run a query and give the first column of its first row."""
        row = await self.fetch_row(sql, *args)
        return None if row is None else row[0]

    async def fetch_as(self, struct_type: type[S], sql: str, /, *args: object) -> list[S]:
        """Run a query and make `struct_type(*row)` of each row."""
        make = cast("Callable[..., S]", struct_type)
        return [make(*row) for row in await self.fetch(sql, *args)]

    async def execute(self, sql: str, /, *args: object) -> str:
        """Run a statement and give its command tag."""
        connection = await self._ready()
        try:
            tag = await connection.execute(sql, *args)
        except BaseException:
            self._ledger.failed = True
            raise
        self._check_in_transaction(connection)
        return tag

    async def execute_many(self, sql: str, rows: Iterable[Sequence[object]], /) -> None:
        """Run one statement for many rows."""
        connection = await self._ready()
        try:
            await connection.executemany(sql, rows)
        except BaseException:
            self._ledger.failed = True
            raise

    async def connection(self) -> "PooledConnection":
        """Give the driver's connection in this transaction, for what `Database` does not have: COPY."""
        return await self._ready()

    def savepoint(self) -> Savepoint:
        """Give a part that can fail alone."""
        return Savepoint(self._ledger, self._after_commit, self._checked_connection)

    async def _ready(self) -> "PooledConnection":
        """Give the connection, having sent what goes before the next query."""
        connection = self._checked_connection()
        if connection is None:
            connection = await self._begin()
        elif unsent := self._ledger.to_send():
            await connection.execute(unsent)
            self._ledger.was_sent()
        return connection

    async def _begin(self) -> "PooledConnection":
        begin = (
            "BEGIN" if self.tenant_id is None else f"BEGIN;SET LOCAL headgate.tenant_id={self.tenant_id:d}"
        )
        if unsent := self._ledger.to_send():
            begin = f"{begin};{unsent}"
        connection = await self._pool.acquire()
        try:
            await connection.execute(begin)
        except BaseException:
            await self._pool.release(connection)
            raise
        self._connection = connection
        self._ledger.was_sent()
        return connection

    # -- guards --------------------------------------------------------------------------------------------

    def _checked_connection(self) -> "PooledConnection | None":
        """Give the connection if there is one yet, and insist that it can be used."""
        self._check_usable()
        if self._connection is not None:
            self._check_in_transaction(self._connection)
        return self._connection

    def _check_in_transaction(self, connection: "PooledConnection") -> None:
        if connection.is_closed():
            raise asyncpg.ConnectionDoesNotExistError(
                "The connection to PostgreSQL was lost in mid-transaction."
            )
        if not connection.is_in_transaction():
            raise TransactionBroken(
                "The code sent COMMIT or ROLLBACK by itself: only the kernel ends a transaction. "
                "Use `async with db.savepoint()` for a part that may be undone."
            )
