"""Who carries a message away, by channel, as the operator has set it."""

from datetime import datetime
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

import click
import msgspec
from headgate_sdk.errors import ConfigError
from headgate_sdk.i18n import N_

from headgate_kernel.notify.messages import Message
from headgate_kernel.notify.smtp import Smtp

if TYPE_CHECKING:
    from headgate_kernel.config import Settings


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """A message in words, as it leaves.

    Args:
        id: the same each time it is tried.
        at: when it was asked for.
        message: what it was made from.
        sender: name of the distributor, or of the platform.
        subject: one line.
        text: plain.
        html: the same, for mail programs that show it.
    """

    id: UUID
    at: datetime
    message: Message
    sender: str
    subject: str
    text: str
    html: str


class Provider(Protocol):
    """Carries messages of one channel; a text service or mail server is one class that has this.

    Attributes:
        keeps_words: whether the operator reads the words on the console, because they leave for nowhere.
    """

    keeps_words: bool

    async def send(self, notice: Notice) -> None:
        """Hand a message over; it counts as sent when this returns.

        Raises:
            NotReady: it cannot be taken now, and may be later.
            GiveUp: it will never be taken: no such recipient, or refused for what it says.
            AuthFailed: our own name or password is refused.
        """
        ...


class Notices(list[Notice]):
    """What has been sent in this process while the provider is `memory:`, for tests."""

    def to(self, recipient: str) -> list[Notice]:
        """Give what was sent to somebody, the oldest first."""
        return [notice for notice in self if notice.message.to == recipient]


class MemoryProvider:
    """Keeps messages in memory, for tests."""

    keeps_words = False

    def __init__(self, notices: Notices) -> None:
        self._notices = notices

    async def send(self, notice: Notice) -> None:
        """Keep it."""
        self._notices.append(notice)


class ConsoleProvider:
    """Writes messages to the terminal, for development: nothing leaves the machine."""

    keeps_words = True

    async def send(self, notice: Notice) -> None:
        """Write it."""
        line = "─" * 60
        click.echo(f"{line}\n{notice.message.to}: {notice.subject}\n\n{notice.text}\n{line}", err=True)


def open_providers(settings: "Settings", notices: Notices) -> dict[str, Provider]:
    """Give the provider of each channel.

    Raises:
        ConfigError: a setting cannot be used; names it.
    """
    return {
        "email": _open("HEADGATE_EMAIL", settings.email, notices, smtp=True),
        "sms": _open("HEADGATE_SMS", settings.sms, notices, smtp=False),
    }


def _open(name: str, url: str, notices: Notices, *, smtp: bool) -> Provider:
    if url == "console:":
        return ConsoleProvider()
    if url == "memory:":
        return MemoryProvider(notices)
    if smtp and url.partition("://")[0] in {"smtp", "smtps"}:
        return Smtp.from_url(url, name)
    known = "console:, smtp://…, smtps://…" if smtp else "console:"
    raise ConfigError(N_("{name} must be one of {known}."), field=name, name=name, known=known)
