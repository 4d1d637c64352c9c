"""Which messages have left, newest first."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

if TYPE_CHECKING:
    from headgate_sdk.database import Database

PAGE = 50


class SentMessage(msgspec.Struct, frozen=True):
    """A message that was handed over.

    Args:
        id: of the message.
        at: when.
        tenant: name of the distributor; empty for the platform, and for one that is no more.
        channel: email or sms.
        recipient: address or number.
        template: which words.
        subject: only where it went to the terminal.
        body: likewise.
    """

    id: UUID
    at: datetime
    tenant: str
    channel: str
    recipient: str
    template: str
    subject: str | None
    body: str | None


class SentPage(msgspec.Struct, frozen=True):
    """Some messages.

    Args:
        items: one page of them.
        total: how many there are.
        following: hand it in as `before` for the next page; None at the end.
    """

    items: list[SentMessage]
    total: int
    following: UUID | None


async def list_sent(db: "Database", *, before: UUID | None = None) -> SentPage:
    """List messages that were sent.

    Args:
        db: a platform scope.
        before: older than this one alone, if given.
    """
    items = await db.fetch_as(
        SentMessage,
        """
        SELECT m.id, m.at, coalesce(t.name, ''), m.channel, m.recipient, m.template, m.subject, m.body
        FROM sent_message m LEFT JOIN tenant t ON t.id = m.tenant_id
        WHERE $1::uuid IS NULL OR m.id < $1
        ORDER BY m.id DESC LIMIT $2
        """,
        before, PAGE + 1,
    )  # fmt: skip
    total = await db.fetch_value("SELECT count(*) FROM sent_message")
    return SentPage(items[:PAGE], total, items[PAGE - 1].id if len(items) > PAGE else None)
