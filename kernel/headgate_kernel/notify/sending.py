"""Hand a message to its provider, once."""

from datetime import timedelta
from typing import TYPE_CHECKING

from headgate_sdk.errors import NotReady
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId, new_id
from headgate_sdk.jobs import GiveUp

from headgate_kernel.notify.messages import Message, SendMessage, check_recipient
from headgate_kernel.notify.wording import put_in_words

if TYPE_CHECKING:
    from headgate_kernel.notify.providers import Notice
    from headgate_kernel.runtime import Kernel

GIVEN_UP_AFTER = timedelta(days=3)
"""How long a message is offered again and again; as mail servers do (RFC 5321, 4.5.4.1)."""
KEPT = timedelta(days=30)


async def send_now(kernel: "Kernel", message: Message) -> None:
    """Send a message and wait until it is handed over, without the queue.

    Raises:
        Invalid: it cannot be sent to that address or number.
        NotReady: the provider cannot take it now.
        GiveUp: the provider refuses it.
    """
    check_recipient(message)
    await deliver(kernel, message.tenant_id, SendMessage(new_id(), kernel.clock.now(), message))


async def deliver(kernel: "Kernel", tenant_id: int, job: SendMessage) -> None:
    """Send a message that was asked for; the job of the queue.

    What has left is noted at once, in a transaction of its own: where the worker dies before the job is
    settled, the next one finds the note and does not send it again.
    """
    async with kernel.databases.platform_scope() as db:
        if await db.fetch_value("SELECT true FROM sent_message WHERE id = $1", job.id):
            return
    tenant = await kernel.directory.by_id(TenantId(job.message.tenant_id)) if job.message.tenant_id else None
    notice = put_in_words(job, kernel.catalogue, tenant.info if tenant else None)
    provider = kernel.providers[job.message.channel]
    try:
        await provider.send(notice)
    except NotReady as error:
        if kernel.clock.now() - job.at < GIVEN_UP_AFTER:
            raise
        raise GiveUp(
            N_("It was offered for {days} days and never taken. {reason}"),
            days=GIVEN_UP_AFTER.days, reason=str(error),
        ) from error  # fmt: skip
    await _note(kernel, notice, keeps_words=provider.keeps_words)


async def _note(kernel: "Kernel", notice: "Notice", *, keeps_words: bool) -> None:
    message = notice.message
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO sent_message (id, at, tenant_id, channel, recipient, template, locale, subject, body)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (id) DO NOTHING
            """,
            notice.id, kernel.clock.now(), message.tenant_id, message.channel, message.to, message.template,
            message.locale, notice.subject if keeps_words else None, notice.text if keeps_words else None,
        )  # fmt: skip


async def forget_old_messages(kernel: "Kernel") -> None:
    """Drop the notes of messages that were sent long ago."""
    async with kernel.databases.platform_scope() as db:
        await db.execute("DELETE FROM sent_message WHERE at < $1", kernel.clock.now() - KEPT)
