"""Reads a log by filters, newest first, a page at a time; the cost of a page does not grow with the log.

Entries stand in the order in which they were written, which their ids tell. A filter is tried on a limited
number of entries for one page; where few of them match, the page says how far it has looked.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.database import Database, Record
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.audit.entries import Entry, table_of

SPAN = 50_000
"""Entries that are looked through for one page."""

NEWEST = UUID(int=2**128 - 1)
OLDEST = UUID(int=0)


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries; what is empty does not filter.

    Args:
        since: written at or after.
        until: written before.
        person: part of the name of who acted, or of the operator in their place; or an id of theirs.
        action: what was done, exactly.
        subject: to what, exactly.
        text: part of the subject, the details, the request's id or the address.
    """

    since: datetime | None = None
    until: datetime | None = None
    person: str = ""
    action: str = ""
    subject: str = ""
    text: str = ""

    @property
    def is_narrow(self) -> bool:
        """Tell whether entries within the time may be left out."""
        return bool(self.person or self.action or self.subject or self.text)


class Page(msgspec.Struct, frozen=True):
    """A page of a log.

    Args:
        entries: newest first.
        next: where the next page begins; None at the end.
        looked_back_to: how far was looked, where more may match further back; None otherwise.
    """

    entries: Sequence[Entry]
    next: UUID | None
    looked_back_to: datetime | None


def read_cursor(text: str) -> UUID:
    """Read where a page begins.

    Raises:
        Invalid: it is no cursor that a page gave.
    """
    if not text:
        return NEWEST
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(N_("'{text}' is not where a page begins. Start from the first page."), field="before",
                      text=text[:40]) from None  # fmt: skip


async def read_page(
    db: Database,
    tenant_id: int,
    wanted: AuditFilter,
    *,
    before: UUID = NEWEST,
    limit: int = 50,
    span: int = SPAN,
) -> Page:
    """Read one page.

    Args:
        db: the tenant's scope; for tenant 0 a platform scope.
        tenant_id: whose log; 0 is the platform's.
        wanted: which entries.
        before: the page begins below this entry.
        limit: entries of a page.
        span: entries that are looked through at most.
    """
    newest, oldest = _bounds(wanted, before)
    table, ours = table_of(tenant_id)
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS} FROM (
            SELECT * FROM {table} e WHERE {ours} AND e.id < $2 AND e.id >= $3 ORDER BY e.id DESC LIMIT $4
        ) e WHERE {_FILTER} ORDER BY e.id DESC LIMIT $9
        """,  # noqa: S608 (names of our own)
        tenant_id, newest, oldest, span, *_values(wanted), limit + 1,
    )  # fmt: skip
    entries = [_entry(row) for row in rows[:limit]]
    if len(rows) > limit:
        return Page(entries, entries[-1].id, None)
    if not wanted.is_narrow:
        return Page(entries, None, None)
    end = await db.fetch_row(
        f"SELECT e.id, e.at FROM {table} e WHERE {ours} AND e.id < $2 AND e.id >= $3 "  # noqa: S608 (as above)
        "ORDER BY e.id DESC OFFSET $4 LIMIT 1",
        tenant_id, newest, oldest, span - 1,
    )  # fmt: skip
    return Page(entries, end["id"], end["at"]) if end else Page(entries, None, None)


async def read_upwards(
    db: Database, tenant_id: int, wanted: AuditFilter, *, after: UUID, limit: int
) -> list[Entry]:
    """Read entries in the order in which they were written, for files.

    Args:
        db: as for `read_page`.
        tenant_id: whose log.
        wanted: which entries.
        after: the last one that was read; `OLDEST` at first.
        limit: entries at most; fewer are the end.
    """
    newest, oldest = _bounds(wanted, NEWEST)
    table, ours = table_of(tenant_id)
    rows = await db.fetch(
        f"""
        SELECT {_COLUMNS} FROM {table} e
        WHERE {ours} AND e.id < $2 AND e.id >= $3 AND e.id > $4 AND {_FILTER} ORDER BY e.id LIMIT $9
        """,  # noqa: S608 (names of our own)
        tenant_id, newest, oldest, after, *_values(wanted), limit,
    )  # fmt: skip
    return [_entry(row) for row in rows]


def id_at(moment: datetime) -> UUID:
    """Give the lowest id that is made at a moment or later (UUID version 7 begins with milliseconds)."""
    return UUID(int=max(0, int(moment.timestamp() * 1000)) << 80)


def _bounds(wanted: AuditFilter, before: UUID) -> tuple[UUID, UUID]:
    newest = min(before, id_at(wanted.until)) if wanted.until else before
    return newest, id_at(wanted.since) if wanted.since else OLDEST


def _values(wanted: AuditFilter) -> tuple[str, str, str, str]:
    return wanted.person.strip().lower(), wanted.action, wanted.subject, wanted.text.strip().lower()


def _entry(row: Record) -> Entry:
    values = list(row)
    values[10] = msgspec.Raw(str(values[10]).encode())
    return Entry(*values)


_COLUMNS = """e.id, e.at, e.actor_kind, e.actor_id, e.actor_name, e.person_id, e.operator_name, e.operator_id,
            e.action, e.subject, e.details, e.request_id, e.address"""
_FILTER = """($5 = '' OR strpos(lower(e.actor_name), $5) > 0 OR strpos(lower(e.operator_name), $5) > 0
                OR $5 IN (e.actor_id::text, e.person_id::text, e.operator_id::text))
            AND ($6 = '' OR e.action = $6) AND ($7 = '' OR e.subject = $7)
            AND ($8 = '' OR strpos(lower(e.subject), $8) > 0 OR strpos(lower(e.details::text), $8) > 0
                OR e.request_id = $8 OR e.address = $8)"""
