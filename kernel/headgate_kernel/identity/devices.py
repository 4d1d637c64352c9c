"""Browsers that a person has signed in with before: strangers do not slow them down, nobody reports them.

The idea of device cookies is OWASP's: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
"""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from headgate_kernel.identity.sessions import hash_token, new_token

if TYPE_CHECKING:
    from headgate_sdk.database import Database


class Device(msgspec.Struct, frozen=True):
    """A browser after a sign-in.

    Args:
        token: for its cookie.
        is_new: the person was never seen with it, though with others.
    """

    token: str
    is_new: bool

    @property
    def hash(self) -> bytes:
        """The form in which the token is kept."""
        return hash_token(self.token)


async def is_known(db: "Database", person_id: UUID | None, token: str) -> bool:
    """Tell whether a browser's token is one with which the person has signed in."""
    found = await db.fetch_value(
        "SELECT count(*) FROM known_device WHERE device_hash = $1 AND person_id = $2",
        hash_token(token), person_id,
    )  # fmt: skip
    return bool(found)


async def remember(db: "Database", person_id: UUID, token: str, now: datetime) -> Device:
    """Make the browser one of the person's.

    A token that we did not give out is replaced: somebody might have planted it.

    Args:
        db: a platform scope.
        person_id: who has signed in.
        token: that the browser sent; empty when it sent none.
        now: when.
    """
    row = await db.fetch_row(
        """
        SELECT EXISTS (SELECT FROM known_device WHERE device_hash = $1) AS given,
               EXISTS (SELECT FROM known_device WHERE device_hash = $1 AND person_id = $2) AS known,
               EXISTS (SELECT FROM known_device WHERE person_id = $2) AS others
        """,
        hash_token(token), person_id,
    )  # fmt: skip
    assert row is not None
    kept = token if row["given"] else new_token()
    await db.execute(
        """
        INSERT INTO known_device (device_hash, person_id, created_at, seen_at) VALUES ($1, $2, $3, $3)
        ON CONFLICT (device_hash, person_id) DO UPDATE SET seen_at = excluded.seen_at
        """,
        hash_token(kept), person_id, now,
    )  # fmt: skip
    return Device(kept, is_new=row["others"] and not row["known"])


async def forget_devices(db: "Database", person_id: UUID, *, but: bytes | None = None) -> None:
    """Make all browsers of a person strangers again, or all but one."""
    await db.execute(
        "DELETE FROM known_device WHERE person_id = $1 AND device_hash IS DISTINCT FROM $2", person_id, but
    )
