"""A code sent to a phone, as a way to sign in.

Whether somebody has a number is told to nobody: the answer is the same, and so is the time that it takes,
because who is meant is looked up by the job that sends the code. The code counts for the browser that asked
for it, by a ticket that only that browser has: a stranger can neither use it nor use up its tries.
"""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.errors import HeadgateError, Invalid, NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.identity.logins import channel_of, fold_login, region_of
from headgate_kernel.identity.sign_in_policy import SignInPolicy, accept_invitation, read_policy
from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.notify import Message, send_now

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record
    from headgate_sdk.ids import TenantId

    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant

JOB = "headgate.identity.phone_code"
LIFETIME = timedelta(minutes=5)
RESEND_AFTER = timedelta(seconds=60)
KEPT = timedelta(days=1)
DIGITS = 6
MOST_TRIES = 5
_LOCK = 7226013


class Limit(msgspec.Struct, frozen=True):
    """As many codes as may be asked for in a while.

    Args:
        column: of what: the number, the network address that asks, the distributor.
        within: the while.
        most: codes.
    """

    column: str
    within: timedelta
    most: int


LIMITS = (
    Limit("phone_hash", timedelta(hours=1), 6),
    Limit("phone_hash", KEPT, 15),
    Limit("address", timedelta(hours=1), 60),
    Limit("tenant_id", timedelta(hours=1), 2_000),
)
"""A text message costs money and disturbs: whom it goes to, who asks for it, and in whose name it is sent."""


class TooManyCodes(HeadgateError):
    """More codes were asked for than are sent."""

    code = "too_many_codes"
    status = 429


class Requested(msgspec.Struct, frozen=True):
    """A code is on its way, if the number is somebody's here.

    Args:
        ticket: goes back with the code.
        resend_after: seconds until another code may be asked for.
        expires_in: seconds until the code counts no more.
    """

    ticket: str
    resend_after: int
    expires_in: int


class SendPhoneCode(msgspec.Struct, frozen=True):
    """Payload of the job: for which ticket, to which number."""

    ticket_hash: str
    phone: str
    locale: str


async def request_code(
    kernel: "Kernel", tenant: "Tenant", *, phone: str, address: str, locale: str
) -> Requested:
    """Have a code sent to a number.

    Args:
        kernel: of the process.
        tenant: where the person wants to sign in.
        phone: as typed.
        address: network address of who asks.
        locale: of the message.

    Raises:
        Invalid: this cannot be a phone number.
        NotFound: no codes are sent here.
        TooManyCodes: says how long to wait.
    """
    number = fold_login(phone, region_of(tenant.info.timezone))
    if channel_of(number) != "sms":
        raise Invalid(
            N_("'{login}' is not a phone number. Write one from another country with its code, like +49."),
            field="phone", login=phone.strip()[:40],
        )  # fmt: skip
    now, ticket = kernel.clock.now(), secrets.token_urlsafe(32)
    async with kernel.databases.platform_scope() as db:
        _check_open(await read_policy(db, tenant.info.id))
        hashes = {"phone_hash": _number_hash(kernel, number), "address": address, "tenant_id": tenant.info.id}
        # one number after the other, so that many requests at once do not all pass as the first
        await db.execute("SELECT pg_advisory_xact_lock($1, hashtext($2))", _LOCK, number)
        await _check_limits(db, hashes, now)
        await db.execute("DELETE FROM phone_code WHERE created_at < $1", now - KEPT)
        await db.execute(
            """
            INSERT INTO phone_code (ticket_hash, tenant_id, phone_hash, address, created_at, expires_at)
            VALUES ($1, $2, $3, $4, $5, $6)
            """,
            _ticket_hash(ticket), tenant.info.id, hashes["phone_hash"], address, now, now + LIFETIME,
        )  # fmt: skip
        payload = SendPhoneCode(_ticket_hash(ticket).hex(), number, locale)
        await enqueue(db, tenant.info.id, JOB, payload, now=now)
    return Requested(ticket, int(RESEND_AFTER.total_seconds()), int(LIFETIME.total_seconds()))


async def send_code(kernel: "Kernel", tenant_id: "TenantId", payload: SendPhoneCode) -> None:
    """Make a code and send it, if the number is somebody's there; the job of the queue."""
    code = f"{secrets.randbelow(10**DIGITS):0{DIGITS}d}"
    ticket_hash = bytes.fromhex(payload.ticket_hash)
    async with kernel.databases.platform_scope() as db:
        policy = await read_policy(db, tenant_id)
        row = await db.fetch_row(_MEANT, payload.phone, tenant_id, policy.phone_customers, policy.phone_staff)
        if row is None:
            return
        tag = await db.execute(
            """
            UPDATE phone_code SET person_id = $2, code_hash = $3
            WHERE ticket_hash = $1 AND used_at IS NULL AND expires_at > $4
            """,
            ticket_hash, row["person_id"], _code_hash(kernel, ticket_hash, code), kernel.clock.now(),
        )  # fmt: skip
    if tag == "UPDATE 1":
        message = Message(
            channel="sms", to=payload.phone, template="phone_code", tenant_id=tenant_id,
            locale=row["locale"] or payload.locale,
            values={"code": code, "minutes": str(int(LIFETIME.total_seconds()) // 60)},
        )  # fmt: skip
        await send_now(kernel, message)


async def redeem_code(kernel: "Kernel", tenant: "Tenant", *, ticket: str, code: str) -> UUID:
    """Tell who has the phone to which a code was sent.

    Args:
        kernel: of the process.
        tenant: where the person wants to sign in.
        ticket: that asking for the code gave.
        code: as typed.

    Raises:
        Invalid: the code is wrong, too old, or was tried too often; names the field `code`.
    """
    typed = "".join(character for character in code if not character.isspace())
    ticket_hash, now = _ticket_hash(ticket), kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        # counted before it is compared, so that many tries at once do not all pass as the first
        row = await db.fetch_row(
            """
            UPDATE phone_code SET tries = tries + 1
            WHERE ticket_hash = $1 AND tenant_id = $2 AND used_at IS NULL AND expires_at > $3 AND tries < $4
            RETURNING person_id, code_hash, tries
            """,
            ticket_hash, tenant.info.id, now, MOST_TRIES,
        )  # fmt: skip
        if row is None:
            raise Invalid(
                N_(
                    "This code counts no more: it is too old, was used, or was tried too often. Ask for "
                    "another."
                ),
                field="code",
            )
        right = _is_right(kernel, row, ticket_hash, typed)
        if right:
            await db.execute("UPDATE phone_code SET used_at = $2 WHERE ticket_hash = $1", ticket_hash, now)
            await accept_invitation(db, tenant.info.id, row["person_id"], now)
    if not right:
        raise _wrong(MOST_TRIES - row["tries"])
    person: UUID = row["person_id"]
    return person


def _is_right(kernel: "Kernel", row: "Record", ticket_hash: bytes, code: str) -> bool:
    expected = row["code_hash"] or b""
    return (
        hmac.compare_digest(expected, _code_hash(kernel, ticket_hash, code)) and row["person_id"] is not None
    )


def _wrong(left: int) -> Invalid:
    if left <= 0:
        return Invalid(N_("This is not the code, and it was the last try. Ask for another."), field="code")
    return Invalid(N_("This is not the code. You have {n} more tries."), field="code", n=left)


def _check_open(policy: SignInPolicy) -> None:
    if not policy.phone_customers and not policy.phone_staff:
        raise NotFound(N_("No codes are sent to phones here. Sign in with your password."))


async def _check_limits(db: "Database", values: dict[str, object], now: datetime) -> None:
    latest = await db.fetch_value(
        "SELECT max(created_at) FROM phone_code WHERE phone_hash = $1 AND address = $2",
        values["phone_hash"], values["address"],
    )  # fmt: skip
    if latest is not None and latest + RESEND_AFTER > now:
        left = int((latest + RESEND_AFTER - now).total_seconds()) + 1
        raise TooManyCodes(
            N_("A code was asked for just now. You may ask for another in {seconds} seconds."),
            field="phone", seconds=left,
        )  # fmt: skip
    for limit in LIMITS:
        found = await db.fetch_row(
            f"""
            SELECT count(*) AS codes, min(created_at) AS oldest FROM phone_code
            WHERE {limit.column} = $1 AND created_at > $2
            """,  # noqa: S608 (columns of LIMITS)
            values[limit.column], now - limit.within,
        )  # fmt: skip
        assert found is not None
        if found["codes"] >= limit.most:
            minutes = int((found["oldest"] + limit.within - now).total_seconds()) // 60 + 1
            raise TooManyCodes(
                N_("Too many codes were asked for. Try again in {minutes} minutes, or sign in with your "
                   "password."),
                field="phone", minutes=minutes,
            )  # fmt: skip


def _ticket_hash(ticket: str) -> bytes:
    return hashlib.sha256(ticket.encode()).digest()


def _number_hash(kernel: "Kernel", number: str) -> bytes:
    """Give the form in which a number is kept that may be a stranger's."""
    return _keyed(kernel, b"number", number.encode())


def _code_hash(kernel: "Kernel", ticket_hash: bytes, code: str) -> bytes:
    """Give the form in which a code is kept; six digits could be tried out without a key."""
    return _keyed(kernel, b"code", ticket_hash + code.encode())


def _keyed(kernel: "Kernel", what: bytes, value: bytes) -> bytes:
    key = hmac.digest(kernel.settings.secret_key, b"headgate phone codes: " + what, "sha256")
    return hmac.digest(key, value, "sha256")


_MEANT = """
SELECT l.person_id, coalesce(m.locale, p.locale) AS locale
FROM person_login l
JOIN person p ON p.id = l.person_id
JOIN membership m ON m.tenant_id = $2 AND m.person_id = l.person_id AND m.state = 'active'
WHERE l.login = $1 AND CASE m.kind WHEN 'customer' THEN $3::boolean ELSE $4::boolean END
"""
