"""Piccolo on the unit of work.

Piccolo's own transactions are not safe to build on: a nested one does nothing, an error at COMMIT keeps the
pooled connection for ever, and after a failed `gather` the next one reports success and commits nothing. So
this engine has no connections. Each query goes to the current unit of work, or raises.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from types import TracebackType
from typing import Any, Never, Self

from piccolo.engine.base import BaseTransaction
from piccolo.engine.postgres import PostgresEngine
from piccolo.querystring import QueryString
from piccolo.table import Table

from headgate_kernel.database.errors import UnitOfWorkMisuse
from headgate_kernel.database.unit_of_work import current_unit_of_work, has_unit_of_work


class SavepointTransaction(BaseTransaction):
    """What `engine.transaction()` gives: a savepoint in the current unit of work."""

    __slots__ = ("_savepoint",)

    def __init__(self) -> None:
        self._savepoint: AbstractAsyncContextManager[object] | None = None

    async def __aenter__(self) -> Self:
        savepoint = current_unit_of_work().savepoint()
        await savepoint.__aenter__()
        self._savepoint = savepoint
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        traceback: TracebackType | None = None,
    ) -> bool:
        assert self._savepoint is not None
        return bool(await self._savepoint.__aexit__(kind, error, traceback))


class HeadgateEngine(PostgresEngine):
    """A Piccolo engine without connections of its own."""

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(config={})

    async def check_version(self) -> None:
        """Do nothing: the version is checked where the pools are opened."""

    async def prep_database(self) -> None:
        """Do nothing: no extension is needed."""

    async def run_querystring(self, querystring: QueryString, in_pool: bool = True) -> Any:
        """Run a query in the current unit of work."""
        unit = current_unit_of_work()
        sql, args = querystring.compile_string(engine_type=self.engine_type)
        return await unit.fetch(sql, *args)

    async def run_ddl(self, ddl: str, in_pool: bool = True) -> Never:
        """Refuse: the schema is changed by migrations only."""
        raise UnitOfWorkMisuse(f"Tables are made and changed by SQL migrations, not by Piccolo: {ddl}")

    async def batch(self, query: Any, batch_size: int = 100, node: str | None = None) -> Never:
        """Refuse: it would read on a connection outside of the transaction."""
        raise UnitOfWorkMisuse("Read in keyset pages (`where id > last ... limit n`) instead of batch().")

    async def get_new_connection(self) -> Never:
        """Refuse: each query belongs to a unit of work."""
        raise UnitOfWorkMisuse("The engine gives no connections: open a scope and query in it.")

    async def start_connection_pool(self, **options: Any) -> Never:
        """Refuse: the kernel owns the pools."""
        raise UnitOfWorkMisuse("The kernel opens the connection pools; the engine has none.")

    def transaction(self, allow_nested: bool = True) -> SavepointTransaction:  # type: ignore[override]
        """Give a savepoint in the current unit of work; the kernel commits the whole."""
        return SavepointTransaction()

    def transaction_exists(self) -> bool:
        """Tell whether a unit of work is open, which is always a transaction."""
        return has_unit_of_work()

    def transform_response_to_dicts(self, results: Sequence[Any]) -> list[dict[str, Any]]:
        """Make dictionaries of the driver's records."""
        return [dict(record) for record in results]


def bind_tables(engine: HeadgateEngine, tables: Iterable[type[Table]]) -> None:
    """Attach table classes to the engine; Piccolo would look for a `piccolo_conf` module otherwise."""
    for table in tables:
        table._meta.db = engine  # noqa: SLF001 (Piccolo offers no other way to set it later)
