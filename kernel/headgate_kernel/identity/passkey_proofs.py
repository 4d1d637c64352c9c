"""Proving oneself with a passkey, at sign-in and whenever it is asked for anew."""

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import webauthn
from headgate_sdk.context import Actor
from headgate_sdk.i18n import N_
from webauthn.helpers.structs import UserVerificationRequirement

from headgate_kernel.identity.notices import notify_person
from headgate_kernel.identity.pace import Pace, admit
from headgate_kernel.identity.passkey_challenges import (
    LIFETIME_MS,
    UNREADABLE,
    Answer,
    PasskeyRefused,
    Purpose,
    Site,
    does_not_hold,
    keep_challenge,
    take_challenge,
)
from headgate_kernel.identity.passkeys import descriptor
from headgate_kernel.identity.trail import record

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

    from headgate_kernel.runtime import Kernel


BY_ADDRESS = Pace("passkey questions from one address", burst=300, every=timedelta(seconds=1))


async def proof_options(kernel: "Kernel", site: Site, purpose: Purpose, person_id: UUID | None = None) -> str:
    """Give what a browser needs to ask for a passkey, as JSON.

    Args:
        kernel: of the process.
        site: where.
        purpose: signing in, or confirming who one is.
        person_id: who must prove themselves; None takes whoever has a passkey here.

    Raises:
        TooManyTries: asked for too often from there.
    """
    options = webauthn.generate_authentication_options(
        rp_id=site.host, timeout=LIFETIME_MS, user_verification=UserVerificationRequirement.REQUIRED
    )
    async with kernel.databases.platform_scope() as db:
        if person_id is None:  # anybody on the sign-in page; each question is a row
            await admit(db, BY_ADDRESS, kernel.clock.now(), site.address)
        else:
            rows = await db.fetch(
                """
                SELECT credential_id, transports FROM person_passkey
                WHERE person_id = $1 AND rp_id = $2 AND cloned_at IS NULL
                """,
                person_id, site.host,
            )  # fmt: skip
            options.allow_credentials = [descriptor(row) for row in rows]
        await keep_challenge(
            db, site, purpose, person_id, challenge=options.challenge, now=kernel.clock.now()
        )
    return webauthn.options_to_json(options)


async def prove(
    kernel: "Kernel", site: Site, purpose: Purpose, text: str, person_id: UUID | None = None
) -> UUID:
    """Tell who has proved themselves with a passkey.

    Args:
        kernel: of the process.
        site: where.
        purpose: as for `proof_options`.
        text: what the browser gave, as JSON.
        person_id: who it has to be; None takes anybody.

    Returns:
        The person.

    Raises:
        PasskeyRefused: the answer does not hold, or the passkey is none here or was copied.
    """
    answer = await take_challenge(kernel, site, purpose, person_id, text)
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(_FIND, site.host, answer.credential_id)
        if row is None or (person_id is not None and row["person_id"] != person_id):
            raise PasskeyRefused(
                N_("This passkey is not known here: it was removed, or belongs to another account. Sign in "
                   "another way."),
                field="passkey",
            )  # fmt: skip
        if row["cloned_at"] is not None:
            raise _closed()
        before, after = row["sign_count"], _check(answer, site, row)
        copied = bool(before or after) and after <= before
        if copied:
            await _close(kernel, db, site, row, after)
        else:
            await db.execute(
                "UPDATE person_passkey SET sign_count = $2, used_at = $3 WHERE id = $1",
                row["id"], after, kernel.clock.now(),
            )  # fmt: skip
    if copied:
        raise _closed()
    found: UUID = row["person_id"]
    return found


def _check(answer: Answer, site: Site, row: "Record") -> int:
    """Give the counter that the device shows, once its signature was found right."""
    try:
        proved = webauthn.verify_authentication_response(
            credential=answer.json, expected_challenge=answer.challenge, expected_rp_id=site.host,
            expected_origin=site.origin, credential_public_key=row["public_key"],
            # with 0 the library leaves the counter to us; it would refuse it before it checks the signature,
            # and then anybody could have a passkey closed
            credential_current_sign_count=0, require_user_verification=True,
        )  # fmt: skip
    except UNREADABLE as error:
        raise does_not_hold() from error
    if answer.user_handle is not None and answer.user_handle != row["person_id"].bytes:
        raise does_not_hold()
    return proved.new_sign_count


async def _close(kernel: "Kernel", db: "Database", site: Site, row: "Record", counter: int) -> None:
    """Close a passkey whose counter went backwards: somewhere there is a second one."""
    now = kernel.clock.now()
    await db.execute("UPDATE person_passkey SET cloned_at = $2 WHERE id = $1", row["id"], now)
    actor = Actor("system", row["person_name"], person_id=row["person_id"])
    await record(
        kernel, db, site.tenant_id, actor, "passkey.cloned", row["name"], address=site.address,
        host=site.host, counter_kept=row["sign_count"], counter_shown=counter,
    )  # fmt: skip
    await notify_person(
        db, row["person_id"], "passkey_cloned", {"passkey": row["name"], "address": site.address},
        tenant_id=site.tenant_id, now=now,
    )  # fmt: skip


def _closed() -> PasskeyRefused:
    return PasskeyRefused(
        N_("This passkey was closed: its counter shows that there is a copy of it. Sign in another way, "
           "remove it and make a new one."),
        field="passkey",
    )  # fmt: skip


_FIND = """
SELECT k.id, k.person_id, k.public_key, k.sign_count, k.name, k.cloned_at, p.name AS person_name
FROM person_passkey k JOIN person p ON p.id = k.person_id
WHERE k.rp_id = $1 AND k.credential_id = $2 FOR UPDATE OF k
"""
