"""Invitations: a link that lets somebody in at a tenant, once and within a week.

The link goes to the person, and whoever invites may also hand it over by other means. It therefore proves
nothing about the person's mailbox: it sets a first password only for somebody who is new to the platform and
belongs to this tenant alone, and it takes nobody's account over.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from headgate_sdk.errors import Conflict, Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId, new_id

from headgate_kernel.identity.links import find_sender
from headgate_kernel.identity.logins import channel_of
from headgate_kernel.identity.sessions import hash_token, new_token, plain
from headgate_kernel.notify import Message, send_message

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel

GOOD_FOR = timedelta(days=7)

State = Literal["open", "accepted", "revoked", "expired"]


class Invitation(msgspec.Struct, frozen=True):
    """An invitation as who follows its link meets it.

    Args:
        id: of the invitation.
        tenant_id: whose it is.
        person_id: who is invited.
        membership_id: their place.
        name: theirs, as it is known here.
        login: with which they sign in.
        invited_by: name of who invites.
        state: only an open one lets in.
        is_new: they have no way to sign in yet, so they choose a password.
        kind: staff or customer.
    """

    id: UUID
    tenant_id: TenantId
    person_id: UUID
    membership_id: UUID
    name: str
    login: str
    invited_by: str
    state: State
    is_new: bool
    kind: str


async def invite(
    kernel: "Kernel",
    db: "Database",
    *,
    tenant_id: TenantId,
    person_id: UUID,
    membership_id: UUID,
    to: str,
    by: str,
) -> str:
    """Invite a member, or invite them again: the link before is worth nothing then.

    Args:
        kernel: of the process.
        db: the transaction in which they were made a member; of the tenant, or of the platform.
        tenant_id: where.
        person_id: who.
        membership_id: their place; not taken up yet.
        to: where the link is sent: an e-mail address or a phone number. A user name gets none.
        by: name of who invites, as the message says it.

    Returns:
        The link, for who invites to hand over.

    Raises:
        Conflict: they have come already.
        NotFound: there is no such member.
    """
    now = kernel.clock.now()
    row = await db.fetch_row(_MEMBER, tenant_id, membership_id, person_id)
    if row is None:
        raise NotFound(N_("There is nobody like that here."))
    if row["accepted"]:
        raise Conflict(N_("{name} has accepted already and needs no invitation."), name=row["name"])
    await revoke_invitations(db, tenant_id=tenant_id, membership_id=membership_id, now=now)
    token = new_token()
    sender = await find_sender(kernel, db, tenant_id)
    link = sender.link(f"/invitation/{token}")
    await db.execute(
        """
        INSERT INTO invitation (tenant_id, id, token_hash, person_id, membership_id, sent_to, invited_by,
                                created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
        """,
        tenant_id, new_id(), hash_token(token), person_id, membership_id, to, by, now, now + GOOD_FOR,
    )  # fmt: skip
    channel = channel_of(to)
    if channel is not None:
        message = Message(
            channel=channel, to=to, template="invitation", locale=row["locale"] or sender.locale,
            tenant_id=tenant_id,
            values={"name": row["name"], "by": by, "place": sender.name, "link": link,
                    "days": str(GOOD_FOR.days)},
        )  # fmt: skip
        await send_message(db, message, now=now)
    return link


async def revoke_invitations(
    db: "Database", *, tenant_id: TenantId, membership_id: UUID, now: datetime
) -> int:
    """Make a member's open invitations worth nothing; gives how many."""
    rows = await db.fetch(
        """
        UPDATE invitation SET revoked_at = $3
        WHERE tenant_id = $1 AND membership_id = $2 AND accepted_at IS NULL AND revoked_at IS NULL
        RETURNING id
        """,
        tenant_id, membership_id, now,
    )  # fmt: skip
    return len(rows)


async def find_invitation(kernel: "Kernel", db: "Database", token: str, tenant_id: TenantId) -> Invitation:
    """Give the invitation behind a link.

    Args:
        kernel: of the process.
        db: a platform scope.
        token: of the link.
        tenant_id: whose host was asked; at another one the link leads nowhere.

    Raises:
        NotFound: there is none.
    """
    row = await db.fetch_row(_FIND, tenant_id, hash_token(plain(token)))
    if row is None:
        raise NotFound(N_("This invitation does not exist. Check the link, or ask for a new one."))
    state: State = "open"
    if row["accepted_at"]:
        state = "accepted"
    elif row["revoked_at"] or row["member_state"] != "active":
        state = "revoked"
    elif row["expires_at"] <= kernel.clock.now():
        state = "expired"
    return Invitation(
        row["id"], tenant_id, row["person_id"], row["membership_id"], row["name"], row["login"],
        row["invited_by"], state, row["is_new"], row["kind"],
    )  # fmt: skip


async def claim_invitation(db: "Database", invitation: Invitation, now: datetime) -> None:
    """Take an invitation up; once, whoever is faster.

    Raises:
        Conflict: it was taken up, revoked or has expired meanwhile.
    """
    claimed = await db.fetch_value(
        """
        UPDATE invitation SET accepted_at = $3
        WHERE tenant_id = $1 AND id = $2 AND accepted_at IS NULL AND revoked_at IS NULL AND expires_at > $3
        RETURNING id
        """,
        invitation.tenant_id, invitation.id, now,
    )  # fmt: skip
    if claimed is None:
        raise Conflict(N_("This invitation was used already or is too old. Sign in, or ask for a new one."))


def check_open(invitation: Invitation) -> None:
    """Insist that an invitation still lets in.

    Raises:
        Invalid: says what has become of it, and what to do.
    """
    if invitation.state != "open":
        raise Invalid(_WORDS[invitation.state], by=invitation.invited_by)


_WORDS: dict[State, str] = {
    "open": "",
    "accepted": N_("You have accepted this invitation already. Please sign in."),
    "revoked": N_("This invitation was taken back or replaced by a newer one. Ask {by}."),
    "expired": N_("This invitation has expired. Ask {by} for a new one."),
}

_MEMBER = """
SELECT m.name, m.locale, EXISTS (SELECT FROM invitation i WHERE i.tenant_id = $1 AND i.membership_id = m.id
                                 AND i.accepted_at IS NOT NULL) AS accepted
FROM membership m WHERE m.tenant_id = $1 AND m.id = $2 AND m.person_id = $3 AND m.state = 'active'
"""

_FIND = """
SELECT i.id, i.person_id, i.membership_id, i.invited_by, i.accepted_at, i.revoked_at, i.expires_at,
       m.name, m.login, m.kind, m.state AS member_state,
       NOT (p.is_operator
            OR EXISTS (SELECT FROM person_password w WHERE w.person_id = p.id)
            OR EXISTS (SELECT FROM membership o WHERE o.person_id = p.id AND o.tenant_id <> $1)) AS is_new
FROM invitation i
JOIN membership m ON m.tenant_id = $1 AND m.id = i.membership_id
JOIN person p ON p.id = i.person_id
WHERE i.tenant_id = $1 AND i.token_hash = $2
"""

UNACCEPTED = """
(EXISTS (SELECT FROM invitation i WHERE i.tenant_id = m.tenant_id AND i.membership_id = m.id)
 AND NOT EXISTS (SELECT FROM invitation i WHERE i.tenant_id = m.tenant_id AND i.membership_id = m.id
                 AND i.accepted_at IS NOT NULL))
"""
"""Of a membership `m`: the person was invited and has not come yet, so it lets nobody in.

Else somebody who was let in elsewhere under a login that is not theirs would be let in here too.
"""
