"""Sign-in with a password. Guessing slows down for that login from that address, and for nobody else."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from headgate_sdk.clock import Clock
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.passwords import password_matches
from headgate_kernel.identity.people import fold_login
from headgate_kernel.identity.sessions import Sessions

if TYPE_CHECKING:
    from headgate_kernel.database.database import Databases

FREE_TRIES = 5
LONGEST_WAIT = timedelta(minutes=15)


class TooManyTries(HeadgateError):
    """This login was tried too often from this address."""

    code = "too_many_tries"
    status = 429


async def sign_in(
    databases: "Databases",
    sessions: Sessions,
    clock: Clock,
    *,
    tenant_id: TenantId | None,
    login: str,
    password: str,
    address: str,
    user_agent: str,
) -> str:
    """Check a password and open a session.

    Args:
        databases: of the process.
        sessions: of the process.
        clock: the time.
        tenant_id: where; None is the operator's console.
        login: e-mail, phone or user name.
        password: as typed.
        address: of the caller, for slowing down.
        user_agent: kept with the session.

    Returns:
        The session's token.

    Raises:
        Invalid: wrong login or password, or no place here; which of them is not told.
        TooManyTries: says how long to wait.
    """
    folded = fold_login(login)
    login_hash = hashlib.sha256(folded.encode()).digest()
    now = clock.now()
    async with databases.platform_scope() as db:
        # counted before it is looked at, so that many tries at once do not all pass as the first
        failure = await db.fetch_row(_LOCK_FAILURES, login_hash, address, now)
        assert failure is not None
        _check_wait(failure["failures"], failure["last_at"], now)
        await db.execute(_COUNT_FAILURE, login_hash, address, now)
        row = await db.fetch_row(_FIND, folded, tenant_id)
    # the slow comparison runs with no connection held
    matches = await password_matches(row["hash"] if row else None, password)
    if row is None or not matches:
        raise Invalid(N_("This login and password do not fit together here."), field="password")
    async with databases.platform_scope() as db:
        await db.execute(
            "DELETE FROM sign_in_failure WHERE login_hash = $1 AND address = $2", login_hash, address
        )
    return await sessions.open(row["person_id"], tenant_id, row["membership_id"], user_agent)


def _check_wait(failures: int, last_at: datetime, now: datetime) -> None:
    if failures < FREE_TRIES:
        return
    wait = min(LONGEST_WAIT, timedelta(seconds=2 ** min(failures - FREE_TRIES + 1, 12)))
    left = (last_at + wait - now).total_seconds()
    if left > 0:
        raise TooManyTries(N_("Too many tries. Please wait {seconds} seconds."), seconds=int(left) + 1)


_FIND = """
SELECT l.person_id, w.hash, p.is_operator, m.id AS membership_id
FROM person_login l
JOIN person p ON p.id = l.person_id
JOIN person_password w ON w.person_id = l.person_id
LEFT JOIN membership m ON m.tenant_id = $2 AND m.person_id = l.person_id AND m.state = 'active'
WHERE l.login = $1 AND CASE WHEN $2::int IS NULL THEN p.is_operator ELSE m.id IS NOT NULL END
"""

_LOCK_FAILURES = """
INSERT INTO sign_in_failure (login_hash, address, failures, last_at) VALUES ($1, $2, 0, $3)
ON CONFLICT (login_hash, address) DO UPDATE SET failures = sign_in_failure.failures
RETURNING failures, last_at
"""

_COUNT_FAILURE = """
UPDATE sign_in_failure SET failures = failures + 1, last_at = $3 WHERE login_hash = $1 AND address = $2
"""
