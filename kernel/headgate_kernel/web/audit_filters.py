"""Filters of the audit log as addresses carry them, and what pages show of entries."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from urllib.parse import urlencode
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.audit.entries import Entry
from headgate_kernel.audit.reading import AuditFilter
from headgate_kernel.audit.standing import Seal
from headgate_kernel.audit.telling import Line, Translate, lines_of

MOST = 200
"""Characters of a filter."""


class Typed(msgspec.Struct, frozen=True, kw_only=True):
    """Filters as they were typed; the last day is a part of the time."""

    since: str = ""
    until: str = ""
    person: str = ""
    action: str = ""
    subject: str = ""
    q: str = ""

    def filter(self, zone: str) -> AuditFilter:
        """Give what the log is asked for.

        Args:
            zone: IANA name of the time zone in which days begin.

        Raises:
            Invalid: a day or time cannot be read, or a text is too long; names the field.
        """
        for name in ("person", "action", "subject", "q"):
            if len(getattr(self, name)) > MOST:
                raise Invalid(N_("This is too long: give at most {most} characters."), field=name, most=MOST)
        return AuditFilter(
            since=read_moment(self.since, "since", zone),
            until=read_moment(self.until, "until", zone, whole_day=True),
            person=self.person, action=self.action, subject=self.subject, text=self.q,
        )  # fmt: skip

    def address(self, path: str, **more: str) -> str:
        """Give the address of a page with these filters."""
        given = self.given() | more
        return f"{path}?{urlencode(given)}" if given else path

    def given(self) -> dict[str, str]:
        """Give those that are set."""
        return {name: value for name, value in msgspec.structs.asdict(self).items() if value}


class Row(msgspec.Struct, frozen=True):
    """An entry as a page shows it.

    Args:
        entry: the entry.
        words: what was done, in the reader's language.
        lines: what it tells.
        seq: its number in the chain; None while it waits to be sealed.
    """

    entry: Entry
    words: str
    lines: Sequence[Line]
    seq: int | None


def rows_of(
    entries: Sequence[Entry], seals: Mapping[UUID, Seal], deeds: Mapping[str, str], translate: Translate
) -> list[Row]:
    """Make entries readable.

    Args:
        entries: of a page.
        seals: their places in the chain.
        deeds: English msgids by action.
        translate: into the reader's language.
    """
    return [
        Row(
            entry,
            translate(deeds[entry.action]) if entry.action in deeds else entry.action,
            lines_of(entry, translate),
            seals[entry.id].seq if entry.id in seals else None,
        )
        for entry in entries
    ]


def read_moment(text: str, field: str, zone: str, *, whole_day: bool = False) -> datetime | None:
    """Read a day, or a moment of ISO 8601; days begin in the zone.

    Args:
        text: `2026-07-31` or `2026-07-31T08:00:00+08:00`; empty is None.
        field: named in the error.
        zone: IANA name.
        whole_day: a day means its end.

    Raises:
        Invalid: it is neither.
    """
    text = text.strip()
    if not text:
        return None
    try:
        if len(text) == len("2026-07-31"):
            day = date.fromisoformat(text) + timedelta(days=1 if whole_day else 0)
            return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))).astimezone(UTC)
    except (ValueError, OverflowError):
        raise Invalid(
            N_("'{text}' is neither a day like 2026-07-31 nor a time like 2026-07-31T08:00:00+08:00."),
            field=field, text=text[:40],
        ) from None  # fmt: skip
