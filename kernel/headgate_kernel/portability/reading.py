"""Put a tenant's data back from an archive: on another system, or in the place of what is there."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.portability.archive import Archive
from headgate_kernel.portability.clearing import clear_tenant
from headgate_kernel.portability.format import FILES, LOGINS, PEOPLE, SESSION, TableEntry
from headgate_kernel.portability.schema import LiveTable, tables_of_tenants
from headgate_kernel.tenancy.directory import touch
from headgate_kernel.tenancy.tenants import SLUG

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

HOSTS = "tenant_host"
KEPT_PERSONS = frozenset({"audit_entry"})
"""The audit log keeps the persons' ids as they were: its chain is made of them."""


class Imported(msgspec.Struct, frozen=True):
    """What was put in.

    Args:
        slug: of the tenant now.
        rows: how many, by table.
        people: persons that were not known here.
        known_people: persons that were, by their login.
        to_enter_again: `table.column` of secrets that are not in the archive.
    """

    slug: str
    rows: dict[str, int]
    people: int
    known_people: int
    to_enter_again: tuple[str, ...]


async def import_tenant(
    kernel: "Kernel", archive: Archive, *, slug: str = "", replace: bool = False
) -> Imported:
    """Put a tenant in, in one transaction; other tenants' rows are not touched.

    Args:
        kernel: of the process.
        archive: to read.
        slug: another short name; by default the one in the archive.
        replace: in the place of the tenant with this short name, which keeps its number.

    Raises:
        Invalid: the archive does not fit this installation; says why.
        Conflict: the short name or a host is taken.
    """
    slug = slug or archive.manifest.tenant.slug
    if not SLUG.fullmatch(slug):
        raise Invalid(
            N_("'{slug}' cannot be a short name: use 2 to 40 small letters, digits and hyphens."),
            field="slug", slug=slug,
        )  # fmt: skip
    archive.check()
    async with kernel.databases.platform_scope() as work:
        importer = _Importer(work, archive, kernel.settings.domain)
        tenant_id, imported = await importer.run(slug, replace=replace)
    kernel.directory.forget(tenant_id)
    await rebuild_derived(kernel, slug)
    return imported


async def rebuild_derived(kernel: "Kernel", slug: str) -> None:
    """Have the tenant's plugins make again what can be made from other rows."""
    tenant = await kernel.tenant(slug)
    for implementation in kernel.host.table(tenant.plugins)["headgate_rebuild"]:
        async with kernel.context(tenant) as ctx:
            await implementation.function(ctx)


class _Importer:
    def __init__(self, work: "UnitOfWork", archive: Archive, domain: str) -> None:
        self._db = work
        self._archive = archive
        self._domain = domain
        self._persons: dict[str, UUID] = {}

    async def run(self, slug: str, *, replace: bool) -> tuple[TenantId, Imported]:
        manifest = self._archive.manifest
        await self._check_schema()
        await self._db.execute(SESSION)
        live = await tables_of_tenants(await self._db.connection())
        tenant_id = await self._place(slug, live, replace=replace)
        new, known = await self._people()
        entries = {entry.name: entry for entry in manifest.tables}
        unknown = entries.keys() - {table.name for table in live}
        if unknown:
            raise Invalid(
                N_("The export holds {table}, which is not here. Install the plugin that it belongs to."),
                field="file", table=min(unknown),
            )  # fmt: skip
        rows = {}
        for table in live:
            entry = entries.get(table.name)
            if entry is None or (table.name == HOSTS and not replace):
                continue
            rows[table.name] = await self._table(table, entry, tenant_id)
        if not replace:
            await self._host_of(slug, tenant_id)
        await self._db.execute(_UNSEALED, tenant_id)
        await touch(self._db, tenant_id)
        again = tuple(f"{e.name}.{column}" for e in manifest.tables for column in e.blanked)
        return tenant_id, Imported(slug, rows, new, known, again)

    async def _check_schema(self) -> None:
        rows = await self._db.fetch("SELECT source || '/' || name AS name FROM headgate_migration")
        here = {row["name"] for row in rows}
        theirs = set(self._archive.manifest.migrations)
        sources = {name.partition("/")[0] for name in theirs}
        different = sorted(theirs ^ {name for name in here if name.partition("/")[0] in sources})
        if different:
            raise Invalid(
                N_(
                    "The export is from another version: {migration} is on one side only. "
                    "Bring both installations to the same version and take the export again."
                ),
                field="file", migration=different[0],
            )  # fmt: skip

    async def _place(self, slug: str, live: list[LiveTable], *, replace: bool) -> TenantId:
        """Make the tenant's row; with `replace`, after removing all that is there."""
        db, tenant = self._db, self._archive.manifest.tenant
        await db.execute("SELECT pg_advisory_xact_lock(7226003)")
        known_plan = await db.fetch_value(
            "SELECT $1::text IS NULL OR $1 IN (SELECT key FROM plan)", tenant.plan
        )
        if not known_plan:
            raise Invalid(
                N_("The export is on the plan {plan}, which is not here. Add it with: headgate plans apply"),
                field="plan", plan=tenant.plan,
            )  # fmt: skip
        there = await db.fetch_value("SELECT id FROM tenant WHERE slug = $1 FOR UPDATE", slug)
        if replace and there is None:
            raise Conflict(N_("There is no tenant called {slug} to replace."), field="slug", slug=slug)
        if not replace and there is not None:
            raise Conflict(
                N_("There is a tenant called {slug} already. Choose another short name, or say --replace."),
                field="slug", slug=slug,
            )  # fmt: skip
        if self._archive.manifest.with_secrets and there != tenant.id:
            raise Invalid(
                N_("This export holds keys, which open only in the tenant they are from: restore it there."),
                field="file",
            )
        if there is not None:
            await clear_tenant(db, there, live)
        number = await db.fetch_value(
            """
            INSERT INTO tenant (id, slug, name, currency, timezone, locale, brand_colour, plan, created_at)
            OVERRIDING SYSTEM VALUE
            VALUES (coalesce($1, nextval(pg_get_serial_sequence('tenant', 'id'))::integer),
                    $2, $3, $4, $5, $6, $7, $8, $9) RETURNING id
            """,
            there, slug, tenant.name, tenant.currency, tenant.timezone, tenant.locale, tenant.brand_colour,
            tenant.plan, tenant.created_at,
        )  # fmt: skip
        return TenantId(number)

    async def _host_of(self, slug: str, tenant_id: TenantId) -> None:
        host = f"{slug}.{self._domain}"
        tag = await self._db.execute(
            "INSERT INTO tenant_host (host, tenant_id) VALUES ($1, $2) ON CONFLICT (host) DO NOTHING",
            host, tenant_id,
        )  # fmt: skip
        if tag.endswith(" 0"):
            raise Conflict(N_("The address {host} belongs to another distributor."), field="slug", host=host)

    async def _people(self) -> tuple[int, int]:
        """Find persons by their logins, make those who are not known; gives how many are new, and known."""
        db = self._db
        logins = self._archive.rows(LOGINS)
        known = {
            row["login"]: row["person_id"]
            for row in await db.fetch(
                "SELECT login, person_id FROM person_login WHERE login = ANY($1)",
                [login["login"] for login in logins],
            )
        }
        self._persons = {
            login["person_id"]: known[login["login"]] for login in logins if login["login"] in known
        }
        fresh = [person for person in self._archive.rows(PEOPLE) if person["id"] not in self._persons]
        await db.execute_many(
            "INSERT INTO person (id, name, locale, created_at) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (id) DO NOTHING",
            [
                (UUID(p["id"]), p["name"], p["locale"] or None, datetime.fromisoformat(p["created_at"]))
                for p in fresh
            ],
        )
        ids = {person["id"] for person in fresh}
        await db.execute_many(
            "INSERT INTO person_login (login, person_id, confirmed_at) VALUES ($1, $2, $3) "
            "ON CONFLICT (login) DO NOTHING",
            [
                (
                    login["login"],
                    UUID(login["person_id"]),
                    datetime.fromisoformat(login["confirmed_at"]) if login["confirmed_at"] else None,
                )
                for login in logins
                if login["person_id"] in ids
            ],
        )
        return len(fresh), len(self._persons)

    async def _table(self, table: LiveTable, entry: TableEntry, tenant_id: TenantId) -> int:
        db, waiting = self._db, f"moving_{table.name}"
        columns = ", ".join(f'"{column}"' for column in entry.columns)
        await db.execute(
            f'CREATE TEMP TABLE "{waiting}" ON COMMIT DROP AS '  # noqa: S608 (names of the catalogue)
            f'SELECT {columns} FROM "{table.name}" WITH NO DATA'
        )
        raw = await db.connection()
        with self._archive.table(table.name) as member:
            await raw.copy_to_table(
                waiting, source=member, columns=list(entry.columns), format="csv", header=True
            )
        if "person_id" in entry.columns and self._persons and table.name not in KEPT_PERSONS:
            await db.execute(
                f'UPDATE "{waiting}" w SET person_id = m.here '  # noqa: S608 (names of the catalogue)
                "FROM unnest($1::uuid[], $2::uuid[]) AS m (there, here) WHERE w.person_id = m.there",
                [UUID(there) for there in self._persons], list(self._persons.values()),
            )  # fmt: skip
        blob = FILES.get(table.name)
        if blob is not None:
            return await self._with_files(table.name, waiting, columns, blob, tenant_id)
        tag = await db.execute(
            f'INSERT INTO "{table.name}" (tenant_id, {columns}) OVERRIDING SYSTEM VALUE '  # noqa: S608 (names of the catalogue)
            f'SELECT $1, {columns} FROM "{waiting}"',
            tenant_id,
        )
        return int(tag.rpartition(" ")[2])

    async def _with_files(
        self, table: str, waiting: str, columns: str, blob: str, tenant_id: TenantId
    ) -> int:
        ids = [row["id"] for row in await self._db.fetch(f'SELECT id FROM "{waiting}" ORDER BY id')]  # noqa: S608 (names of the catalogue)
        for file_id in ids:
            await self._db.execute(
                f'INSERT INTO "{table}" (tenant_id, {columns}, "{blob}") '  # noqa: S608 (names of the catalogue)
                f'SELECT $1, {columns}, $3 FROM "{waiting}" WHERE id = $2',
                tenant_id, file_id, self._archive.file(str(file_id)),
            )  # fmt: skip
        return len(ids)


_UNSEALED = """
INSERT INTO audit_unsealed (tenant_id, entry_id)
SELECT e.tenant_id, e.id FROM audit_entry e
WHERE e.tenant_id = $1
    AND NOT EXISTS (SELECT FROM audit_seal s WHERE s.tenant_id = $1 AND s.entry_id = e.id)
ON CONFLICT DO NOTHING
"""
