"""Erase a tenant: every row, file and job, and people who belong nowhere else; keep what the law needs."""

import asyncio
import io
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.portability.archive import Archive
from headgate_kernel.portability.classes import PLATFORM_KEEPS
from headgate_kernel.portability.clearing import clear_people, clear_tenant, people_only_here
from headgate_kernel.portability.exports import export_chunks
from headgate_kernel.portability.schema import LiveTable, tables_of_tenants
from headgate_kernel.tenancy.directory import touch

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant

SETTLE_SECONDS = 2.5
"""Workers know of a suspension within a second; what they had begun gets the rest of the time to end."""

ARCHIVE_PLACE = "retained_archive:content"
CERTIFICATE_YEARS = 3
"""A certificate is kept this long where nothing else is."""

DAYS_A_YEAR = 365.25


class Retained(msgspec.Struct, frozen=True):
    """A table that is kept for a while.

    Args:
        table: name.
        years: from the erasure on.
        rows: how many.
    """

    table: str
    years: int
    rows: int


class Certificate(msgspec.Struct, frozen=True):
    """What an erasure did, to be handed to who asked for it.

    Args:
        slug: short name that the tenant had.
        name: of the distributor.
        erased_at: when.
        by: who carried it out.
        reason: why.
        rows: deleted, by table.
        people: persons erased, who belonged to nobody else.
        people_rows: what was kept of them and deleted, by table.
        left: rows found by counting again afterwards; always 0.
        retained: what is kept, sealed, and for how long.
        archive_id: under which the certificate, and what is retained, are kept.
    """

    slug: str
    name: str
    erased_at: datetime
    by: str
    reason: str
    rows: dict[str, int]
    people: int
    people_rows: dict[str, int]
    left: int
    retained: tuple[Retained, ...]
    archive_id: UUID


async def erase_tenant(
    kernel: "Kernel", slug: str, *, by: Actor, reason: str, settle: float = SETTLE_SECONDS
) -> Certificate:
    """Erase a tenant for good.

    Args:
        kernel: of the process.
        slug: short name of the tenant.
        by: who does it.
        reason: why.
        settle: seconds between suspending the tenant and erasing it.

    Raises:
        NotFound: there is no such tenant.
        Conflict: rows appeared while it was erased; nothing was.
    """
    tenant = await kernel.tenant(slug)
    await _stop(kernel, tenant)
    await asyncio.sleep(settle)
    years = retention(kernel)
    content, retained = await _what_is_kept(kernel, slug, years)
    async with kernel.databases.platform_scope() as work:
        live = await tables_of_tenants(await work.connection())
        people = await people_only_here(work, tenant.info.id)
        rows = await clear_tenant(work, tenant.info.id, live)
        people_rows = await clear_people(work, people)
        left = await _count(work, tenant.info.id, live)
        if left:
            raise Conflict(
                N_("{n} rows were written while {slug} was erased, so nothing was. Try again."),
                n=left, slug=slug,
            )  # fmt: skip
        certificate = Certificate(
            slug, tenant.info.name, kernel.clock.now(), by.name, reason, rows, len(people), people_rows, left,
            retained, new_id(),
        )  # fmt: skip
        await _keep(kernel, work, certificate, content)
        await append_platform_entry(
            work, actor=by, action="tenant.erase", subject=slug,
            details={"reason": reason, "rows": sum(rows.values()), "people": len(people)},
            now=certificate.erased_at,
        )  # fmt: skip
    kernel.directory.forget(tenant.info.id)
    kernel.secrets.keys.forget(tenant.info.id)
    return certificate


def retention(kernel: "Kernel") -> Mapping[str, int]:
    """Give the years for which the law wants tables of plugins kept, as their manifests state them."""
    return {
        table: years
        for plugin in kernel.host.installed
        if not plugin.problem
        for table, years in plugin.manifest.retained.items()
    }


async def _stop(kernel: "Kernel", tenant: "Tenant") -> None:
    """Let no request and no job of the tenant begin any more."""
    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE tenant SET state = 'suspended' WHERE id = $1", tenant.info.id)
        await touch(db, tenant.info.id)
    kernel.directory.forget(tenant.info.id)


async def _what_is_kept(
    kernel: "Kernel", slug: str, years: Mapping[str, int]
) -> tuple[bytes, tuple[Retained, ...]]:
    content = b"".join([chunk async for chunk in export_chunks(kernel, slug, only=frozenset(years))])
    tables = Archive(io.BytesIO(content)).manifest.tables
    return content, tuple(
        Retained(table.name, years[table.name], table.rows) for table in tables if table.rows
    )


async def _keep(kernel: "Kernel", work: "UnitOfWork", certificate: Certificate, content: bytes) -> None:
    longest = max((kept.years for kept in certificate.retained), default=CERTIFICATE_YEARS)
    sealed = None
    if certificate.retained:
        sealed = await kernel.secrets.seal(
            work, tenant_id=0, place=f"{ARCHIVE_PLACE}:{certificate.archive_id}", value=content
        )
    await work.execute(
        """
        INSERT INTO retained_archive (id, slug, name, erased_at, keep_until, tables, certificate, content)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        certificate.archive_id, certificate.slug, certificate.name, certificate.erased_at,
        certificate.erased_at + timedelta(days=longest * DAYS_A_YEAR),
        [kept.table for kept in certificate.retained], msgspec.json.encode(certificate).decode(), sealed,
    )  # fmt: skip


async def _count(work: "UnitOfWork", tenant_id: int, live: list[LiveTable]) -> int:
    counts = [
        f'SELECT count(*) FROM "{table.name}" WHERE tenant_id = $1'  # noqa: S608 (names of the catalogue)
        for table in live
        if table.name not in PLATFORM_KEEPS
    ]
    left: int = await work.fetch_value(f"SELECT {' + '.join(f'({one})' for one in counts)}", tenant_id)
    return left
