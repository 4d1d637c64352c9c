"""People of customers: a plugin lets them in, gives them roles and ends their access, and never the staff's.

The kernel keeps who may sign in; the plugin keeps whom they order for, and decides who may invite whom. The
distributor's own people are none of a plugin's business: they are invited in the settings.
"""

from collections.abc import Collection, Sequence
from typing import Literal, Protocol
from uuid import UUID

import msgspec

from headgate_sdk.blueprint import RoleEntry


class MemberInfo(msgspec.Struct, frozen=True):
    """Somebody of a customer.

    Args:
        id: of the membership.
        login: under which they were made known.
        name: as others see it.
        state: `invited` has not come yet, `ended` cannot come any more.
        roles: keys of their roles.
    """

    id: UUID
    login: str
    name: str
    state: Literal["active", "invited", "ended"]
    roles: tuple[str, ...]


class InvitedMember(msgspec.Struct, frozen=True):
    """Somebody who was invited.

    Args:
        id: of their membership.
        link: to hand over by hand, where the login is a user name, to which nothing can be sent; else empty.
    """

    id: UUID
    link: str = ""


class Members(Protocol):
    """Doors to the people of customers of one tenant (`ctx.members`).

    The caller's own right is the plugin's to check. A role that the tenant does not have yet is made as
    given; one that it has, by key, counts as the distributor has made it. All of its permissions must be
    declared with `customers=True`.
    """

    async def invite(self, login: str, name: str, roles: Sequence[RoleEntry]) -> InvitedMember:
        """Invite somebody, or again somebody whose access has ended.

        Args:
            login: e-mail address, phone number or user name.
            name: as others will see it.
            roles: theirs from the start.

        Raises:
            Invalid: names the field.
            Conflict: they belong to this distributor already, or the user name is somebody else's.
            Forbidden: a role allows what is for staff.
            QuotaExceeded: the plan has no place for more people.
        """
        ...

    async def invite_again(self, membership_id: UUID) -> InvitedMember:
        """Send the invitation of somebody who has not come yet once more; the link before is void.

        Raises:
            NotFound: nobody of a customer has this membership.
            Conflict: they have come already.
        """
        ...

    async def set_roles(self, membership_id: UUID, roles: Sequence[RoleEntry]) -> None:
        """Give somebody these roles in place of those they have.

        Raises:
            NotFound: nobody of a customer has this membership.
            Forbidden: a role allows what is for staff.
        """
        ...

    async def end(self, membership_id: UUID) -> None:
        """End somebody's access, with their sessions and tokens, at once.

        Raises:
            NotFound: nobody of a customer has this membership.
        """
        ...

    async def find(self, membership_ids: Collection[UUID]) -> list[MemberInfo]:
        """Give those of the memberships that are people's of customers, by name."""
        ...
