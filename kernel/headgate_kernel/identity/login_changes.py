"""Another e-mail address or phone: it counts once its owner confirms it, and the old one can take it back.

Who has got hold of a session must not carry the account away: the old address is told, with a link that
undoes this and every later change for three days.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, Forbidden, Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId, new_id

from headgate_kernel.identity.devices import forget_devices
from headgate_kernel.identity.links import find_sender
from headgate_kernel.identity.logins import channel_of, check_login
from headgate_kernel.identity.pace import Pace, admit
from headgate_kernel.identity.sessions import Session, hash_token, new_token, plain
from headgate_kernel.identity.trail import record
from headgate_kernel.notify import Message, send_message

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

GOOD_FOR = timedelta(days=1)
UNDO_WITHIN = timedelta(hours=72)
BY_PERSON = Pace("login change", burst=5, every=timedelta(minutes=10))
MOST_LOGINS = 5

Done = Literal["confirmed", "undone"]


async def request_login(
    kernel: "Kernel",
    session: Session,
    tenant_id: TenantId | None,
    *,
    old: str,
    new: str,
    region: str,
    address: str,
) -> str:
    """Ask for another login; a link goes to it, and it counts when that is followed.

    Whether somebody else has it is told to its mailbox only.

    Args:
        kernel: of the process.
        session: of the person.
        tenant_id: at whose host; None is the operator's console.
        old: the login that it replaces; empty adds one.
        new: an e-mail address or phone number.
        region: country of phone numbers that are typed without one.
        address: of the caller.

    Returns:
        The login in the form in which it is kept: where the link went.

    Raises:
        Invalid: it is none, or one's own already; names the field.
        TooManyTries: says how long to wait.
    """
    person_id = session.actor.person_id
    if person_id is None:
        raise Forbidden(N_("Please sign in first."))
    folded = check_login(new, region)
    channel = channel_of(folded)
    if channel is None:
        raise Invalid(
            N_("Give an e-mail address or a phone number, so that we can reach you."), field="login"
        )
    now, token = kernel.clock.now(), new_token()
    async with kernel.databases.platform_scope() as db:
        await admit(db, BY_PERSON, now, person_id)
    async with kernel.databases.platform_scope() as db:
        owner = await db.fetch_value("SELECT person_id FROM person_login WHERE login = $1", folded)
        own = {
            row[0] for row in await db.fetch("SELECT login FROM person_login WHERE person_id = $1", person_id)
        }
        if owner == person_id:
            raise Invalid(N_("This is yours already."), field="login")
        if old and old not in own:
            raise Invalid(N_("Choose one of your own logins."), field="old")
        if not old and len(own) >= MOST_LOGINS:
            raise Invalid(N_("You have {n} logins already. Replace one of them."), field="login", n=len(own))
        sender = await find_sender(kernel, db, tenant_id)
        if owner is None:
            await db.execute(
                """
                INSERT INTO login_change (id, person_id, old_login, new_login, confirm_hash, created_at,
                                          expires_at)
                VALUES ($1, $2, $3, $4, $5, $6, $7)
                """,
                new_id(), person_id, old, folded, hash_token(token), now, now + GOOD_FOR,
            )  # fmt: skip
        message = Message(
            channel=channel, to=folded, tenant_id=tenant_id or 0,
            template="login_confirm" if owner is None else "login_taken",
            locale=session.locale or sender.locale,
            values={"place": sender.name, "name": session.person_name,
                    "link": sender.link(f"/confirm/{token}")},
        )  # fmt: skip
        await send_message(db, message, now=now)
        await record(
            kernel,
            db,
            tenant_id,
            session.actor,
            "login.request",
            folded,
            address=address,
            before=old,
            after=folded,
        )
    return folded


async def find_change(kernel: "Kernel", db: "Database", token: str) -> "Record":
    """Give what a link confirms or undoes: `new_login`, `old_login`, `undoes` and whose it is.

    Raises:
        NotFound: it was used already, or is too old.
    """
    row = await db.fetch_row(_FIND, hash_token(plain(token)), kernel.clock.now())
    if row is None:
        raise NotFound(N_("This link was used already or is too old."))
    return row


async def follow_link(kernel: "Kernel", tenant_id: TenantId | None, token: str, *, address: str) -> Done:
    """Do what a link is for: let the new login count, or take it back.

    Raises:
        NotFound: it was used already, or is too old.
        Conflict: somebody else has the login now.
    """
    async with kernel.databases.platform_scope() as db:
        change = await find_change(kernel, db, token)
        actor = Actor("system", change["name"], person_id=change["person_id"])
        if change["undoes"]:
            await _undo(kernel, db, change)
            done: Done = "undone"
        else:
            await _confirm(kernel, db, tenant_id, change)
            done = "confirmed"
        await record(
            kernel, db, tenant_id, actor, "login.undo" if done == "undone" else "login.change",
            change["new_login"], address=address,
            before=change["old_login"], after=change["new_login"],
        )  # fmt: skip
    return done


async def _confirm(kernel: "Kernel", db: "Database", tenant_id: TenantId | None, change: "Record") -> None:
    now, undo, person_id = kernel.clock.now(), new_token(), change["person_id"]
    taken = await db.fetch_value(
        """
        INSERT INTO person_login (login, person_id, confirmed_at) VALUES ($1, $2, $3)
        ON CONFLICT (login) DO NOTHING RETURNING login
        """,
        change["new_login"], person_id, now,
    )  # fmt: skip
    if taken is None:
        raise Conflict(N_("{login} belongs to an account already."), login=change["new_login"])
    await db.execute(
        "UPDATE login_change SET confirmed_at = $2, undo_hash = $3, undo_until = $4 WHERE id = $1",
        change["id"], now, hash_token(undo), now + UNDO_WITHIN,
    )  # fmt: skip
    if change["old_login"]:
        await db.execute(
            "DELETE FROM person_login WHERE login = $1 AND person_id = $2", change["old_login"], person_id
        )
        await _show_as(db, person_id, change["old_login"], change["new_login"])
    sender = await find_sender(kernel, db, tenant_id)
    others = [
        row[0]
        for row in await db.fetch(
            "SELECT login FROM person_login WHERE person_id = $1 AND login <> $2",
            person_id,
            change["new_login"],
        )
    ]
    for login in filter(None, dict.fromkeys([change["old_login"], *others])):
        channel = channel_of(login)
        if channel is not None:
            message = Message(
                channel=channel, to=login, template="login_changed", tenant_id=tenant_id or 0,
                locale=change["locale"] or sender.locale,
                values={"name": change["name"], "place": sender.name, "login": change["new_login"],
                        "link": sender.link(f"/confirm/{undo}"),
                        "hours": str(int(UNDO_WITHIN.total_seconds()) // 3600)},
            )  # fmt: skip
            await send_message(db, message, now=now)


async def _undo(kernel: "Kernel", db: "UnitOfWork", change: "Record") -> None:
    """Take back this change and all later ones, and sign the person out everywhere."""
    person_id, now = change["person_id"], kernel.clock.now()
    later = await db.fetch(
        """
        UPDATE login_change SET undone_at = $3
        WHERE person_id = $1 AND undone_at IS NULL AND (confirmed_at >= $2 OR confirmed_at IS NULL)
        RETURNING new_login, confirmed_at
        """,
        person_id, change["confirmed_at"], now,
    )  # fmt: skip
    gone = [row["new_login"] for row in later if row["confirmed_at"] is not None]
    await db.execute("DELETE FROM person_login WHERE person_id = $1 AND login = ANY($2)", person_id, gone)
    if change["old_login"]:
        back = await db.fetch_value(
            """
            INSERT INTO person_login (login, person_id, confirmed_at) VALUES ($1, $2, $3)
            ON CONFLICT (login) DO UPDATE SET confirmed_at = excluded.confirmed_at
            WHERE person_login.person_id = excluded.person_id RETURNING login
            """,
            change["old_login"], person_id, now,
        )  # fmt: skip
        if back is None:
            raise Conflict(N_("{login} belongs to an account already."), login=change["old_login"])
        for login in gone:
            await _show_as(db, person_id, login, change["old_login"])
    await kernel.sessions.end_all(db, person_id)
    await forget_devices(db, person_id)
    await db.execute(
        "UPDATE password_reset SET used_at = $2 WHERE person_id = $1 AND used_at IS NULL", person_id, now
    )


async def _show_as(db: "Database", person_id: UUID, old: str, new: str) -> None:
    """Let distributors' lists of people show the login that counts now."""
    await db.execute(
        "UPDATE membership SET login = $3 WHERE person_id = $1 AND login = $2", person_id, old, new
    )


_FIND = """
SELECT c.id, c.person_id, c.old_login, c.new_login, c.confirmed_at, c.undo_hash IS NOT NULL AS undoes,
       p.name, p.locale
FROM login_change c JOIN person p ON p.id = c.person_id
WHERE c.undone_at IS NULL AND (
    (c.confirm_hash = $1 AND c.confirmed_at IS NULL AND c.expires_at > $2)
    OR (c.undo_hash = $1 AND c.undo_until > $2))
FOR UPDATE OF c
"""
