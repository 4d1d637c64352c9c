"""A log as a file, in the order in which it was written: CSV for spreadsheets, JSON Lines for programs.

It is read a piece at a time, each in a transaction of its own, so that a long log neither fills the memory
nor holds a transaction open while somebody's line is slow.
"""

import csv
import io
from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from headgate_kernel.audit.entries import Entry
from headgate_kernel.audit.log import PLATFORM
from headgate_kernel.audit.reading import OLDEST, AuditFilter, read_upwards
from headgate_kernel.audit.standing import Seal, seals_of

if TYPE_CHECKING:
    from uuid import UUID

    from headgate_sdk.ids import TenantId

    from headgate_kernel.database.database import Databases

PIECE = 1_000
COLUMNS = (
    "number", "at", "actor", "kind", "operator", "action", "subject", "details", "request", "address",
    "entry", "actor_id", "person_id", "operator_id", "hash",
)  # fmt: skip
BOM = "\ufeff"
"""Tells spreadsheets that the file is UTF-8."""

Form = Literal["csv", "jsonl"]
MEDIA_TYPES: Mapping[Form, str] = {"csv": "text/csv; charset=utf-8", "jsonl": "application/jsonl"}


async def export_log(
    databases: "Databases", tenant_id: "TenantId", wanted: AuditFilter, form: Form
) -> AsyncIterator[bytes]:
    """Give a log piece by piece.

    Args:
        databases: of the process.
        tenant_id: whose log; 0 is the platform's.
        wanted: which entries; give `until`, or what is written meanwhile is in the file too.
        form: of the file.
    """
    if form == "csv":
        yield (BOM + _csv_rows([COLUMNS])).encode()
    after: UUID = OLDEST
    while True:
        scope = databases.platform_scope() if tenant_id == PLATFORM else databases.tenant_scope(tenant_id)
        async with scope as db:
            entries = await read_upwards(db, tenant_id, wanted, after=after, limit=PIECE)
        if entries:
            async with databases.platform_scope() as db:
                seals = await seals_of(db, tenant_id, [entry.id for entry in entries])
            write = _csv_piece if form == "csv" else _jsonl_piece
            yield write(entries, seals).encode()
        if len(entries) < PIECE:
            return
        after = entries[-1].id


def harmless(cell: str) -> str:
    """Keep a spreadsheet from taking somebody's words for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.lstrip()[:1] in {"=", "+", "-", "@"} or cell[:1] in {"\t", "\r", "\n"} else cell


def _csv_piece(entries: Iterable[Entry], seals: "Mapping[UUID, Seal]") -> str:
    rows = []
    for entry in entries:
        told = _told(entry, seals.get(entry.id))
        rows.append([harmless("" if told[name] is None else str(told[name])) for name in COLUMNS])
    return _csv_rows(rows)


def _csv_rows(rows: Iterable[Iterable[object]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _jsonl_piece(entries: Iterable[Entry], seals: "Mapping[UUID, Seal]") -> str:
    lines = []
    for entry in entries:
        told = _told(entry, seals.get(entry.id)) | {"details": entry.details}
        lines.append(msgspec.json.encode(told).decode())
    return "".join(f"{line}\n" for line in lines)


def _told(entry: Entry, seal: Seal | None) -> dict[str, Any]:
    return {
        "number": seal.seq if seal else None,
        "at": entry.at.astimezone(UTC).isoformat(timespec="milliseconds"),
        "actor": entry.actor_name,
        "kind": entry.actor_kind,
        "operator": entry.operator_name,
        "action": entry.action,
        "subject": entry.subject,
        "details": bytes(entry.details).decode(),
        "request": entry.request_id,
        "address": entry.address,
        "entry": str(entry.id),
        "actor_id": entry.actor_id and str(entry.actor_id),
        "person_id": entry.person_id and str(entry.person_id),
        "operator_id": entry.operator_id and str(entry.operator_id),
        "hash": seal.hash.hex() if seal else None,
    }
