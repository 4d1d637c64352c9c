"""What is kept of erased tenants: listed, opened with a reason, dropped when its time is over."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.portability.erasing import ARCHIVE_PLACE

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


class RetainedArchive(msgspec.Struct, frozen=True):
    """A sealed archive of an erased tenant.

    Args:
        id: of the archive.
        slug: short name that the tenant had.
        name: of the distributor.
        erased_at: when.
        keep_until: when it may go.
        tables: what is in it.
        certificate: of the erasure, as JSON.
    """

    id: UUID
    slug: str
    name: str
    erased_at: datetime
    keep_until: datetime
    tables: list[str]
    certificate: str


async def list_retained(kernel: "Kernel") -> list[RetainedArchive]:
    """Give all of them, the latest first."""
    async with kernel.databases.platform_scope() as db:
        return await db.fetch_as(
            RetainedArchive,
            "SELECT id, slug, name, erased_at, keep_until, tables, certificate FROM retained_archive "
            "ORDER BY erased_at DESC",
        )


async def open_retained(kernel: "Kernel", archive_id: UUID, *, by: Actor, reason: str) -> bytes:
    """Unseal one; who did it and why is written into the platform's log.

    Raises:
        NotFound: there is no such archive.
    """
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row("SELECT slug, content FROM retained_archive WHERE id = $1", archive_id)
        if row is None or row["content"] is None:
            raise NotFound(N_("Nothing is kept under this number."))
        await append_platform_entry(
            db, actor=by, action="retained.open", subject=row["slug"], details={"reason": reason},
            now=kernel.clock.now(),
        )  # fmt: skip
        return await kernel.secrets.reveal(
            db, tenant_id=0, place=f"{ARCHIVE_PLACE}:{archive_id}", sealed=row["content"]
        )


async def drop_expired(kernel: "Kernel") -> int:
    """Delete what need not be kept any longer; gives how many."""
    async with kernel.databases.platform_scope() as db:
        tag = await db.execute("DELETE FROM retained_archive WHERE keep_until < $1", kernel.clock.now())
    return int(tag.rpartition(" ")[2])
