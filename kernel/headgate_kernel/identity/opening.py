"""The one way a session begins, whatever proved who somebody is."""

from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.devices import Device, remember
from headgate_kernel.identity.factors import HAS_SECOND_FACTOR, HAS_TOTP, STRONG_METHODS
from headgate_kernel.identity.invitations import UNACCEPTED
from headgate_kernel.identity.notices import notify_person
from headgate_kernel.identity.session_limits import PENDING, limits_of
from headgate_kernel.identity.sessions import SessionPlace, plain
from headgate_kernel.identity.sign_in_policy import check_way
from headgate_kernel.identity.trail import record
from headgate_kernel.identity.user_agents import device_words

if TYPE_CHECKING:
    from headgate_sdk.database import Database, Record

    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

TRUSTED_METHODS = STRONG_METHODS | {"handoff"}
"""Methods after which nothing more is asked; a handoff comes out of a session that is open already."""


class Opened(msgspec.Struct, frozen=True):
    """A session that has begun.

    Args:
        token: for its cookie, or for a program.
        needs: the session opens nothing before this is given too.
        max_age: seconds until it ends at the latest.
        device: token of the browser, for its cookie; empty leaves the cookie alone.
    """

    token: str
    needs: Literal["", "second_factor"] = ""
    max_age: int = int(PENDING.absolute.total_seconds())
    device: str = ""


async def open_session(
    kernel: "Kernel",
    *,
    person_id: UUID,
    tenant_id: TenantId | None,
    method: str,
    address: str,
    user_agent: str,
    previous_token: str = "",
    impersonation_id: UUID | None = None,
    device: str | None = None,
) -> Opened:
    """Begin a session of somebody who has proved who they are.

    Args:
        kernel: of the process.
        person_id: who.
        tenant_id: where; None is the operator's console.
        method: what proved it: password, passkey, oidc, phone_code, handoff, invitation, reset.
        address: of the caller.
        user_agent: kept with the session.
        previous_token: of the session that the browser had; it ends.
        impersonation_id: an operator acts in the person's place.
        device: token by which the browser is known, empty when it sent none; None where there is no browser.

    Raises:
        Forbidden: the person has no place there, or must come another way.
    """
    async with kernel.databases.platform_scope() as db:
        row = await find_place(db, person_id, tenant_id)
        if row is None:
            raise Forbidden(N_("You have no access here. Ask the distributor to invite you."))
        impersonated = impersonation_id is not None
        if not impersonated:
            await check_way(
                db, tenant_id=tenant_id, membership_id=row["membership_id"], kind=row["kind"], method=method
            )
        place = SessionPlace(person_id, tenant_id, row["membership_id"])
        pending = (
            method not in TRUSTED_METHODS and not impersonated and asks_second_factor(kernel, tenant_id, row)
        )
        limits = PENDING if pending else limits_of(row["kind"], impersonated=impersonated)
        known = None
        if not pending:
            known = await _arrive(
                kernel, db, place, row, method=method, address=address, user_agent=user_agent,
                device=None if impersonated else device, impersonated=impersonated,
            )  # fmt: skip
        token = await kernel.sessions.insert(
            db, place, limits, method=method, state="pending" if pending else "open", address=address,
            user_agent=user_agent, device_hash=known.hash if known else None,
            impersonation_id=impersonation_id,
        )  # fmt: skip
        if previous_token:
            await kernel.sessions.end_token(db, previous_token)
    return Opened(
        token, "second_factor" if pending else "", int(limits.absolute.total_seconds()),
        known.token if known else "",
    )  # fmt: skip


async def finish_opening(
    kernel: "Kernel",
    db: "UnitOfWork",
    session_id: UUID,
    *,
    second: str,
    address: str,
    user_agent: str,
    device: str | None,
) -> Opened:
    """Open a pending session, now that its second factor is there too.

    Args:
        kernel: of the process.
        db: a platform scope, in which the second factor was checked.
        session_id: that is pending.
        second: what the second factor was: totp, recovery_code.
        address: of the caller.
        user_agent: of the caller.
        device: token by which the browser is known, empty when it sent none; None where there is no browser.

    Raises:
        Forbidden: the session has ended meanwhile.
    """
    session = await db.fetch_row(
        "SELECT person_id, tenant_id, method FROM session WHERE id = $1 AND state = 'pending'", session_id
    )
    row = await find_place(db, session["person_id"], session["tenant_id"]) if session else None
    if session is None or row is None:
        raise Forbidden(N_("This took too long. Please sign in again."))
    place = SessionPlace(session["person_id"], session["tenant_id"], row["membership_id"])
    limits = limits_of(row["kind"])
    known = await _arrive(
        kernel, db, place, row, method=session["method"], second=second, address=address,
        user_agent=user_agent, device=device,
    )  # fmt: skip
    token = await kernel.sessions.promote(db, session_id, limits, device_hash=known.hash if known else None)
    if token is None:
        raise Forbidden(N_("This took too long. Please sign in again."))
    return Opened(token, "", int(limits.absolute.total_seconds()), known.token if known else "")


def asks_second_factor(kernel: "Kernel", tenant_id: TenantId | None, place: "Record") -> bool:
    """Tell whether a sign-in that is not strong by itself asks for a second factor at this place."""
    required = kernel.settings.operators_need_second_factor if tenant_id is None else place["required"]
    return bool(place["has_totp"] or (required and place["has_second_factor"]))


async def find_place(db: "Database", person_id: UUID, tenant_id: TenantId | None) -> "Record | None":
    """Read a person's place at a tenant, or at the console; None when they have none."""
    return await db.fetch_row(_PLACE, person_id, tenant_id)


async def _arrive(
    kernel: "Kernel",
    db: "Database",
    place: SessionPlace,
    row: "Record",
    *,
    method: str,
    address: str,
    user_agent: str,
    device: str | None,
    second: str = "",
    impersonated: bool = False,
) -> Device | None:
    """Write down a sign-in that is complete, and tell the person when it came from a new browser."""
    now = kernel.clock.now()
    actor = Actor(
        row["kind"] or "operator", row["name"], membership_id=place.membership_id, person_id=place.person_id
    )
    if not impersonated:
        details = {"method": method} | ({"second": second} if second else {})
        await record(
            kernel, db, place.tenant_id, actor, "session.open", row["name"],
            address=plain(address), user_agent=plain(user_agent)[:300], **details,
        )  # fmt: skip
    if device is None:
        return None
    known = await remember(db, place.person_id, device, now)
    if known.is_new and method != "handoff":  # the person comes from a browser of theirs
        await notify_person(
            db, place.person_id, "new_device", tenant_id=place.tenant_id, now=now,
            values={"address": plain(address), "device": _device_text(user_agent)},
        )  # fmt: skip
    return known


def _device_text(user_agent: str) -> str:
    return " · ".join(filter(None, device_words(user_agent))) or "?"


_PLACE = f"""
SELECT coalesce(m.name, p.name) AS name, m.id AS membership_id, m.kind, {HAS_TOTP} AS has_totp,
       {HAS_SECOND_FACTOR} AS has_second_factor,
       coalesce((SELECT bool_or(r.second_factor) FROM membership_role mr
                 JOIN role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
                 WHERE mr.tenant_id = m.tenant_id AND mr.membership_id = m.id), false) AS required
FROM person p
LEFT JOIN membership m ON m.tenant_id = $2 AND m.person_id = p.id AND m.state = 'active' AND NOT {UNACCEPTED}
WHERE p.id = $1 AND CASE WHEN $2::int IS NULL THEN p.is_operator ELSE m.id IS NOT NULL END
"""  # noqa: S608
