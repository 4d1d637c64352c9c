"""How a chain stands: up to where it is sealed, what the last verification found."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.database import Database

from headgate_kernel.audit.verifying import Finding


class Standing(msgspec.Struct, frozen=True):
    """How a chain stands.

    Args:
        seq: of the last link; 0 where nothing is sealed.
        hash: of the last link.
        waiting: entries that are not sealed yet.
        verified_at: when it was read from end to end; None where it never was.
        verified_seq: up to where it was whole.
        findings: how much was wrong.
        first: the first thing that was.
    """

    seq: int
    hash: bytes
    waiting: int
    verified_at: datetime | None
    verified_seq: int
    findings: int
    first: Finding | None


class Seal(msgspec.Struct, frozen=True):
    """An entry's place in its chain."""

    seq: int
    hash: bytes


async def standing_of(db: Database, tenant_id: int) -> Standing:
    """Tell how a chain stands.

    Args:
        db: a platform scope.
        tenant_id: whose; 0 is the platform.
    """
    head = await db.fetch_row(
        "SELECT seq, hash FROM audit_seal WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1", tenant_id
    )
    waiting = await db.fetch_value("SELECT count(*) FROM audit_unsealed WHERE tenant_id = $1", tenant_id)
    last = await db.fetch_row(
        "SELECT verified_at, seq, findings, first FROM audit_verification WHERE tenant_id = $1", tenant_id
    )
    return Standing(
        head["seq"] if head else 0,
        bytes(head["hash"]) if head else b"",
        waiting,
        last["verified_at"] if last else None,
        last["seq"] if last else 0,
        last["findings"] if last else 0,
        msgspec.json.decode(last["first"], type=Finding) if last and last["first"] else None,
    )


async def seals_of(db: Database, tenant_id: int, entry_ids: Iterable[UUID]) -> dict[UUID, Seal]:
    """Give the places of entries in their chain; those that wait to be sealed are left out.

    Args:
        db: a platform scope.
        tenant_id: whose; 0 is the platform.
        entry_ids: of the entries.
    """
    rows = await db.fetch(
        "SELECT entry_id, seq, hash FROM audit_seal WHERE tenant_id = $1 AND entry_id = ANY($2)",
        tenant_id, list(entry_ids),
    )  # fmt: skip
    return {row["entry_id"]: Seal(row["seq"], bytes(row["hash"])) for row in rows}


async def chains_not_whole(db: Database) -> list[str]:
    """Give the short names of those whose chain was found not whole; the platform's is empty."""
    rows = await db.fetch(
        """
        SELECT coalesce(t.slug, '') AS slug FROM audit_verification v LEFT JOIN tenant t ON t.id = v.tenant_id
        WHERE v.findings > 0 AND (v.tenant_id = 0 OR t.id IS NOT NULL) ORDER BY 1
        """
    )
    return [row["slug"] for row in rows]
