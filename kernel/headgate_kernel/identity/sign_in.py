"""Sign-in with a password. Guessing slows down, for those who guess: nobody can lock somebody else out.

A try counts against the login from that address, against the address over all logins, and against the login
over all addresses. A browser with which the person has signed in before is counted by itself alone, so a
stranger's guesses, however many and wherever from, never keep the person out there.
"""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.devices import is_known
from headgate_kernel.identity.invitations import UNACCEPTED
from headgate_kernel.identity.logins import HOME_REGION, fold_login
from headgate_kernel.identity.opening import Opened, open_session
from headgate_kernel.identity.pace import Pace, TooManyTries, admit, refund
from headgate_kernel.identity.passwords import hash_password, needs_rehash, password_matches
from headgate_kernel.identity.sessions import hash_token, plain

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=15)
BY_ADDRESS = Pace("sign-in address", burst=100, every=timedelta(seconds=10))
BY_LOGIN = Pace(
    "sign-in login", burst=20, every=timedelta(minutes=5),
    words=N_("This login is being tried from many places. Sign in from a device that you have used before, "
             "let us send you a link, or wait {seconds} seconds."),
)  # fmt: skip

__all__ = ["FREE_TRIES", "TooManyTries", "sign_in"]


async def sign_in(
    kernel: "Kernel",
    *,
    tenant_id: TenantId | None,
    login: str,
    password: str,
    address: str,
    user_agent: str,
    region: str = HOME_REGION,
    device: str | None = None,
    previous_token: str = "",
) -> Opened:
    """Check a password and open a session.

    Args:
        kernel: of the process.
        tenant_id: where; None is the operator's console.
        login: e-mail, phone or user name.
        password: as typed.
        address: of the caller, for slowing down.
        user_agent: kept with the session.
        region: country of phone numbers that are typed without one.
        device: token by which the browser is known, empty when it sent none; None where there is no browser.
        previous_token: of the session that the browser had.

    Raises:
        Invalid: wrong login or password, or no place here; which of them is not told.
        TooManyTries: says how long to wait.
    """
    folded = fold_login(login, region)
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(_FIND, plain(folded), tenant_id)
        person_id = row["person_id"] if row else None
        # counted before it is looked at, so that many tries at once do not all pass as the first
        source = await count_try(db, folded, person_id, address=address, device=device, now=now)
    # the slow comparison runs with no connection held
    matches = await password_matches(row["hash"] if row else None, password)
    if row is None or not matches:
        raise Invalid(N_("This login and password do not fit together here."), field="password")
    better = await hash_password(password) if needs_rehash(row["hash"]) else None
    async with kernel.databases.platform_scope() as db:
        await forgive_try(db, folded, source, address=address)
        if better:
            await db.execute(
                "UPDATE person_password SET hash = $3 WHERE person_id = $1 AND hash = $2",
                row["person_id"], row["hash"], better,
            )  # fmt: skip
    return await open_session(
        kernel, person_id=row["person_id"], tenant_id=tenant_id, method="password", address=address,
        user_agent=user_agent, device=device, previous_token=previous_token,
    )  # fmt: skip


async def count_try(
    db: "Database", login: str, person_id: UUID | None, *, address: str, device: str | None, now: datetime
) -> str:
    """Count a try of a password against whom it slows down, or refuse it.

    Args:
        db: a platform scope, committed whatever comes of the try.
        login: folded.
        person_id: whose login it is, if it is somebody's here.
        address: of the caller.
        device: token of the browser.
        now: when.

    Returns:
        What was counted, for `forgive_try`.

    Raises:
        TooManyTries: says how long to wait.
    """
    known = await is_known(db, person_id, device or "")
    source = f"device:{hash_token(device or '').hex()}" if known else plain(address)
    failure = await db.fetch_row(_LOCK_FAILURES, _hash(login), source, now)
    assert failure is not None
    _check_wait(failure["failures"], failure["last_at"], now)
    if not known:
        await admit(db, BY_ADDRESS, now, address)
        await admit(db, BY_LOGIN, now, login)
    await db.execute(_COUNT_FAILURE, _hash(login), source, now)
    return source


async def forgive_try(db: "Database", login: str, source: str, *, address: str) -> None:
    """Take back what `count_try` counted: the password was right."""
    await db.execute(
        "DELETE FROM sign_in_failure WHERE login_hash = $1 AND address = $2", _hash(login), source
    )
    if source == plain(address):
        await refund(db, BY_ADDRESS, address)
        await refund(db, BY_LOGIN, login)


def _hash(login: str) -> bytes:
    return hashlib.sha256(login.encode()).digest()


def _check_wait(failures: int, last_at: datetime, now: datetime) -> None:
    if failures < FREE_TRIES:
        return
    wait = min(LONGEST_WAIT, timedelta(seconds=2 ** min(failures - FREE_TRIES + 1, 12)))
    left = (last_at + wait - now).total_seconds()
    if left > 0:
        raise TooManyTries(N_("Too many tries. Please wait {seconds} seconds."), seconds=int(left) + 1)


_FIND = f"""
SELECT l.person_id, w.hash, p.is_operator, m.id AS membership_id
FROM person_login l
JOIN person p ON p.id = l.person_id
JOIN person_password w ON w.person_id = l.person_id
LEFT JOIN membership m ON m.tenant_id = $2 AND m.person_id = l.person_id AND m.state = 'active'
    AND NOT {UNACCEPTED}
WHERE l.login = $1 AND CASE WHEN $2::int IS NULL THEN p.is_operator ELSE m.id IS NOT NULL END
"""  # noqa: S608

_LOCK_FAILURES = """
INSERT INTO sign_in_failure (login_hash, address, failures, last_at) VALUES ($1, $2, 0, $3)
ON CONFLICT (login_hash, address) DO UPDATE SET failures = sign_in_failure.failures
RETURNING failures, last_at
"""

_COUNT_FAILURE = """
UPDATE sign_in_failure SET failures = failures + 1, last_at = $3 WHERE login_hash = $1 AND address = $2
"""
