"""A new password for who has forgotten the old one: by a link to their own mailbox or phone.

Whether anybody has the login is told to nobody: the request is only written down, and a job looks it up.
Every link stays good for its half hour, so that somebody else's requests do not take the owner's link away.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.devices import forget_devices
from headgate_kernel.identity.links import find_sender
from headgate_kernel.identity.logins import channel_of, fold_login
from headgate_kernel.identity.notices import notify_person
from headgate_kernel.identity.opening import Opened, open_session
from headgate_kernel.identity.pace import Pace, admit
from headgate_kernel.identity.password_changes import known_words, save_password
from headgate_kernel.identity.password_rules import check_new_password
from headgate_kernel.identity.passwords import hash_password
from headgate_kernel.identity.sessions import hash_token, new_token, plain
from headgate_kernel.identity.trail import record
from headgate_kernel.jobs.kinds import KernelJob
from headgate_kernel.jobs.queue import PLATFORM, enqueue
from headgate_kernel.notify import Message
from headgate_kernel.notify.sending import send_now

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel

GOOD_FOR = timedelta(minutes=30)
BY_LOGIN = Pace("reset login", burst=3, every=timedelta(minutes=10))
BY_ADDRESS = Pace("reset address", burst=20, every=timedelta(minutes=1))


class ResetRequest(msgspec.Struct, frozen=True):
    """Payload of the job that sends a link.

    Args:
        login: folded; perhaps nobody's.
        tenant_id: at whose host it was asked for; None is the operator's console.
        at: when: a request that waited too long is dropped.
    """

    login: str
    tenant_id: int | None
    at: datetime


async def request_reset(
    kernel: "Kernel", tenant_id: TenantId | None, login: str, *, region: str, address: str
) -> None:
    """Ask for a link; does the same work and gives the same answer whoever has the login.

    Raises:
        Invalid: it cannot be a login.
        TooManyTries: says how long to wait.
    """
    folded, now = plain(fold_login(login, region)), kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        await admit(db, BY_ADDRESS, now, address)
        await admit(db, BY_LOGIN, now, folded)
        await enqueue(db, PLATFORM, RESET_JOB.name, ResetRequest(folded, tenant_id, now), now=now)


async def send_reset(kernel: "Kernel", _: int, request: ResetRequest) -> None:
    """Send the link, if the login is somebody's who has a place there; the token is never written down."""
    channel, now = channel_of(request.login), kernel.clock.now()
    if channel is None or request.at + GOOD_FOR <= now:
        return
    tenant_id = None if request.tenant_id is None else TenantId(request.tenant_id)
    token = new_token()
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(_WHOSE, request.login, tenant_id)
        if row is None:
            return
        await db.execute(
            """
            INSERT INTO password_reset (token_hash, person_id, tenant_id, login, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            hash_token(token), row["person_id"], tenant_id, request.login, now, now + GOOD_FOR,
        )  # fmt: skip
        sender = await find_sender(kernel, db, tenant_id)
    await send_now(
        kernel,
        Message(
            channel=channel, to=request.login, template="password_reset", tenant_id=tenant_id or PLATFORM,
            locale=row["locale"] or sender.locale,
            values={"name": row["name"], "place": sender.name, "link": sender.link(f"/reset/{token}"),
                    "minutes": str(int(GOOD_FOR.total_seconds()) // 60)},
        ),
    )  # fmt: skip


async def check_reset(kernel: "Kernel", db: "Database", tenant_id: TenantId | None, token: str) -> UUID:
    """Give whose password a link may set.

    Raises:
        NotFound: the link was used, is too old, or is for another host; all the same.
    """
    person_id: UUID | None = await db.fetch_value(
        """
        SELECT person_id FROM password_reset
        WHERE token_hash = $1 AND tenant_id IS NOT DISTINCT FROM $2 AND used_at IS NULL AND expires_at > $3
        """,
        hash_token(plain(token)), tenant_id, kernel.clock.now(),
    )  # fmt: skip
    if person_id is None:
        raise _gone()
    return person_id


async def use_reset(
    kernel: "Kernel",
    tenant_id: TenantId | None,
    token: str,
    password: str,
    *,
    address: str,
    user_agent: str,
    device: str | None,
) -> Opened | None:
    """Set a new password by a link, end all sessions of the person, and open one as far as this proves it.

    Args:
        kernel: of the process.
        tenant_id: at whose host; None is the operator's console.
        token: of the link.
        password: the new one.
        address: of the caller.
        user_agent: of the caller.
        device: token by which the browser is known.

    Returns:
        The session; None for who was invited here and has not accepted yet.

    Raises:
        NotFound: the link was used or is too old.
        Invalid: the password is easily guessed; says why.
    """
    async with kernel.databases.platform_scope() as db:
        person_id = await check_reset(kernel, db, tenant_id, token)
        about = await known_words(db, person_id, tenant_id)
    await check_new_password(password, about)
    hashed, now = await hash_password(password), kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            UPDATE password_reset r SET used_at = $3 FROM person p
            WHERE r.token_hash = $1 AND r.tenant_id IS NOT DISTINCT FROM $2 AND r.used_at IS NULL
              AND r.expires_at > $3 AND p.id = r.person_id
            RETURNING r.login, p.name
            """,
            hash_token(plain(token)), tenant_id, now,
        )  # fmt: skip
        if row is None:
            raise _gone()
        await save_password(db, person_id, hashed, now)
        await db.execute(
            "UPDATE person_login SET confirmed_at = $3 "
            "WHERE login = $1 AND person_id = $2 AND confirmed_at IS NULL",
            row["login"], person_id, now,
        )  # fmt: skip
        await kernel.sessions.end_all(db, person_id)
        await forget_devices(db, person_id)
        actor = Actor("system", row["name"], person_id=person_id)
        await record(kernel, db, tenant_id, actor, "password.reset", row["login"], address=address)
        await notify_person(
            db, person_id, "password_changed", {"address": address}, tenant_id=tenant_id, now=now
        )
    try:
        return await open_session(
            kernel, person_id=person_id, tenant_id=tenant_id, method="reset", address=address,
            user_agent=user_agent, device=device,
        )  # fmt: skip
    except Forbidden:
        return None


def _gone() -> NotFound:
    return NotFound(N_("This link was used already or is too old. Let us send you a new one."))


# who was invited and has not come yet may need a password to accept with
_WHOSE = """
SELECT l.person_id, p.name, coalesce(m.locale, p.locale) AS locale
FROM person_login l
JOIN person p ON p.id = l.person_id
LEFT JOIN membership m ON m.tenant_id = $2 AND m.person_id = l.person_id AND m.state = 'active'
WHERE l.login = $1 AND CASE WHEN $2::int IS NULL THEN p.is_operator ELSE m.id IS NOT NULL END
"""

RESET_JOB = KernelJob("headgate.password.send_reset", ResetRequest, send_reset, max_attempts=4)
