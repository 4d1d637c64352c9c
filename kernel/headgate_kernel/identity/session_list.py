"""Where somebody is signed in: their own list, and ending what they do not know."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.devices import forget_devices
from headgate_kernel.identity.sessions import Session
from headgate_kernel.identity.trail import record
from headgate_kernel.identity.user_agents import device_words

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

METHODS = {
    "password": N_("Password"),
    "passkey": N_("Passkey"),
    "oidc": N_("Company sign-in"),
    "phone_code": N_("Code by text message"),
    "handoff": N_("From another distributor"),
    "invitation": N_("Invitation"),
    "reset": N_("Link by message"),
}
"""How somebody signed in, in words."""


class OwnSession(msgspec.Struct, frozen=True, kw_only=True):
    """A session of one's own.

    Args:
        id: to end it.
        browser: program that signed in; msgid or name, empty where it did not say.
        system: device or operating system, empty where it did not say.
        address: where it signed in from.
        method: how, as in `METHODS`.
        opened_at: when.
        seen_at: when it was last used, to five minutes.
        current: it is the one that asks.
    """

    id: UUID
    browser: str
    system: str
    address: str
    method: str
    opened_at: datetime
    seen_at: datetime
    current: bool


async def list_sessions(kernel: "Kernel", session: Session, tenant_id: TenantId | None) -> list[OwnSession]:
    """Give a person's sessions at this host, the latest used first; what an operator opened is not theirs."""
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            """
            SELECT id, user_agent, address, method, created_at, seen_at FROM session
            WHERE person_id = $1 AND tenant_id IS NOT DISTINCT FROM $2 AND state = 'open'
              AND impersonation_id IS NULL AND expires_at > $3 AND seen_at > $3 - idle
            ORDER BY seen_at DESC, id
            """,
            session.person_id, tenant_id, kernel.clock.now(),
        )  # fmt: skip
    found = []
    for row in rows:
        browser, system = device_words(row["user_agent"])
        found.append(
            OwnSession(
                id=row["id"], browser=browser, system=system, address=row["address"], method=row["method"],
                opened_at=row["created_at"], seen_at=row["seen_at"], current=row["id"] == session.id,
            )
        )  # fmt: skip
    return sorted(found, key=lambda one: not one.current)


async def end_session(
    kernel: "Kernel", session: Session, tenant_id: TenantId | None, session_id: UUID, *, address: str
) -> None:
    """End one of one's own sessions; its browser is a stranger from then on.

    Raises:
        NotFound: there is no such session of this person here.
    """
    assert session.person_id is not None
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            SELECT user_agent, device_hash FROM session
            WHERE id = $1 AND person_id = $2 AND tenant_id IS NOT DISTINCT FROM $3
              AND impersonation_id IS NULL
            """,
            session_id, session.person_id, tenant_id,
        )  # fmt: skip
        if row is None:
            raise NotFound(N_("This session has ended already."))
        await kernel.sessions.end_one(db, session.person_id, session_id)
        if session_id != session.id:
            await db.execute(
                "DELETE FROM known_device WHERE person_id = $1 AND device_hash = $2",
                session.person_id, row["device_hash"],
            )  # fmt: skip
        await record(
            kernel, db, tenant_id, session.actor, "session.end", session.person_name, address=address,
            user_agent=row["user_agent"],
        )  # fmt: skip


async def end_other_sessions(
    kernel: "Kernel", session: Session, tenant_id: TenantId | None, *, address: str
) -> int:
    """End all sessions of a person but the one that asks, at all distributors; gives how many."""
    assert session.person_id is not None
    async with kernel.databases.platform_scope() as db:
        ended = await kernel.sessions.end_all(db, session.person_id, but=session.id)
        here = await db.fetch_value("SELECT device_hash FROM session WHERE id = $1", session.id)
        await forget_devices(db, session.person_id, but=here)
        await record(
            kernel, db, tenant_id, session.actor, "session.end_others", session.person_name, address=address,
            ended=ended,
        )  # fmt: skip
    return ended
