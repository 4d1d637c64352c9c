"""Which tenant answers at a host, with its active plugins; kept in memory, checked once a second."""

import time
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.context import TenantInfo
from headgate_sdk.ids import TenantId

from headgate_kernel.plugins.host import PluginHost

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

    from headgate_kernel.database.database import Databases

CHECK_SECONDS = 1.0
UNKNOWN_SECONDS = 2.0
UNKNOWN_ENTRIES = 1_000


class Tenant(msgspec.Struct, frozen=True):
    """A tenant as requests need it.

    Args:
        info: what plugins may know.
        state: active or suspended.
        revision: grows with each change.
        plugins: ids of those that run: active, installed, and with all that they require.
    """

    info: TenantInfo
    state: str
    revision: int
    plugins: frozenset[str]


class TenantDirectory:
    """Finds tenants by host. A change is seen at once where it was made, and elsewhere within a second."""

    def __init__(self, databases: "Databases", host: PluginHost) -> None:
        self._databases = databases
        self._plugins = host
        self._by_host: dict[str, tuple[float, Tenant]] = {}
        self._unknown: dict[str, float] = {}
        self._forgotten = 0

    async def by_host(self, host: str) -> Tenant | None:
        """Give the tenant of a host name (without port), None when there is none."""
        cached = self._by_host.get(host)
        now = time.monotonic()
        if cached is not None:
            if now - cached[0] < CHECK_SECONDS:
                return cached[1]
            # others go on with what is held while this request looks
            self._by_host[host] = (now, cached[1])
            async with self._databases.platform_scope() as db:
                revision = await db.fetch_value(
                    "SELECT revision FROM tenant_revision WHERE tenant_id = $1", cached[1].info.id
                )
            if (revision or 1) == cached[1].revision:
                return cached[1]
        elif now - self._unknown.get(host, -UNKNOWN_SECONDS) < UNKNOWN_SECONDS:
            return None
        return await self._load(host, now)

    async def by_slug(self, slug: str) -> Tenant | None:
        """Give a tenant by its short name, fresh from the database."""
        async with self._databases.platform_scope() as db:
            row = await db.fetch_row(f"{_SELECT} WHERE t.slug = $1", slug)
        return self._tenant(row) if row else None

    def forget(self, tenant_id: TenantId) -> None:
        """Drop what is held of a tenant: the next request reads it anew."""
        for host in [host for host, (_, tenant) in self._by_host.items() if tenant.info.id == tenant_id]:
            del self._by_host[host]
        self._unknown.clear()
        self._forgotten += 1

    async def _load(self, host: str, now: float) -> Tenant | None:
        forgotten = self._forgotten
        async with self._databases.platform_scope() as db:
            row = await db.fetch_row(
                f"{_SELECT} JOIN tenant_host h ON h.tenant_id = t.id WHERE h.host = $1", host
            )
        if row is None:
            self._by_host.pop(host, None)
            if len(self._unknown) >= UNKNOWN_ENTRIES:
                self._unknown.clear()
            self._unknown[host] = now
            return None
        tenant = self._tenant(row)
        if forgotten == self._forgotten:  # else it may have changed while it was read
            self._by_host[host] = (now, tenant)
        return tenant

    def _tenant(self, row: "Record") -> Tenant:
        info = TenantInfo(
            id=TenantId(row["id"]), slug=row["slug"], name=row["name"], currency=row["currency"],
            timezone=row["timezone"], locale=row["locale"], brand_colour=row["brand_colour"],
        )  # fmt: skip
        return Tenant(info, row["state"], row["revision"], runnable(frozenset(row["plugins"]), self._plugins))


def runnable(active: frozenset[str], host: PluginHost) -> frozenset[str]:
    """Leave out plugins that are not installed, do not fit, or lack one that they require."""
    running = {
        plugin_id for plugin_id in active if plugin_id in host.by_id and not host.by_id[plugin_id].problem
    }
    while True:
        lame = {p for p in running if not running.issuperset(host.by_id[p].manifest.requires)}
        if not lame:
            return frozenset(running)
        running -= lame


async def touch(db: "Database", tenant_id: TenantId) -> None:
    """Tell every worker that the tenant has changed, in the transaction that changes it."""
    await db.execute(
        """
        INSERT INTO tenant_revision (tenant_id, revision) VALUES ($1, 2)
        ON CONFLICT (tenant_id) DO UPDATE SET revision = tenant_revision.revision + 1
        """,
        tenant_id,
    )


_SELECT = """
SELECT t.id, t.slug, t.name, t.currency, t.timezone, t.locale, t.brand_colour, t.state,
       coalesce((SELECT r.revision FROM tenant_revision r WHERE r.tenant_id = t.id), 1) AS revision,
       array(SELECT a.plugin FROM plugin_activation a
             WHERE a.tenant_id = t.id AND a.state = 'active') AS plugins
FROM tenant t
"""
