"""A new password: of somebody who knows the old one, and by a link for who has forgotten it."""

from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.errors import Forbidden, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.notices import notify_person
from headgate_kernel.identity.opening import Opened
from headgate_kernel.identity.pace import admit, refund
from headgate_kernel.identity.password_rules import check_new_password
from headgate_kernel.identity.passwords import hash_password, password_matches
from headgate_kernel.identity.second_factor import after_change
from headgate_kernel.identity.sessions import Session
from headgate_kernel.identity.step_up import BY_SESSION
from headgate_kernel.identity.trail import record

if TYPE_CHECKING:
    from datetime import datetime

    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel


async def change_password(
    kernel: "Kernel", session: Session, tenant_id: TenantId | None, *, old: str, new: str, address: str
) -> Opened:
    """Change one's own password; all other sessions end.

    Args:
        kernel: of the process.
        session: of the person.
        tenant_id: at whose host; None is the operator's console.
        old: the password until now; not looked at where there is none.
        new: from now on.
        address: of the caller.

    Returns:
        The session under its new token.

    Raises:
        Invalid: the old password is wrong, or the new one is easily guessed; says why.
        TooManyTries: says how long to wait.
    """
    person_id = session.actor.person_id
    if person_id is None or session.id is None:
        raise Forbidden(N_("Please sign in first."))
    async with kernel.databases.platform_scope() as db:
        stored = await stored_hash(db, person_id)
        about = await known_words(db, person_id, tenant_id)
        await admit(db, BY_SESSION, kernel.clock.now(), session.id)
    if stored is not None and not await password_matches(stored, old):
        raise Invalid(N_("This is not your present password."), field="old")
    if stored is not None and old == new:
        raise Invalid(N_("This is your present password. Choose another one."), field="password")
    await check_new_password(new, about)
    hashed = await hash_password(new)
    async with kernel.databases.platform_scope() as db:
        await refund(db, BY_SESSION, session.id)
        await save_password(db, person_id, hashed, kernel.clock.now())
        opened = await after_change(kernel, db, session)
        await record(
            kernel, db, tenant_id, session.actor, "password.change", session.person_name, address=address
        )
        await notify_person(
            db,
            person_id,
            "password_changed",
            {"address": address},
            tenant_id=tenant_id,
            now=kernel.clock.now(),
        )
    return opened


async def stored_hash(db: "Database", person_id: UUID) -> str | None:
    """Give the hash of a person's password; None where they have none."""
    found: str | None = await db.fetch_value(
        "SELECT hash FROM person_password WHERE person_id = $1", person_id
    )
    return found


async def save_password(db: "Database", person_id: UUID, hashed: str, now: "datetime") -> None:
    """Keep a password's hash; links to reset the one before are worth nothing from then on."""
    await db.execute(
        """
        INSERT INTO person_password (person_id, hash, changed_at) VALUES ($1, $2, $3)
        ON CONFLICT (person_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at
        """,
        person_id, hashed, now,
    )  # fmt: skip
    await db.execute(
        "UPDATE password_reset SET used_at = $2 WHERE person_id = $1 AND used_at IS NULL", person_id, now
    )


async def known_words(db: "Database", person_id: UUID, tenant_id: TenantId | None) -> list[str]:
    """Give what others know of a person and would try as their password."""
    row = await db.fetch_row(
        """
        SELECT p.name, (SELECT t.name || ' ' || t.slug FROM tenant t WHERE t.id = $2) AS tenant,
               array(SELECT m.name FROM membership m WHERE m.tenant_id = $2 AND m.person_id = $1) AS names,
               array(SELECT l.login FROM person_login l WHERE l.person_id = $1) AS logins
        FROM person p WHERE p.id = $1
        """,
        person_id, tenant_id,
    )  # fmt: skip
    assert row is not None
    return ["headgate", row["name"], row["tenant"] or "", *row["names"], *row["logins"]]
