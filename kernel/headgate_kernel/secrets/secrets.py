"""Seals values for the place where they are kept, and opens them there."""

from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from headgate_sdk.clock import Clock
from headgate_sdk.database import Database
from headgate_sdk.errors import SecretUnreadable
from headgate_sdk.i18n import N_
from headgate_sdk.secrets import SealedColumn

from headgate_kernel.database.database import Databases
from headgate_kernel.database.unit_of_work import UnitOfWork
from headgate_kernel.secrets.columns import by_name, check_place
from headgate_kernel.secrets.data_keys import DataKeys
from headgate_kernel.secrets.envelope import key_id_of
from headgate_kernel.secrets.master_key import MasterKey


class Secrets:
    """The kernel's keeper of secrets.

    Args:
        databases: where the data keys are.
        master_key: wraps the data keys.
        columns: where sealed values are kept.
        clock: the time.
    """

    def __init__(
        self, databases: Databases, master_key: MasterKey, columns: Sequence[SealedColumn], clock: Clock
    ) -> None:
        self.columns = tuple(columns)
        self.keys = DataKeys(databases, master_key, clock)
        self._columns = by_name(columns)

    async def seal(self, db: Database, *, tenant_id: int, place: str, value: bytes) -> bytes:
        """Encrypt a value for its place, and no other.

        Args:
            db: the tenant's or the platform's scope that writes the row.
            tenant_id: whose; 0 for people and the platform.
            place: `table:column:row-id`, of a column that is declared as sealed.
            value: what to keep.

        Raises:
            ValueError: the place is not declared, or the scope is another tenant's.
            ConfigError: the master key cannot be reached.
        """
        parsed = check_place(self._columns, place, tenant_id)
        _check_scope(db, tenant_id)
        key = await self.keys.in_use(db, tenant_id)
        return key.seal(value, tenant_id=tenant_id, place=parsed)

    async def reveal(self, db: Database, *, tenant_id: int, place: str, sealed: bytes) -> bytes:
        """Decrypt a value that was sealed for the place.

        Args:
            db: the tenant's or the platform's scope that reads the row.
            tenant_id: whose; 0 for people and the platform.
            place: as for `seal`.
            sealed: what `seal` gave.

        Raises:
            SecretUnreadable: it was changed, or sealed for another row, column or tenant.
            ValueError: the place is not declared, or the scope is another tenant's.
            ConfigError: the master key cannot be reached.
        """
        parsed = check_place(self._columns, place, tenant_id)
        _check_scope(db, tenant_id)
        sealed = bytes(sealed)
        key_id = key_id_of(sealed)
        if key_id is not None:
            key = await self.keys.by_id(db, tenant_id, key_id)
            try:
                return key.open(sealed, tenant_id=tenant_id, place=parsed)
            except InvalidTag:
                pass
        raise SecretUnreadable(
            N_("The secret in {table}.{column} of {id} cannot be opened: it was changed, or sealed for "
               "another place. Enter it anew."),
            table=parsed.table, column=parsed.column, id=parsed.row,
        )  # fmt: skip


def _check_scope(db: Database, tenant_id: int) -> None:
    if isinstance(db, UnitOfWork) and db.tenant_id not in {None, tenant_id} and tenant_id != 0:
        raise ValueError(f"a scope of tenant {db.tenant_id} asks for a secret of tenant {tenant_id}")
