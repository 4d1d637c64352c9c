"""People of the distributor in the JSON API: list, invite, give roles, end access."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import create, read, replace
from litestar.params import Parameter

from headgate_kernel.identity.inviting import Admitted, Invitee, invite_again, invite_staff
from headgate_kernel.identity.member_changes import end_member, restore_member, set_member_roles
from headgate_kernel.identity.member_sessions import end_member_sessions, list_member_sessions
from headgate_kernel.identity.members import (
    MOST,
    PEOPLE_READ,
    PEOPLE_WRITE,
    Member,
    View,
    get_member,
    list_members,
)
from headgate_kernel.identity.rights import rights_changed
from headgate_kernel.runtime import Kernel

PERSON = "/people/{member_id:uuid}"


class RoleRef(msgspec.Struct, frozen=True):
    """A role by id and name."""

    id: UUID
    name: str


class PersonView(msgspec.Struct, frozen=True):
    """Somebody who belongs to the distributor.

    Args:
        id: of the membership.
        login: under which they were made known.
        name: as others see it.
        side: the distributor's staff, or of a customer.
        state: `invited` has not come yet.
        roles: theirs.
        invited_until: end of their open invitation.
    """

    id: UUID
    login: str
    name: str
    side: Literal["staff", "customer"]
    state: Literal["active", "invited", "ended"]
    roles: list[RoleRef]
    invited_until: datetime | None


class PersonList(msgspec.Struct, frozen=True):
    """A page of people; give `next` as `after` for the following page."""

    items: list[PersonView]
    next: str | None
    total: int


class PersonIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to invite, with ids of their roles."""

    login: str
    name: str
    role_ids: list[UUID]


class RolesIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ids of the roles that somebody has from now on."""

    role_ids: list[UUID]


class Invited(msgspec.Struct, frozen=True):
    """An invitation; the link is told this once, and null for who came before and needs none."""

    id: UUID
    link: str | None


class SessionView(msgspec.Struct, frozen=True):
    """A session at this distributor."""

    id: UUID
    created_at: datetime
    seen_at: datetime
    method: str
    address: str
    user_agent: str
    by_operator: bool


class Ended(msgspec.Struct, frozen=True):
    """How many sessions were ended."""

    sessions: int


@read("/people", permission=PEOPLE_READ, tags=["people"])
async def read_people(
    ctx: Context,
    view: View | None = None,
    role_id: UUID | None = None,
    *,
    q: Annotated[str, Parameter(max_length=100)] = "",
    after: str | None = None,
    limit: Annotated[int, Parameter(ge=1, le=MOST)] = 50,
) -> PersonList:
    """List people by name; without a view everybody whose access has not ended."""
    page = await list_members(ctx, view=view, role_id=role_id, query=q, after=after, limit=limit)
    return PersonList([_view(member) for member in page.items], page.next, page.total)


@read(PERSON, permission=PEOPLE_READ, tags=["people"])
async def read_person(ctx: Context, member_id: UUID) -> PersonView:
    """Give one person."""
    return _view(await get_member(ctx, member_id))


@create("/people", permission=PEOPLE_WRITE, tags=["people"])
async def invite_person(ctx: Context, kernel: Kernel, data: PersonIn) -> Invited:
    """Invite somebody to work here."""
    admitted = await invite_staff(kernel, ctx, Invitee(data.login, data.name), data.role_ids)
    rights_changed(kernel)
    return _invited(admitted)


@create(f"{PERSON}/invitation", permission=PEOPLE_WRITE, tags=["people"])
async def invite_person_again(ctx: Context, kernel: Kernel, member_id: UUID) -> Invited:
    """Send an invitation once more; the link before is worth nothing then."""
    return _invited(await invite_again(kernel, ctx, member_id))


@replace(f"{PERSON}/roles", permission=PEOPLE_WRITE, tags=["people"])
async def put_person_roles(ctx: Context, kernel: Kernel, member_id: UUID, data: RolesIn) -> PersonView:
    """Give one of the staff other roles."""
    await set_member_roles(ctx, member_id, data.role_ids)
    rights_changed(kernel)
    return _view(await get_member(ctx, member_id))


@create(f"{PERSON}/end", permission=PEOPLE_WRITE, status_code=200, tags=["people"])
async def end_person(ctx: Context, kernel: Kernel, member_id: UUID) -> PersonView:
    """End somebody's access, with their sessions and tokens; again does no harm."""
    await end_member(kernel, ctx, member_id)
    rights_changed(kernel)
    return _view(await get_member(ctx, member_id))


@create(f"{PERSON}/restore", permission=PEOPLE_WRITE, status_code=200, tags=["people"])
async def restore_person(ctx: Context, kernel: Kernel, member_id: UUID) -> PersonView:
    """Let somebody back in, with the roles that they had."""
    await restore_member(kernel, ctx, member_id)
    rights_changed(kernel)
    return _view(await get_member(ctx, member_id))


@read(f"{PERSON}/sessions", permission=PEOPLE_READ, tags=["people"])
async def read_person_sessions(ctx: Context, kernel: Kernel, member_id: UUID) -> list[SessionView]:
    """List where somebody is signed in at this distributor."""
    await get_member(ctx, member_id)
    return [
        SessionView(*msgspec.structs.astuple(session))
        for session in await list_member_sessions(kernel, ctx, member_id)
    ]


@create(f"{PERSON}/sessions/end", permission=PEOPLE_WRITE, status_code=200, tags=["people"])
async def end_person_sessions(ctx: Context, kernel: Kernel, member_id: UUID) -> Ended:
    """End all of somebody's sessions at this distributor."""
    return Ended(await end_member_sessions(kernel, ctx, member_id))


def _view(member: Member) -> PersonView:
    state: Literal["active", "invited", "ended"] = "invited" if member.waiting else "active"
    return PersonView(
        member.id, member.login, member.name, member.kind,
        "ended" if member.state == "ended" else state,
        [RoleRef(*role) for role in zip(member.role_ids, member.roles, strict=True)],
        member.invited.expires_at if member.invited else None,
    )  # fmt: skip


def _invited(admitted: Admitted) -> Invited:
    return Invited(admitted.id, admitted.link or None)


HANDLERS = (
    read_people,
    read_person,
    invite_person,
    invite_person_again,
    put_person_roles,
    end_person,
    restore_person,
    read_person_sessions,
    end_person_sessions,
)
