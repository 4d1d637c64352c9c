"""What a use case sees of the database: the transaction it was handed, and nothing else.

Parameters only (`$1`, `$2`): a value is never pasted into SQL. The tenant's id is such a parameter, in every
predicate and every join, although row-level security stands behind it: sharding routes by it, and an index
starts with it. A use case never commits: the kernel opened the transaction and ends it.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeVar

S = TypeVar("S")


class Record(Protocol):
    """One row, read by position or by column name."""

    def __getitem__(self, key: int | str, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def __len__(self) -> int: ...

    def keys(self) -> Iterator[str]:
        """Give the names of the columns."""
        ...


class Database(Protocol):
    """The transaction of this request or job.

    Statements run one after another in the task that was handed it: no `gather`, `create_task` or
    `asyncio.wait_for` around them (`asyncio.timeout` is fine), no network call between them. `jsonb` goes in
    and comes out as JSON text.
    """

    async def fetch(self, sql: str, /, *args: object) -> list[Record]:
        """Run a query and give its rows."""
        ...

    async def fetch_row(self, sql: str, /, *args: object) -> Record | None:
        """Run a query and give its first row, or None when it has none."""
        ...

    async def fetch_value(self, sql: str, /, *args: object) -> Any:
        """Run a query and give the first column of its first row, or None when it has none."""
        ...

    async def fetch_as(self, struct_type: type[S], sql: str, /, *args: object) -> list[S]:
        """Run a query and make `struct_type(*row)` of each row, columns in the order of the fields."""
        ...

    async def execute(self, sql: str, /, *args: object) -> str:
        """Run a statement and give PostgreSQL's command tag, such as `UPDATE 3`."""
        ...

    async def execute_many(self, sql: str, rows: Iterable[Sequence[object]], /) -> None:
        """Run one statement for many rows in one exchange; results are discarded."""
        ...

    def savepoint(self) -> AbstractAsyncContextManager[object]:
        """Open a part that can fail alone: an exception leaving it undoes that part, and goes on rising."""
        ...
