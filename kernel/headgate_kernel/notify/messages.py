"""A message to somebody, and asking for it to be sent."""

import re
from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from email_validator import EmailNotValidError, validate_email
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.database.unit_of_work import UnitOfWork
from headgate_kernel.jobs.queue import enqueue

if TYPE_CHECKING:
    from headgate_sdk.database import Database

JOB = "headgate.notify.send"
_PHONE = re.compile(r"\+[1-9][0-9]{6,14}")


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody is told, by template.

    Args:
        channel: how.
        to: mail address, or phone number like `+8613800138000`.
        template: name of a file in `web/templates/messages/`, without `.txt`.
        values: for the template; line ends in them become spaces.
        locale: the reader's language.
        tenant_id: the distributor in whose name it is sent; 0 for the platform's own.
    """

    channel: Literal["email", "sms"]
    to: str
    template: str
    values: dict[str, str]
    locale: str
    tenant_id: int = 0


class SendMessage(msgspec.Struct, frozen=True):
    """Payload of the job: the same id and date each time it is tried, so that a receiver knows it again."""

    id: UUID
    at: datetime
    message: Message


async def send_message(db: "Database", message: Message, *, now: datetime) -> UUID:
    """Have a message sent once this transaction is committed.

    Args:
        db: of the platform, or of the tenant in whose name it is sent.
        message: what to whom.
        now: the time.

    Returns:
        Id of the message.

    Raises:
        Invalid: it cannot be sent to that address or number; names the field `to`.
    """
    check_recipient(message)
    if isinstance(db, UnitOfWork) and db.tenant_id is not None:
        message = msgspec.structs.replace(message, tenant_id=db.tenant_id)
    payload = SendMessage(new_id(), now, message)
    await enqueue(db, message.tenant_id, JOB, payload, now=now)
    return payload.id


def check_recipient(message: Message) -> None:
    """Refuse what is no address, before anything is promised.

    Raises:
        Invalid: names the field `to`.
    """
    if message.channel == "sms":
        if not _PHONE.fullmatch(message.to):
            raise Invalid(N_("'{to}' is not a phone number like +8613800138000."), field="to", to=message.to)
        return
    try:
        validate_email(message.to, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise Invalid(N_("'{to}' is not an e-mail address."), field="to", to=message.to) from None
