"""Savepoints that cost nothing until something is asked in them.

A savepoint is sent together with the first query inside it, and let go together with whatever is sent next: a
part that asks nothing sends nothing, and one part after another costs one message each instead of two.
"""

from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from headgate_kernel.database.errors import UnitOfWorkMisuse
from headgate_kernel.database.pool import CONNECTION_LOST

if TYPE_CHECKING:
    from headgate_kernel.database.pool import PooledConnection


class SavepointLedger:
    """What PostgreSQL knows of a transaction's savepoints, which are numbered by their depth from 1.

    Attributes:
        depth: how many are open.
        sent: how many of these PostgreSQL knows; the others wait for a query.
        kept: the last one that ended well and is still to be let go; 0 for none. COMMIT does it too.
        failed: whether a query has failed since the last time something was undone.
    """

    __slots__ = ("depth", "failed", "kept", "sent")

    def __init__(self) -> None:
        self.depth = self.sent = self.kept = 0
        self.failed = False

    def to_send(self) -> str:
        """Give what PostgreSQL has to be told before the next query; empty when it knows."""
        if self.sent == self.depth:
            return ""
        parts = [f"RELEASE SAVEPOINT headgate_{self.kept}"] if self.kept else []
        parts += [f"SAVEPOINT headgate_{depth}" for depth in range(self.sent + 1, self.depth + 1)]
        return ";".join(parts)

    def was_sent(self) -> None:
        """Note that it has been told."""
        if self.sent != self.depth:
            self.sent, self.kept = self.depth, 0


class Savepoint:
    """A part of a unit of work that can fail alone; see `headgate_sdk.database.Database.savepoint`.

    Args:
        ledger: of the transaction.
        callbacks: those to be called after commit, which an undone part takes its own out of.
        connection: gives the connection of the unit of work, None before its first query, or raises when it
            cannot be used now.
    """

    __slots__ = ("_callbacks", "_connection", "_depth", "_ledger", "_registered")

    def __init__(
        self,
        ledger: SavepointLedger,
        callbacks: list[Callable[[], object]],
        connection: "Callable[[], PooledConnection | None]",
    ) -> None:
        self._ledger = ledger
        self._callbacks = callbacks
        self._connection = connection
        self._depth = self._registered = 0

    @property
    def is_touched(self) -> bool:
        """Whether anything was done in it that would have to be undone."""
        return self._depth <= self._ledger.sent or len(self._callbacks) != self._registered

    async def __aenter__(self) -> Self:
        self._connection()
        self._ledger.depth += 1
        self._depth, self._registered = self._ledger.depth, len(self._callbacks)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if error is None:
                await self._keep()
            else:
                await self._undo()
        finally:
            self._ledger.depth = self._depth - 1

    async def _keep(self) -> None:
        try:
            connection = self._connection()
            if connection is None or self._depth > self._ledger.sent:
                return
            self._ledger.kept = self._depth
            if self._ledger.failed:  # and was swallowed: this raises it, before more is built on it
                await connection.execute(f"RELEASE SAVEPOINT headgate_{self._depth}")
                self._ledger.kept = 0
            self._ledger.sent = self._depth - 1
        except BaseException:
            await self._undo()
            raise

    async def _undo(self) -> None:
        del self._callbacks[self._registered :]
        if self._depth > self._ledger.sent:
            return
        self._ledger.sent, self._ledger.kept, self._ledger.failed = self._depth - 1, 0, False
        with suppress(UnitOfWorkMisuse, *CONNECTION_LOST):  # what led here matters more
            connection = self._connection()
            if connection is not None:
                name = f"headgate_{self._depth}"
                await connection.execute(f"ROLLBACK TO SAVEPOINT {name};RELEASE SAVEPOINT {name}")
