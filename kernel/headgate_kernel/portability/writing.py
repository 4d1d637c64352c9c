"""Write a tenant's data as one archive, from one snapshot, while the tenant goes on working."""

import hashlib
import zipfile
from collections.abc import AsyncIterator, Sequence
from datetime import datetime
from importlib.metadata import version
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import TableClass

from headgate_kernel.portability.classes import table_classes
from headgate_kernel.portability.format import (
    FILES,
    FORMAT,
    LOGINS,
    MANIFEST,
    PEOPLE,
    SESSION,
    Manifest,
    TableEntry,
    TenantEntry,
)
from headgate_kernel.portability.schema import LiveTable, tables_of_tenants
from headgate_kernel.portability.sink import ChunkSink

if TYPE_CHECKING:
    from headgate_kernel.database.pool import Connection
    from headgate_kernel.plugins.host import PluginHost

FILES_AT_ONCE = 20


class Exporter:
    """Writes one tenant's archive.

    Args:
        connection: of the platform, with nothing begun on it.
        host: the installed plugins.
        sealed: columns that hold secrets, as (table, column).
        with_secrets: put keys and secrets in too, to restore on the same installation.
        only: these tables and nothing else; all by default.
    """

    def __init__(
        self,
        connection: "Connection",
        host: "PluginHost",
        sealed: Sequence[tuple[str, str]],
        *,
        with_secrets: bool = False,
        only: frozenset[str] | None = None,
    ) -> None:
        self._connection = connection
        self._host = host
        self._sealed = frozenset(sealed)
        self._with_secrets = with_secrets
        self._only = only
        self._sink = ChunkSink()
        self.manifest: Manifest | None = None

    async def chunks(self, slug: str) -> AsyncIterator[bytes]:
        """Give the archive's bytes, piece by piece.

        Raises:
            NotFound: there is no such tenant.
        """
        snapshot = self._connection.transaction(isolation="repeatable_read", readonly=True)
        await snapshot.start()
        await self._connection.execute(SESSION)
        try:
            tenant, taken_at = await self._tenant(slug)
            with zipfile.ZipFile(self._sink, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
                entries: list[TableEntry] = []
                for table, kind in await self._tables():
                    async for chunk in self._table(archive, table, kind, tenant.id, entries):
                        yield chunk
                files = 0
                async for count in self._files(archive, tenant.id):
                    files += count
                    yield self._sink.take()
                people = await self._people(archive, tenant.id)
                self.manifest = Manifest(
                    FORMAT, version("headgate-kernel"), taken_at, tenant, self._with_secrets,
                    await self._migrations(), tuple(entries), people, files,
                )  # fmt: skip
                archive.writestr(MANIFEST, msgspec.json.format(msgspec.json.encode(self.manifest)))
            yield self._sink.take()
        finally:
            await snapshot.rollback()

    async def _tenant(self, slug: str) -> tuple[TenantEntry, datetime]:
        row = await self._connection.fetchrow(
            """
            SELECT id, slug, name, currency, timezone, locale, brand_colour, plan, created_at,
                now() AS taken_at
            FROM tenant WHERE slug = $1
            """,
            slug,
        )
        if row is None:
            raise NotFound(N_("There is no tenant called {slug}."), field="tenant", slug=slug)
        *values, taken_at = row
        return TenantEntry(*values), taken_at

    async def _tables(self) -> list[tuple[LiveTable, TableClass]]:
        live = await tables_of_tenants(self._connection)
        classes = table_classes(self._host, {table.name: table.secured for table in live})
        wanted: set[TableClass] = {"export", "secret"} if self._with_secrets else {"export"}
        return [
            (table, classes[table.name])
            for table in live
            if classes[table.name] in wanted and (self._only is None or table.name in self._only)
        ]

    async def _table(
        self,
        archive: zipfile.ZipFile,
        table: LiveTable,
        kind: TableClass,
        tenant_id: int,
        entries: list[TableEntry],
    ) -> AsyncIterator[bytes]:
        blanked = () if self._with_secrets else self._blanked(table)
        columns = [column for column in table.columns if column != FILES.get(table.name)]
        digest = hashlib.sha256()
        with archive.open(f"tables/{table.name}.csv", "w", force_zip64=True) as member:

            async def take(data: bytes) -> None:
                digest.update(data)
                member.write(data)

            tag = await self._connection.copy_from_query(
                select_rows(table, columns, blanked), tenant_id, output=take, format="csv", header=True
            )
        rows = int(tag.rpartition(" ")[2])
        entries.append(TableEntry(table.name, tuple(columns), rows, digest.hexdigest(), blanked))
        yield self._sink.take()

    def _blanked(self, table: LiveTable) -> tuple[str, ...]:
        return tuple(column for column in table.columns if (table.name, column) in self._sealed)

    async def _files(self, archive: zipfile.ZipFile, tenant_id: int) -> AsyncIterator[int]:
        """Write the files, some at a time; gives how many."""
        if self._only is not None and not self._only & FILES.keys():
            return
        last = None
        while True:
            rows = await self._connection.fetch(
                "SELECT id, content FROM stored_file WHERE tenant_id = $1 AND ($2::uuid IS NULL OR id > $2) "
                "ORDER BY id LIMIT $3",
                tenant_id, last, FILES_AT_ONCE,
            )  # fmt: skip
            for row in rows:
                archive.writestr(zipfile.ZipInfo(f"files/{row['id']}"), row["content"])
                last = row["id"]
            yield len(rows)
            if len(rows) < FILES_AT_ONCE:
                return

    async def _people(self, archive: zipfile.ZipFile, tenant_id: int) -> int:
        if self._only is not None:
            return 0
        people = 0
        for name, query in ((LOGINS, _LOGINS), (PEOPLE, _PEOPLE)):
            with archive.open(name, "w") as member:

                async def take(data: bytes, member: object = member) -> None:
                    member.write(data)  # type: ignore[attr-defined]

                tag = await self._connection.copy_from_query(
                    query, tenant_id, output=take, format="csv", header=True
                )
                people = int(tag.rpartition(" ")[2])
        return people

    async def _migrations(self) -> tuple[str, ...]:
        rows = await self._connection.fetch("SELECT source, name FROM headgate_migration ORDER BY 1, 2")
        return tuple(f"{row['source']}/{row['name']}" for row in rows)


def select_rows(table: LiveTable, columns: Sequence[str], blanked: Sequence[str] = ()) -> str:
    """Give the query of a tenant's rows in the order of the key, `$1` being the tenant."""
    shown = ", ".join(
        f'{"NULL" if column in table.optional else _EMPTY} AS "{column}"'
        if column in blanked
        else f'"{column}"'
        for column in columns
    )
    return f'SELECT {shown} FROM "{table.name}" WHERE tenant_id = $1 ORDER BY {table.order}'  # noqa: S608 (names of the catalogue)


_EMPTY = "''::bytea"
_PEOPLE = """
SELECT p.id, p.name, p.locale, p.created_at FROM person p
WHERE p.id IN (SELECT m.person_id FROM membership m WHERE m.tenant_id = $1) ORDER BY p.id
"""
_LOGINS = """
SELECT l.person_id, l.login, l.confirmed_at FROM person_login l
WHERE l.person_id IN (SELECT m.person_id FROM membership m WHERE m.tenant_id = $1) ORDER BY l.login
"""
