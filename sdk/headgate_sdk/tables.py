"""Piccolo tables that belong to tenants: the tenant's id is filled in and asked for by itself.

    class Product(TenantTable, Table, tablename="trade_product"):  # the mixin first
        id = UUID(primary_key=True)  # the key in the database is (tenant_id, id), made by the migration
        name = Text()

Row-level security guards the same boundary; the predicate is there so that indexes and shards are found by
it. Do not `freeze()` such a query: it would keep the tenant it was made for.
"""

from collections.abc import Sequence
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from piccolo.columns import Column, ForeignKey, Integer
from piccolo.columns.combination import Where
from piccolo.query import Count, Delete, Exists, Objects, Select, Update
from piccolo.query.methods.delete import DeletionError
from piccolo.query.methods.update import UpdateError
from piccolo.querystring import Selectable
from piccolo.table import Table

from headgate_sdk.ids import TenantId

tenant_id_in_scope: ContextVar[TenantId | None] = ContextVar("headgate_tenant_id", default=None)
"""Set by the kernel's unit of work; read it through `current_tenant_id`."""


class NoTenantScope(RuntimeError):
    """A tenant's table was used where no tenant is in scope: a fault of the program."""


def current_tenant_id() -> TenantId:
    """Give the tenant whose scope this code runs in.

    Raises:
        NoTenantScope: outside of a request, job or `tenant_scope`.
    """
    tenant_id = tenant_id_in_scope.get()
    if tenant_id is None:
        raise NoTenantScope(
            "No tenant is in scope here. Use the context's `db` inside a request or job, "
            "or open `database.tenant_scope(tenant_id)` around the call."
        )
    return tenant_id


class TenantIdColumn(Integer):
    """`tenant_id`, filled from the scope.

    A callable default would not do: Piccolo calls it once when the class is made, outside of any tenant.
    """

    def __init__(self, **options: Any) -> None:
        options.setdefault("default", None)
        options.setdefault("null", False)
        super().__init__(**options)

    @property
    def column_type(self) -> str:
        """Name of the PostgreSQL type; Piccolo would derive it from the class name."""
        return "INTEGER"

    def get_default_value(self) -> int:
        """Give the tenant in scope."""
        return current_tenant_id()


class _TenantUpdate(Update[Any]):
    """An update that still refuses to change every row by accident.

    Piccolo's own check asks for any predicate, and the tenant's is always there.
    """

    __slots__ = ("_tenant_predicate",)

    def __init__(self, table: type["TenantTable"], force: bool = False, **options: Any) -> None:
        super().__init__(table, force, **options)
        self._tenant_predicate = _tenant_predicate(table)
        self.where(self._tenant_predicate)

    def _validate(self) -> None:
        super()._validate()  # type: ignore[no-untyped-call]
        if self.where_delegate._where is self._tenant_predicate and not self.force:  # noqa: SLF001
            raise UpdateError(
                f"This would update every row of {self.table.__name__}: "
                "add a where clause, or say force=True."
            )


class _TenantDelete(Delete):
    """A deletion that still refuses to empty the tenant's table by accident."""

    __slots__ = ("_tenant_predicate",)

    def __init__(self, table: type["TenantTable"], force: bool = False, **options: Any) -> None:
        super().__init__(table, force, **options)
        self._tenant_predicate = _tenant_predicate(table)
        self.where(self._tenant_predicate)

    def _validate(self) -> None:
        super()._validate()  # type: ignore[no-untyped-call]
        if self.where_delegate._where is self._tenant_predicate and not self.force:  # noqa: SLF001
            raise DeletionError(
                f"This would delete every row of {self.table.__name__}: "
                "add a where clause, or say force=True."
            )


if TYPE_CHECKING:
    _Base = Table
else:
    _Base = object  # a Table base without a primary key would hand an `id` serial down to each child


class TenantTable(_Base):
    """Mixin of every table of tenants; goes before `Table` among the bases."""

    tenant_id = TenantIdColumn()

    @classmethod
    def select(cls, *columns: Selectable | str, exclude_secrets: bool = False) -> Select[Any]:
        """Select the tenant's rows as dictionaries."""
        query = super().select(*columns, exclude_secrets=exclude_secrets)
        return query.where(_tenant_predicate(cls))

    @classmethod
    def objects(cls, *prefetch: ForeignKey[Any] | list[ForeignKey[Any]]) -> Objects[Any]:
        """Select the tenant's rows as instances."""
        return super().objects(*prefetch).where(_tenant_predicate(cls))

    @classmethod
    def update(
        cls,
        values: dict[Column | str, Any] | None = None,
        force: bool = False,
        use_auto_update: bool = True,
        **named_values: Any,
    ) -> Update[Any]:
        """Update the tenant's rows; wants a where clause or `force`."""
        changes: dict[Column | str, Any] = dict(values or {})
        changes.update(named_values.items())
        if use_auto_update:
            changes.update(cls._meta.get_auto_update_values().items())
        return _TenantUpdate(cls, force=force).values(changes)

    @classmethod
    def delete(cls, force: bool = False) -> Delete:
        """Delete rows of the tenant; wants a where clause or `force`."""
        return _TenantDelete(cls, force=force)

    @classmethod
    def count(cls, column: Column | None = None, distinct: Sequence[Column] | None = None) -> Count:
        """Count the tenant's rows."""
        return super().count(column, distinct).where(_tenant_predicate(cls))

    @classmethod
    def exists(cls) -> Exists[Any]:
        """Tell whether the tenant has such a row."""
        return super().exists().where(_tenant_predicate(cls))


def _tenant_predicate(table: type[TenantTable]) -> Where:
    return table.tenant_id == current_tenant_id()
