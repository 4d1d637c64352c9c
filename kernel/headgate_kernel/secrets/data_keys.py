"""The data keys: one in use for each tenant, unwrapped at need and held in memory, a limited number of them.

A key is not held in memory before the transaction that made it is committed: were that undone, values sealed
later with what is in memory could never be opened again.
"""

import secrets
import time
from collections import OrderedDict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from headgate_sdk.clock import Clock
from headgate_sdk.database import Database
from headgate_sdk.errors import SecretUnreadable
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.database.database import Databases
from headgate_kernel.database.unit_of_work import UnitOfWork
from headgate_kernel.secrets.envelope import KEY_BYTES, DataKey
from headgate_kernel.secrets.master_key import MasterKey, WrappedKey

MOST_KEYS = 1_000
CHECK_SECONDS = 30.0
"""How long a process goes on sealing with a key that was retired elsewhere."""


class DataKeys:
    """Finds and makes data keys.

    Args:
        databases: where they are kept; the platform's tables.
        master_key: wraps them.
        clock: the time.
    """

    def __init__(self, databases: Databases, master_key: MasterKey, clock: Clock) -> None:
        self.master_key = master_key
        self._databases = databases
        self._clock = clock
        self._held: OrderedDict[tuple[int, UUID], DataKey] = OrderedDict()
        self._in_use: dict[int, tuple[float, UUID]] = {}
        self._uncommitted: set[UUID] = set()

    async def in_use(self, db: Database, tenant_id: int) -> DataKey:
        """Give the key that a tenant's values are sealed with now; makes the first one."""
        seen, key_id = self._in_use.get(tenant_id, (0.0, None))
        if key_id is not None and time.monotonic() - seen < CHECK_SECONDS:
            held = self._held.get((tenant_id, key_id))
            if held is not None:
                self._held.move_to_end((tenant_id, key_id))
                return held
        async with self._platform(db) as platform:
            row = await platform.fetch_row(_IN_USE, tenant_id)
            if row is None:
                await self.make(platform, tenant_id)
                row = await platform.fetch_row(_IN_USE, tenant_id)
                assert row is not None
            key = await self._opened(tenant_id, row["id"], WrappedKey(row["master_key_id"], row["wrapped"]))
            self._hold(tenant_id, key)
            if key.id not in self._uncommitted:
                self._in_use[tenant_id] = (time.monotonic(), key.id)
        return key

    async def by_id(self, db: Database, tenant_id: int, key_id: UUID) -> DataKey:
        """Give a key of a tenant, in use or retired.

        Raises:
            SecretUnreadable: the tenant has no such key.
        """
        held = self._held.get((tenant_id, key_id))
        if held is not None:
            self._held.move_to_end((tenant_id, key_id))
            return held
        async with self._platform(db) as platform:
            row = await platform.fetch_row(_BY_ID, tenant_id, key_id)
            if row is None:
                raise SecretUnreadable(
                    N_("A secret was sealed with the data key {key}, which is not one of this distributor's: "
                       "it was moved here, or the key is lost. Enter the secret anew."),
                    key=key_id,
                )  # fmt: skip
            key = await self._opened(tenant_id, key_id, WrappedKey(row["master_key_id"], row["wrapped"]))
            self._hold(tenant_id, key)
        return key

    async def make(self, platform: UnitOfWork, tenant_id: int) -> None:
        """Make a key for a tenant that has none in use; one that somebody else makes just now is as good."""
        key_id = new_id()
        self._uncommitted.add(key_id)
        platform.after_commit(lambda: self._uncommitted.discard(key_id))
        wrapped = await self.master_key.wrap(secrets.token_bytes(KEY_BYTES), key_context(tenant_id, key_id))
        await platform.execute(
            _MAKE, tenant_id, key_id, wrapped.data, wrapped.master_key_id, self._clock.now()
        )

    def forget(self, tenant_id: int) -> None:
        """Drop what is held of a tenant: a key was retired, or the tenant is gone."""
        self._in_use.pop(tenant_id, None)
        for held in [held for held in self._held if held[0] == tenant_id]:
            del self._held[held]

    async def _opened(self, tenant_id: int, key_id: UUID, wrapped: WrappedKey) -> DataKey:
        return DataKey(key_id, await self.master_key.unwrap(wrapped, key_context(tenant_id, key_id)))

    def _hold(self, tenant_id: int, key: DataKey) -> None:
        if key.id in self._uncommitted:
            return
        self._held[tenant_id, key.id] = key
        self._held.move_to_end((tenant_id, key.id))
        while len(self._held) > MOST_KEYS:
            (oldest, _), _ = self._held.popitem(last=False)
            self._in_use.pop(oldest, None)

    @asynccontextmanager
    async def _platform(self, db: Database) -> AsyncIterator[UnitOfWork]:
        """Give the caller's own platform scope, or one beside the tenant's scope that the caller is in."""
        if isinstance(db, UnitOfWork) and db.tenant_id is None:
            yield db
        else:
            async with self._databases.platform_scope() as platform:
                yield platform


def key_context(tenant_id: int, key_id: UUID) -> dict[str, str]:
    """Say what a wrapped data key is bound to."""
    return {"tenant": str(tenant_id), "data_key": key_id.hex}


_IN_USE = "SELECT id, wrapped, master_key_id FROM data_key WHERE tenant_id = $1 AND retired_at IS NULL"
_BY_ID = "SELECT wrapped, master_key_id FROM data_key WHERE tenant_id = $1 AND id = $2"
_MAKE = """
INSERT INTO data_key (tenant_id, id, wrapped, master_key_id, created_at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (tenant_id) WHERE retired_at IS NULL DO NOTHING
"""
