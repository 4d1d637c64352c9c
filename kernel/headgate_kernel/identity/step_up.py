"""Show once more that it is you: for what a session that was left open must not do by itself."""

from datetime import timedelta
from typing import TYPE_CHECKING

from headgate_sdk.errors import Forbidden, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.opening import Opened
from headgate_kernel.identity.pace import Pace, admit, refund
from headgate_kernel.identity.passwords import password_matches
from headgate_kernel.identity.second_factor import begin_check
from headgate_kernel.identity.sessions import Session
from headgate_kernel.identity.trail import record

if TYPE_CHECKING:
    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

BY_SESSION = Pace("password in a session", burst=5, every=timedelta(seconds=30))
"""Counted by session: who guesses in a session that was left open slows nobody else down."""


async def confirm_identity(
    kernel: "Kernel",
    session: Session,
    tenant_id: TenantId | None,
    *,
    password: str = "",
    code: str = "",
    address: str,
) -> Opened:
    """Check a proof of somebody who is signed in, and renew the session.

    Args:
        kernel: of the process.
        session: of the person.
        tenant_id: at whose host; None is the operator's console.
        password: as typed.
        code: of the authenticator app, or a recovery code; taken instead of the password.
        address: of the caller.

    Raises:
        Invalid: it is wrong, or nothing was given; names the field.
        TooManyTries: says how long to wait.
    """
    person_id = session.actor.person_id
    if person_id is None or session.id is None:
        raise Forbidden(N_("Please sign in first."))
    if code.strip():
        check = await begin_check(kernel, person_id, code, source=str(session.id))
        async with kernel.databases.platform_scope() as db:
            method: str = await check.finish(kernel, db)
            return await renew_session(kernel, db, session, tenant_id, method=method, address=address)
    if not password:
        raise Invalid(N_("Type your password, or a code."), field="password")
    async with kernel.databases.platform_scope() as db:
        await admit(db, BY_SESSION, kernel.clock.now(), session.id)
        stored = await db.fetch_value("SELECT hash FROM person_password WHERE person_id = $1", person_id)
    if not await password_matches(stored, password):
        raise Invalid(N_("This is not your password."), field="password")
    async with kernel.databases.platform_scope() as db:
        await refund(db, BY_SESSION, session.id)
        return await renew_session(kernel, db, session, tenant_id, method="password", address=address)


async def renew_session(
    kernel: "Kernel",
    db: "UnitOfWork",
    session: Session,
    tenant_id: TenantId | None,
    *,
    method: str,
    address: str,
) -> Opened:
    """Renew the session of somebody who has just proved who they are, in the transaction of the proof.

    Args:
        kernel: of the process.
        db: a platform scope.
        session: of the person.
        tenant_id: at whose host; None is the operator's console.
        method: what proved it: password, totp, recovery_code, passkey.
        address: of the caller.

    Raises:
        Forbidden: the session has ended meanwhile.
    """
    assert session.id is not None
    renewed = await kernel.sessions.renew(db, session.id)
    if renewed is None:
        raise Forbidden(N_("You have been signed out. Please sign in again."))
    await record(
        kernel,
        db,
        tenant_id,
        session.actor,
        "session.confirm",
        session.person_name,
        address=address,
        method=method,
    )
    token, left = renewed
    return Opened(token, "", int(left.total_seconds()))
