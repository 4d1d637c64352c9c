"""Remove what identity keeps for a while only."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headgate_sdk.database import Database

FAILURES_KEPT = timedelta(days=1)
LINKS_KEPT = timedelta(days=30)
"""For support: why a link did not work any more."""
DEVICES_KEPT = timedelta(days=365)


async def sweep(db: "Database", now: datetime) -> None:
    """Remove what is over: sessions, links, tries that slow nobody down any more, browsers long unseen.

    Args:
        db: a platform scope.
        now: the time.
    """
    await db.execute("DELETE FROM session WHERE expires_at < $1 OR seen_at < $1 - idle", now)
    await db.execute("DELETE FROM sign_in_failure WHERE last_at < $1", now - FAILURES_KEPT)
    await db.execute("DELETE FROM guess_pace WHERE until < $1", now)
    await db.execute("DELETE FROM handoff WHERE expires_at < $1", now)
    await db.execute("DELETE FROM passkey_challenge WHERE expires_at < $1", now)
    await db.execute("DELETE FROM oidc_visit WHERE expires_at < $1", now)
    await db.execute("DELETE FROM phone_code WHERE created_at < $1", now - FAILURES_KEPT)
    await db.execute("DELETE FROM password_reset WHERE expires_at < $1", now - LINKS_KEPT)
    await db.execute("DELETE FROM login_change WHERE coalesce(undo_until, expires_at) < $1", now - LINKS_KEPT)
    await db.execute("DELETE FROM known_device WHERE seen_at < $1", now - DEVICES_KEPT)
