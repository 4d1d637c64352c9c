"""What a browser is asked to sign: a challenge that counts once, soon, at one host and for one purpose."""

import hashlib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.helpers.exceptions import WebAuthnException

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel

Purpose = Literal["register", "sign_in", "confirm"]
LIFETIME = timedelta(minutes=5)
LIFETIME_MS = int(LIFETIME.total_seconds() * 1000)
LONGEST_ANSWER = 16 * 1024
UNREADABLE = (WebAuthnException, ValueError, LookupError, TypeError, AttributeError, RecursionError)
"""What the library raises for answers that were garbled; a key without its coordinates is a KeyError."""


class PasskeyRefused(Invalid):
    """What a device signed does not count."""

    code = "passkey_refused"


class Site(msgspec.Struct, frozen=True):
    """Where a passkey is asked for.

    Args:
        host: name without port; a passkey is bound to it.
        origin: scheme, host and port, as the browser has it.
        tenant_id: whose host; None is the operator's console.
        name: of the place, shown by the device.
        address: network address of who asks.
    """

    host: str
    origin: str
    tenant_id: TenantId | None
    name: str
    address: str = ""


class Answer(msgspec.Struct, frozen=True):
    """What a browser gave, as far as we read it ourselves.

    Args:
        json: all of it.
        challenge: that was signed.
        credential_id: of the passkey.
        user_handle: of the person, where the device told it.
        transports: ways to reach the device.
    """

    json: str
    challenge: bytes
    credential_id: bytes
    user_handle: bytes | None
    transports: tuple[str, ...]


async def keep_challenge(
    db: "Database", site: Site, purpose: Purpose, person_id: UUID | None, *, challenge: bytes, now: datetime
) -> None:
    """Note a challenge that is sent to a browser; `db` is a platform scope."""
    await db.execute("DELETE FROM passkey_challenge WHERE expires_at < $1", now)
    await db.execute(
        """
        INSERT INTO passkey_challenge (challenge_hash, rp_id, purpose, person_id, expires_at)
        VALUES ($1, $2, $3, $4, $5)
        """,
        _hash(challenge), site.host, purpose, person_id, now + LIFETIME,
    )  # fmt: skip


async def take_challenge(
    kernel: "Kernel", site: Site, purpose: Purpose, person_id: UUID | None, text: str
) -> Answer:
    """Read a browser's answer and spend its challenge, whatever comes of the answer.

    Raises:
        PasskeyRefused: it cannot be read, or its challenge is none of ours for this.
    """
    answer = _read(text)
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            DELETE FROM passkey_challenge
            WHERE challenge_hash = $1 AND rp_id = $2 AND purpose = $3 AND person_id IS NOT DISTINCT FROM $4
            RETURNING expires_at
            """,
            _hash(answer.challenge), site.host, purpose, person_id,
        )  # fmt: skip
    if row is None or row["expires_at"] <= kernel.clock.now():
        raise PasskeyRefused(N_("This took too long, or was sent twice. Please try again."), field="passkey")
    return answer


def does_not_hold() -> PasskeyRefused:
    """Give the error for an answer that is wrong in whatever way: which one helps only who forged it."""
    return PasskeyRefused(N_("The device's answer does not hold. Please try again."), field="passkey")


class _Response(msgspec.Struct):
    clientDataJSON: str  # noqa: N815 (as browsers write it)
    userHandle: str | None = None  # noqa: N815
    transports: list[Any] = []


class _Sent(msgspec.Struct):
    rawId: str  # noqa: N815
    response: _Response


def _read(text: str) -> Answer:
    if len(text) > LONGEST_ANSWER:
        raise does_not_hold()
    try:
        sent = msgspec.json.decode(text, type=_Sent)
        client_data = parse_client_data_json(base64url_to_bytes(sent.response.clientDataJSON))
        handle = sent.response.userHandle
        answer = Answer(
            text, client_data.challenge, base64url_to_bytes(sent.rawId),
            None if handle is None else base64url_to_bytes(handle),
            tuple(sorted({name for name in sent.response.transports if isinstance(name, str)})),
        )  # fmt: skip
    except UNREADABLE as error:
        raise does_not_hold() from error
    if client_data.cross_origin:
        raise PasskeyRefused(N_("Passkeys are not taken from inside another site's page."), field="passkey")
    return answer


def _hash(challenge: bytes) -> bytes:
    return hashlib.sha256(challenge).digest()
