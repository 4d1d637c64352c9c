"""Which tenant answers at a host, with its active plugins; kept in memory, checked once a second."""

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.context import TenantInfo
from headgate_sdk.ids import TenantId

from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.plan_terms import UNLIMITED, Plan, decode_plan
from headgate_kernel.tenancy.setting_secrets import open_texts, with_secrets
from headgate_kernel.tenancy.setting_values import settings_of_tenant, settings_types

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

    from headgate_kernel.database.database import Databases
    from headgate_kernel.secrets import Secrets

CHECK_SECONDS = 1.0
UNKNOWN_SECONDS = 2.0
UNKNOWN_ENTRIES = 1_000


class Tenant(msgspec.Struct, frozen=True):
    """A tenant as requests need it.

    Args:
        info: what plugins may know.
        state: active or suspended.
        revision: grows with each change.
        plugins: ids of those that run: active, installed, in the plan, and with all that they require.
        notice: what the people of a suspended tenant are told.
        plan: key of the plan; empty on an installation without plans.
        terms: what the plan gives.
        warnings: meters of which the plan's share is nearly (`near`) or all (`full`) used.
        settings: of its plugins, by their types, where anything differs from how they come.
    """

    info: TenantInfo
    state: str
    revision: int
    plugins: frozenset[str]
    notice: str = ""
    plan: str = ""
    terms: Plan = UNLIMITED
    warnings: dict[str, str] = {}
    settings: Mapping[type[msgspec.Struct], msgspec.Struct] = {}


class TenantDirectory:
    """Finds tenants by host. A change is seen at once where it was made, and elsewhere within a second.

    Args:
        databases: where tenants are.
        host: the installed plugins.
        secrets: opens those among plugins' settings; without it they are empty.
    """

    def __init__(self, databases: "Databases", host: PluginHost, secrets: "Secrets | None" = None) -> None:
        self._secrets = secrets
        self._databases = databases
        self._plugins = host
        self._by_host: dict[str, tuple[float, Tenant]] = {}
        self._by_id: dict[TenantId, Tenant] = {}
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
            return await self._with_secrets(db, self._tenant(row), row) if row else None

    async def by_id(self, tenant_id: TenantId) -> Tenant | None:
        """Give a tenant by its number, fresh from the database."""
        async with self._databases.platform_scope() as db:
            return await self.read(db, tenant_id)

    async def read(self, db: "Database", tenant_id: TenantId) -> Tenant | None:
        """Give a tenant by its number, as a transaction of the platform sees it."""
        row = await db.fetch_row(f"{_SELECT} WHERE t.id = $1", tenant_id)
        return await self._with_secrets(db, self._tenant(row), row) if row else None

    def held(self, tenant_id: TenantId) -> Tenant | None:
        """Give what is held of a tenant that was asked for lately; costs no query."""
        return self._by_id.get(tenant_id)

    def forget(self, tenant_id: TenantId) -> None:
        """Drop what is held of a tenant: the next request reads it anew."""
        self._by_id.pop(tenant_id, None)
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
            tenant = await self._with_secrets(db, self._tenant(row), row) if row else None
        if tenant is None:
            self._by_host.pop(host, None)
            if len(self._unknown) >= UNKNOWN_ENTRIES:
                self._unknown.clear()
            self._unknown[host] = now
            return None
        if forgotten == self._forgotten:  # else it may have changed while it was read
            self._by_host[host] = (now, tenant)
            self._by_id[tenant.info.id] = tenant
        return tenant

    async def _with_secrets(self, db: "Database", tenant: Tenant, row: "Record") -> Tenant:
        """Open the secrets among the settings; few tenants have any."""
        if row["sealed"] is None or self._secrets is None:
            return tenant
        kinds, settings = settings_types(self._plugins), dict(tenant.settings)
        for plugin, sealed in msgspec.json.decode(row["sealed"]).items():
            if plugin in kinds:
                texts = await open_texts(self._secrets, db, tenant.info.id, plugin, bytes.fromhex(sealed))
                kind = kinds[plugin]
                settings[kind] = with_secrets(settings.get(kind) or kind(), texts)
        return msgspec.structs.replace(tenant, settings=settings)

    def _tenant(self, row: "Record") -> Tenant:
        info = TenantInfo(
            id=TenantId(row["id"]), slug=row["slug"], name=row["name"], currency=row["currency"],
            timezone=row["timezone"], locale=row["locale"], brand_colour=row["brand_colour"],
            logo=row["logo_id"],
        )  # fmt: skip
        plan = decode_plan(row["plan_terms"])
        return Tenant(
            info, row["state"], row["revision"], runnable(frozenset(row["plugins"]), self._plugins, plan),
            notice=row["notice"], plan=plan.key, terms=plan,
            warnings=dict(warning.split() for warning in row["warnings"]),
            settings=settings_of_tenant(self._plugins, row["settings"]),
        )  # fmt: skip


def runnable(active: frozenset[str], host: PluginHost, plan: Plan = UNLIMITED) -> frozenset[str]:
    """Leave out plugins that are not installed, do not fit, are not in the plan, or lack one they require."""
    running = {
        plugin_id
        for plugin_id in active
        if plugin_id in host.by_id and not host.by_id[plugin_id].problem and plan.allows(plugin_id)
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
       (SELECT c.logo_id FROM tenant_choice c WHERE c.tenant_id = t.id) AS logo_id,
       coalesce((SELECT s.notice FROM tenant_suspension s WHERE s.tenant_id = t.id), '') AS notice,
       (SELECT jsonb_object_agg(k.plugin, k."values")
        FROM plugin_settings k WHERE k.tenant_id = t.id) AS settings,
       (SELECT jsonb_object_agg(k.plugin, encode(k.secrets, 'hex'))
        FROM plugin_settings k WHERE k.tenant_id = t.id AND k.secrets IS NOT NULL) AS sealed,
       coalesce((SELECT r.revision FROM tenant_revision r WHERE r.tenant_id = t.id), 1) AS revision,
       array(SELECT a.plugin FROM plugin_activation a
             WHERE a.tenant_id = t.id AND a.state = 'active') AS plugins,
       p.terms AS plan_terms,
       array(SELECT n.meter || ' ' || n.level FROM quota_notice n
             WHERE n.tenant_id = t.id AND n.holds ORDER BY n.level DESC) AS warnings
FROM tenant t
LEFT JOIN plan p ON p.key = coalesce(t.plan, (SELECT d.key FROM plan d ORDER BY d.position LIMIT 1))
"""
