"""Tell a person what happened to their account: at their own address, where a thief's deed is noticed."""

from typing import TYPE_CHECKING
from uuid import UUID

from headgate_kernel.identity.logins import channel_of
from headgate_kernel.notify import Message, send_message

if TYPE_CHECKING:
    from datetime import datetime

    from headgate_sdk.database import Database


async def notify_person(
    db: "Database",
    person_id: UUID,
    template: str,
    values: dict[str, str],
    *,
    tenant_id: int | None,
    now: "datetime",
) -> int:
    """Write to all e-mail addresses of a person; to a phone only where there is no address.

    Args:
        db: a platform scope.
        person_id: whom.
        template: of the message.
        values: for the template; `name` and `place` are added.
        tenant_id: the distributor in whose name it is sent.
        now: when.

    Returns:
        To how many addresses.
    """
    row = await db.fetch_row(
        """
        SELECT p.name, p.locale AS own, t.name AS tenant_name, t.locale AS tenants,
               (SELECT m.locale FROM membership m WHERE m.tenant_id = $2 AND m.person_id = $1) AS chosen,
               (SELECT coalesce(m.locale, o.locale) FROM membership m JOIN tenant o ON o.id = m.tenant_id
                WHERE m.person_id = $1 ORDER BY o.id LIMIT 1) AS usual,
               array(SELECT l.login FROM person_login l WHERE l.person_id = $1 ORDER BY l.login) AS logins
        FROM person p LEFT JOIN tenant t ON t.id = $2 WHERE p.id = $1
        """,
        person_id, tenant_id,
    )  # fmt: skip
    assert row is not None
    recipients = [(channel_of(login), login) for login in row["logins"]]
    mails = [one for one in recipients if one[0] == "email"]
    phones = [one for one in recipients if one[0] == "sms"]
    locale = row["chosen"] or row["own"] or row["tenants"] or row["usual"] or "zh_CN"
    for channel, login in mails or phones:
        assert channel is not None
        message = Message(
            channel=channel, to=login, template=template, locale=locale, tenant_id=tenant_id or 0,
            values={"name": row["name"], "place": row["tenant_name"] or "Headgate"} | values,
        )  # fmt: skip
        await send_message(db, message, now=now)
    return len(mails or phones)
