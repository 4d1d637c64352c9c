"""The second step of a sign-in: a code of an authenticator app, or a recovery code in its place."""

from datetime import timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from headgate_sdk.errors import Forbidden, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.devices import forget_devices, is_known
from headgate_kernel.identity.notices import notify_person
from headgate_kernel.identity.opening import Opened, finish_opening
from headgate_kernel.identity.pace import Pace, admit, refund
from headgate_kernel.identity.passwords import hash_codes
from headgate_kernel.identity.recovery_codes import (
    codes_left,
    folded_code,
    hash_new_codes,
    new_codes,
    salt_of,
    save_codes,
    use_code,
)
from headgate_kernel.identity.sessions import Session, hash_token
from headgate_kernel.identity.totp import confirm_setup, remove_totp, use_totp
from headgate_kernel.identity.trail import record

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

BY_PERSON = Pace("second factor", burst=5, every=timedelta(minutes=2))
NEW_CODES = Pace("recovery codes", burst=3, every=timedelta(minutes=10))
"""Making codes is as slow as ten sign-ins."""
TOTP_DIGITS = 6

Second = Literal["totp", "recovery_code"]


class SecondFactor(msgspec.Struct, frozen=True):
    """What a person has set up.

    Args:
        totp: an authenticator app.
        codes_left: recovery codes that are not used yet.
        required: their role here needs one.
    """

    totp: bool
    codes_left: int
    required: bool


async def second_factor_of(kernel: "Kernel", person_id: UUID, tenant_id: TenantId | None) -> SecondFactor:
    """Tell what a person has set up, and whether they need it here."""
    async with kernel.databases.platform_scope() as db:
        totp = await db.fetch_value(
            "SELECT count(*) FROM person_totp WHERE person_id = $1 AND confirmed_at IS NOT NULL", person_id
        )
        left = await codes_left(db, person_id)
        if tenant_id is None:
            required = kernel.settings.operators_need_second_factor
        else:
            required = bool(await db.fetch_value(_REQUIRED, tenant_id, person_id))
    return SecondFactor(bool(totp), left, required)


async def finish_sign_in(
    kernel: "Kernel", session: Session, code: str, *, address: str, user_agent: str, device: str | None
) -> Opened:
    """Open a pending session by its second factor.

    Args:
        kernel: of the process.
        session: that is pending.
        code: of the authenticator app, or a recovery code.
        address: of the caller.
        user_agent: of the caller.
        device: token by which the browser is known; None where there is no browser.

    Raises:
        Invalid: the code is wrong or was used.
        TooManyTries: says how long to wait.
        Forbidden: the session has ended meanwhile.
    """
    person_id = session.person_id
    if person_id is None or session.id is None or session.state != "pending":
        raise Forbidden(N_("This took too long. Please sign in again."))
    async with kernel.databases.platform_scope() as db:
        known = await is_known(db, person_id, device or "")
    source = hash_token(device or "").hex() if known else ""
    check = await begin_check(kernel, person_id, code, source=source)
    async with kernel.databases.platform_scope() as db:
        second = await check.finish(kernel, db)
        if second == "recovery_code":
            await _tell_of_recovery(kernel, db, session, address)
        return await finish_opening(
            kernel, db, session.id, second=second, address=address, user_agent=user_agent, device=device
        )


class Check(msgspec.Struct, frozen=True):
    """A code on its way to be checked: counted as a try, and hashed with no connection held."""

    person_id: UUID
    code: str
    hashed: bytes
    source: str

    async def finish(self, kernel: "Kernel", db: "Database") -> Second:
        """Use the code up, in the transaction of what it is for.

        Raises:
            Invalid: it is wrong or was used.
        """
        second: Second | None = None
        if not self.hashed and await use_totp(kernel, db, self.person_id, self.code):
            second = "totp"
        if self.hashed and await use_code(db, self.person_id, self.hashed, kernel.clock.now()):
            second = "recovery_code"
        if second is None:
            raise Invalid(
                N_("This code does not fit or was used already. Wait for the next one and try again."),
                field="code",
            )
        await refund(db, BY_PERSON, self.person_id, self.source)
        return second


async def begin_check(kernel: "Kernel", person_id: UUID, code: str, *, source: str = "") -> Check:
    """Count a try of a second factor, whatever comes of it.

    Args:
        kernel: of the process.
        person_id: whose.
        code: as typed.
        source: a browser that is known: others' tries do not slow it down.

    Raises:
        TooManyTries: says how long to wait.
    """
    folded = folded_code(code)
    is_totp = folded.isdecimal() and len(folded) == TOTP_DIGITS
    async with kernel.databases.platform_scope() as db:
        await admit(db, BY_PERSON, kernel.clock.now(), person_id, source)
        salt = await salt_of(db, person_id)
    hashed = b"" if is_totp else (await hash_codes([folded[:100]], salt))[0]
    return Check(person_id, folded, hashed, source)


async def set_up_totp(
    kernel: "Kernel", session: Session, tenant_id: TenantId | None, code: str, *, address: str
) -> tuple[Opened, list[str]]:
    """Let a person's new authenticator app count; all their other sessions end.

    Args:
        kernel: of the process.
        session: of the person.
        tenant_id: at whose host; None is the operator's console.
        code: the first one of the app.
        address: of the caller.

    Returns:
        The session under its new token, and recovery codes, to be shown this once.

    Raises:
        Invalid: the code is not one of the app.
        TooManyTries: says how long to wait.
    """
    person_id = session.actor.person_id
    assert person_id is not None
    async with kernel.databases.platform_scope() as db:
        await admit(db, BY_PERSON, kernel.clock.now(), person_id, "setup")
    codes = new_codes()
    salt, hashes = await hash_new_codes(codes)
    async with kernel.databases.platform_scope() as db:
        await confirm_setup(kernel, db, person_id, folded_code(code))
        await refund(db, BY_PERSON, person_id, "setup")
        await save_codes(db, person_id, salt, hashes)
        opened = await after_change(kernel, db, session)
        await record(
            kernel, db, tenant_id, session.actor, "second_factor.set", session.person_name, address=address
        )
        await notify_person(
            db,
            person_id,
            "second_factor_set",
            {"address": address},
            tenant_id=tenant_id,
            now=kernel.clock.now(),
        )
    return opened, codes


async def renew_codes(
    kernel: "Kernel", session: Session, tenant_id: TenantId | None, *, address: str
) -> list[str]:
    """Give a person new recovery codes in the place of the old ones, to be shown this once.

    Raises:
        Invalid: they have no authenticator app.
        TooManyTries: says how long to wait.
    """
    person_id = session.actor.person_id
    assert person_id is not None
    async with kernel.databases.platform_scope() as db:
        await admit(db, NEW_CODES, kernel.clock.now(), person_id)
    codes = new_codes()
    salt, hashes = await hash_new_codes(codes)
    async with kernel.databases.platform_scope() as db:
        has = await db.fetch_value(
            "SELECT id FROM person_totp WHERE person_id = $1 AND confirmed_at IS NOT NULL FOR UPDATE",
            person_id,
        )
        if has is None:
            raise Invalid(N_("Set up the authenticator app first."))
        await save_codes(db, person_id, salt, hashes)
        await record(
            kernel, db, tenant_id, session.actor, "recovery_codes.renew", session.person_name, address=address
        )
        await notify_person(
            db,
            person_id,
            "recovery_codes_renewed",
            {"address": address},
            tenant_id=tenant_id,
            now=kernel.clock.now(),
        )
    return codes


async def take_away_totp(
    kernel: "Kernel", session: Session, tenant_id: TenantId | None, *, address: str
) -> Opened:
    """Take a person's authenticator app and recovery codes away; all their other sessions end.

    Raises:
        Forbidden: their role here needs a second factor.
    """
    person_id = session.actor.person_id
    assert person_id is not None
    if (await second_factor_of(kernel, person_id, tenant_id)).required:
        raise Forbidden(
            N_("Your role needs a second step at sign-in. You can replace the app, not remove it.")
        )
    async with kernel.databases.platform_scope() as db:
        removed = await remove_totp(db, person_id)
        await save_codes(db, person_id, b"", [])
        opened = await after_change(kernel, db, session)
        if removed:
            await record(
                kernel,
                db,
                tenant_id,
                session.actor,
                "second_factor.remove",
                session.person_name,
                address=address,
            )
            await notify_person(
                db, person_id, "second_factor_removed", {"address": address}, tenant_id=tenant_id,
                now=kernel.clock.now(),
            )  # fmt: skip
    return opened


async def after_change(kernel: "Kernel", db: "UnitOfWork", session: Session) -> Opened:
    """End all other sessions of a person whose proof has changed, and renew the one at hand.

    Raises:
        Forbidden: it has ended meanwhile.
    """
    assert session.id is not None
    assert session.person_id is not None
    await kernel.sessions.end_all(db, session.person_id, but=session.id)
    here = await db.fetch_value("SELECT device_hash FROM session WHERE id = $1", session.id)
    await forget_devices(db, session.person_id, but=here)
    renewed = await kernel.sessions.renew(db, session.id)
    if renewed is None:
        raise Forbidden(N_("You have been signed out. Please sign in again."))
    token, left = renewed
    return Opened(token, "", int(left.total_seconds()))


async def _tell_of_recovery(kernel: "Kernel", db: "Database", session: Session, address: str) -> None:
    assert session.person_id is not None
    left = await codes_left(db, session.person_id)
    tenant_id = await db.fetch_value("SELECT tenant_id FROM session WHERE id = $1", session.id)
    await notify_person(
        db, session.person_id, "recovery_code_used", {"address": address, "left": str(left)},
        tenant_id=tenant_id, now=kernel.clock.now(),
    )  # fmt: skip


_REQUIRED = """
SELECT bool_or(r.second_factor) FROM membership m
JOIN membership_role mr ON mr.tenant_id = $1 AND mr.membership_id = m.id
JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
WHERE m.tenant_id = $1 AND m.person_id = $2 AND m.state = 'active'
"""
