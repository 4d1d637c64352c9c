"""Somebody who belongs to several distributors goes from one to the other without signing in again.

Where else a person belongs is told to that person alone: neither distributor learns of it, its audit log
included, and neither does an operator who acts in the person's place. Who came in through a distributor's own
identity provider stays there: else whoever runs the provider could go anywhere as anybody.
"""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.handoffs import create_handoff
from headgate_kernel.identity.invitations import UNACCEPTED
from headgate_kernel.identity.links import find_sender
from headgate_kernel.identity.sessions import Session, is_vouched_for_here_only

if TYPE_CHECKING:
    from headgate_kernel.database.database import Databases
    from headgate_kernel.runtime import Kernel

MOST = 100


class Place(msgspec.Struct, frozen=True):
    """A distributor where a person belongs too.

    Args:
        tenant_id: number of the distributor.
        slug: its short name.
        name: as people call it.
    """

    tenant_id: TenantId
    slug: str
    name: str


async def other_places(databases: "Databases", session: Session, here: TenantId) -> list[Place]:
    """Give the distributors to which the person may switch, by name.

    Args:
        databases: of the process.
        session: of the person; one that an operator opened, or an API token, leads nowhere.
        here: the distributor that is left out.
    """
    person_id = _person(session)
    if person_id is None:
        return []
    async with databases.platform_scope() as db:
        return await db.fetch_as(Place, _OTHERS, person_id, here, MOST)


async def switch_place(kernel: "Kernel", session: Session, here: TenantId, slug: str) -> str:
    """Let a person in at another distributor.

    Returns:
        Address there, good for one minute and once.

    Raises:
        NotFound: there is no such distributor, or not for this person: the two look alike.
    """
    places = {place.slug: place for place in await other_places(kernel.databases, session, here)}
    person_id = _person(session)
    if slug not in places or person_id is None:
        raise NotFound(N_("You have no access there. Choose a distributor from the list."))
    there = places[slug].tenant_id
    path = await create_handoff(kernel, person_id=person_id, tenant_id=there)
    async with kernel.databases.platform_scope() as db:
        return (await find_sender(kernel, db, there)).link(path)


def _person(session: Session) -> UUID | None:
    if session.impersonation_id is not None or session.actor.scopes is not None:
        return None
    if is_vouched_for_here_only(session):
        return None
    if session.method == "oidc":  # a distributor's own identity provider vouches for nobody at another one
        return None
    return session.actor.person_id


_OTHERS = f"""
SELECT t.id, t.slug, t.name
FROM membership m JOIN tenant t ON t.id = m.tenant_id
WHERE m.person_id = $1 AND m.tenant_id <> $2 AND m.state = 'active' AND t.state = 'active'
  AND NOT {UNACCEPTED} AND EXISTS (SELECT FROM tenant_host h WHERE h.tenant_id = t.id)
ORDER BY t.name, t.id LIMIT $3
"""  # noqa: S608
