"""Who of a blueprint's people cannot sign in yet, and inviting them."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.blueprint import PersonEntry
from headgate_sdk.context import Context
from headgate_sdk.database import Database

from headgate_kernel.identity.invitations import invite
from headgate_kernel.identity.logins import fold_login

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

_PASSWORDS = """
SELECT l.login FROM person_login l JOIN person_password p ON p.person_id = l.person_id WHERE l.login = ANY($1)
"""
_WITHOUT_A_WAY = """
SELECT m.id, m.person_id FROM membership m
WHERE m.tenant_id = $1 AND m.id = ANY($2) AND m.state = 'active'
    AND NOT EXISTS (SELECT FROM person_password p WHERE p.person_id = m.person_id)
    AND NOT EXISTS (SELECT FROM invitation i WHERE i.tenant_id = $1 AND i.membership_id = m.id
                    AND (i.accepted_at IS NOT NULL OR (i.revoked_at IS NULL AND i.expires_at > $3)))
"""


class Invited(msgspec.Struct, frozen=True):
    """Somebody who was invited, with the link that lets them in."""

    login: str
    name: str
    link: str


async def without_password(db: Database, people: Sequence[PersonEntry]) -> dict[str, PersonEntry]:
    """Give those who have no password, by folded login; a platform scope is needed."""
    by_login = {fold_login(person.login): person for person in people}
    have = {row["login"] for row in await db.fetch(_PASSWORDS, list(by_login))}
    return {login: person for login, person in by_login.items() if login not in have}


async def invite_people(
    kernel: "Kernel", ctx: Context, people: Sequence[PersonEntry], members: Mapping[str, UUID]
) -> tuple[Invited, ...]:
    """Invite those who have no way to sign in and no invitation that still stands.

    Args:
        kernel: of the process.
        ctx: of the tenant, on a transaction that sees the platform's tables.
        people: of the blueprint.
        members: membership ids by folded login.
    """
    rows = await ctx.db.fetch(_WITHOUT_A_WAY, ctx.tenant.id, list(members.values()), ctx.clock.now())
    needing = {row["id"]: row["person_id"] for row in rows}
    invited: list[Invited] = []
    for person in people:
        login = fold_login(person.login)
        member = members.get(login)
        if member is not None and member in needing:
            link = await invite(
                kernel, ctx.db, tenant_id=ctx.tenant.id, person_id=needing[member], membership_id=member,
                to=login, by=ctx.tenant.name,
            )  # fmt: skip
            invited.append(Invited(login, person.name, link))
    return tuple(invited)
