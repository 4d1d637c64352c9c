"""Codes of an authenticator app (RFC 6238): each counts once, half a minute early or late at most."""

import hmac
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
import pyotp
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel

STEP_SECONDS = 30
WINDOW = 1
"""Steps before and after the present one whose code is taken, for clocks that go wrong."""
PLATFORM = 0
WAITS = timedelta(hours=1)
"""For so long a secret that was shown waits for its first code."""


class TotpSetup(msgspec.Struct, frozen=True):
    """What an authenticator app is given.

    Args:
        secret: in base32, to be typed.
        uri: the same as `otpauth://…`, to be scanned.
    """

    secret: str
    uri: str


async def waiting_setup(
    kernel: "Kernel", db: "Database", person_id: UUID, *, account: str, issuer: str
) -> TotpSetup:
    """Give the secret that waits for its first code; makes one if there is none.

    Args:
        kernel: of the process.
        db: a platform scope.
        person_id: whose.
        account: their login, as the app shows it.
        issuer: who runs this system, as the app shows it.
    """
    row_id, now = new_id(), kernel.clock.now()
    await db.execute(
        "DELETE FROM person_totp WHERE person_id = $1 AND confirmed_at IS NULL AND created_at < $2",
        person_id, now - WAITS,
    )  # fmt: skip
    secret = pyotp.random_base32()
    sealed = await kernel.secrets.seal(db, tenant_id=PLATFORM, place=_place(row_id), value=secret.encode())
    row = await db.fetch_row(
        """
        INSERT INTO person_totp (id, person_id, secret, created_at) VALUES ($1, $2, $3, $4)
        ON CONFLICT (person_id) WHERE confirmed_at IS NULL DO UPDATE SET created_at = person_totp.created_at
        RETURNING id, secret
        """,
        row_id, person_id, sealed, now,
    )  # fmt: skip
    assert row is not None
    secret = await _reveal(kernel, db, row["id"], row["secret"])
    return TotpSetup(secret, pyotp.TOTP(secret).provisioning_uri(name=account, issuer_name=issuer))


async def confirm_setup(kernel: "Kernel", db: "Database", person_id: UUID, code: str) -> None:
    """Let the waiting secret count from now on, in the place of the one before.

    Raises:
        Invalid: none waits, or the code is not one of it.
    """
    row = await db.fetch_row(
        "SELECT id, secret FROM person_totp WHERE person_id = $1 AND confirmed_at IS NULL FOR UPDATE",
        person_id,
    )
    if row is None:
        raise Invalid(N_("This setup is over. Please begin again."), field="code")
    now = kernel.clock.now()
    step = matching_step(await _reveal(kernel, db, row["id"], row["secret"]), code, now)
    if step is None:
        raise Invalid(
            N_("This code does not fit. Wait for the next one, and check that your phone's clock is right."),
            field="code",
        )
    await db.execute("DELETE FROM person_totp WHERE person_id = $1 AND confirmed_at IS NOT NULL", person_id)
    await db.execute(
        "UPDATE person_totp SET confirmed_at = $2, last_step = $3 WHERE id = $1", row["id"], now, step
    )


async def use_totp(kernel: "Kernel", db: "Database", person_id: UUID, code: str) -> bool:
    """Tell whether a code is right, and count it as used; one that was used is wrong from then on."""
    row = await db.fetch_row(
        "SELECT id, secret FROM person_totp WHERE person_id = $1 AND confirmed_at IS NOT NULL", person_id
    )
    if row is None:
        return False
    step = matching_step(await _reveal(kernel, db, row["id"], row["secret"]), code, kernel.clock.now())
    if step is None:
        return False
    used = await db.fetch_value(
        "UPDATE person_totp SET last_step = $2 WHERE id = $1 AND last_step < $2 RETURNING id", row["id"], step
    )
    return used is not None


async def remove_totp(db: "Database", person_id: UUID) -> bool:
    """Take the authenticator away, also one that waits for its first code; tells whether one counted."""
    rows = await db.fetch("DELETE FROM person_totp WHERE person_id = $1 RETURNING confirmed_at", person_id)
    return any(row["confirmed_at"] is not None for row in rows)


def matching_step(secret: str, code: str, now: datetime) -> int | None:
    """Give the step whose code this is, within the window; the latest where several have it."""
    totp, present = pyotp.TOTP(secret), int(now.timestamp()) // STEP_SECONDS
    found = None
    for step in range(present - WINDOW, present + WINDOW + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            found = step
    return found


async def _reveal(kernel: "Kernel", db: "Database", row_id: UUID, sealed: bytes) -> str:
    value = await kernel.secrets.reveal(db, tenant_id=PLATFORM, place=_place(row_id), sealed=sealed)
    return value.decode()


def _place(row_id: UUID) -> str:
    return f"person_totp:secret:{row_id}"
