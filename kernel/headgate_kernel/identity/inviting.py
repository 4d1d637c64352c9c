"""Let somebody in at a tenant: make them known, a member with roles, and send the link."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.identity.impersonated import refuse_in_anothers_place
from headgate_kernel.identity.invitations import invite
from headgate_kernel.identity.logins import channel_of, check_login, region_of
from headgate_kernel.identity.member_changes import find_roles, permissions_of, restore_access, write_roles
from headgate_kernel.identity.members import PEOPLE_WRITE, Member, read_member
from headgate_kernel.identity.ownership import keeping_an_owner
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.permissions import check_grant
from headgate_kernel.identity.roles import Role

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

MAX_NAME = 80


class Invitee(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody to invite.

    Args:
        login: e-mail address, phone number or user name.
        name: as others will see it.
    """

    login: str
    name: str


class Admitted(msgspec.Struct, frozen=True):
    """Somebody who was invited.

    Args:
        id: of their membership.
        link: that lets them in, once and within a week; empty for who came before and needs none.
    """

    id: UUID
    link: str


async def invite_staff(
    kernel: "Kernel", ctx: Context, invitee: Invitee, role_ids: Collection[UUID]
) -> Admitted:
    """Invite somebody to work here.

    Args:
        kernel: of the process.
        ctx: needs `headgate.people.write` and all that the person will be able to do.
        invitee: whom.
        role_ids: their roles.

    Raises:
        Invalid: names the field and what is wrong with it.
        Forbidden: a permission that the actor does not have.
        Conflict: they belong here already.
        QuotaExceeded: the plan has no place for more people.
    """
    ctx.require(PEOPLE_WRITE)
    async with keeping_an_owner(ctx):
        roles = await find_roles(ctx, role_ids)
        check_grant(ctx.actor, permissions_of(roles), field="roles")
        return await admit(kernel, ctx, invitee, "staff", roles)


async def invite_again(kernel: "Kernel", ctx: Context, member_id: UUID) -> Admitted:
    """Send one of the staff their invitation once more; the link before is worth nothing then.

    Raises:
        NotFound: nobody here has this id.
        Forbidden: the person will be able to do what the actor may not.
        Conflict: they have come already, or their access has ended.
    """
    ctx.require(PEOPLE_WRITE)
    member = await read_member(ctx, member_id)
    check_grant(ctx.actor, member.permissions, field="roles")
    return Admitted(member.id, await send_again(kernel, ctx, member))


async def send_again(kernel: "Kernel", ctx: Context, member: Member) -> str:
    """Send somebody's invitation once more, for code that has checked who asks; gives the link."""
    refuse_in_anothers_place(ctx.actor)
    if member.state == "ended":
        raise Conflict(N_("The access of {name} has ended. Let them back in first."), name=member.name)
    link = await _send(kernel, ctx, member.id, member.person_id, member.login)
    await ctx.audit("member.invite_again", str(member.id), after={"sent_to": member.login})
    return link


async def admit(
    kernel: "Kernel",
    ctx: Context,
    invitee: Invitee,
    kind: Literal["staff", "customer"],
    roles: Sequence[Role],
    *,
    may_restore: bool = True,
) -> Admitted:
    """Make somebody a member and send the link, for code that has checked who asks.

    Args:
        kernel: of the process.
        ctx: of the tenant; one at a time (`keeping_an_owner`).
        invitee: whom.
        kind: the distributor's staff, or of a customer.
        roles: theirs.
        may_restore: let somebody back in whose access has ended; else they are refused like one who is here.

    Raises:
        Invalid: names the field.
        Conflict: they belong here already.
    """
    refuse_in_anothers_place(ctx.actor)
    login = check_login(invitee.login, region_of(ctx.tenant.timezone))
    name = _name(invitee.name)
    person_id = await _person(kernel, ctx, login, name)
    known = await ctx.db.fetch_value(
        "SELECT id FROM membership WHERE tenant_id = $1 AND person_id = $2", ctx.tenant.id, person_id
    )
    if known is not None:
        return await _let_back(kernel, ctx, known, kind, roles, may_restore=may_restore)
    await ctx.use_quota("members")
    member_id = new_id()
    await ctx.db.execute(
        "INSERT INTO membership (tenant_id, id, person_id, login, name, kind) "
        "VALUES ($1, $2, $3, $4, $5, $6)",
        ctx.tenant.id, member_id, person_id, login, name, kind,
    )  # fmt: skip
    await ctx.db.execute_many(
        "INSERT INTO membership_role (tenant_id, membership_id, role_id) VALUES ($1, $2, $3)",
        [(ctx.tenant.id, member_id, role.id) for role in roles],
    )
    link = await _send(kernel, ctx, member_id, person_id, login)
    told = {"name": name, "login": login, "kind": kind, "roles": sorted(role.name for role in roles)}
    await ctx.audit("member.invite", str(member_id), after=told)
    return Admitted(member_id, link)


async def _let_back(
    kernel: "Kernel",
    ctx: Context,
    member_id: UUID,
    kind: Literal["staff", "customer"],
    roles: Sequence[Role],
    *,
    may_restore: bool,
) -> Admitted:
    member = await read_member(ctx, member_id)
    if ctx.actor.kind == "customer" and (member.state == "active" or not may_restore):
        # whoever it is, another customer's people are nobody's business
        raise Conflict(N_("This login cannot be added here. Ask the distributor."), field="login")
    if member.state == "active":
        raise Conflict(N_("{name} belongs here already."), field="login", name=member.name)
    if member.kind != kind:
        raise Conflict(
            N_("{name} was here on the other side before, as staff or of a customer. Use another login."),
            field="login", name=member.name,
        )  # fmt: skip
    await restore_access(kernel, ctx, member)
    await write_roles(ctx, member, roles)
    link = await _send(kernel, ctx, member.id, member.person_id, member.login) if member.waiting else ""
    return Admitted(member.id, link)


async def _person(kernel: "Kernel", ctx: Context, login: str, name: str) -> UUID:
    """Give the person with the login, or make them known; people are the platform's, in its own transaction.

    A user name is whoever's took it first: nothing shows that two people who want it are one.
    """
    async with kernel.databases.platform_scope() as db:
        if channel_of(login) is None and await db.fetch_value(_TAKEN, login, ctx.tenant.id):
            raise Invalid(N_("This user name is somebody else's. Choose another one."), field="login")
        return (await save_people(db, [NewPerson(login, name)], ctx.clock.now()))[login]


async def _send(kernel: "Kernel", ctx: Context, member_id: UUID, person_id: UUID, login: str) -> str:
    return await invite(
        kernel, ctx.db, tenant_id=ctx.tenant.id, person_id=person_id, membership_id=member_id, to=login,
        by=ctx.actor.name or ctx.tenant.name,
    )  # fmt: skip


def _name(text: str) -> str:
    name = " ".join(text.split())
    if not name:
        raise Invalid(N_("Please fill this in."), field="name")
    if len(name) > MAX_NAME:
        raise Invalid(N_("Too long: {most} characters at most."), field="name", most=MAX_NAME)
    return name


_TAKEN = """
SELECT 1 FROM person_login l JOIN person p ON p.id = l.person_id
WHERE l.login = $1
  AND NOT EXISTS (SELECT FROM membership m WHERE m.tenant_id = $2 AND m.person_id = p.id)
  AND (p.is_operator OR EXISTS (SELECT FROM person_password w WHERE w.person_id = p.id)
       OR EXISTS (SELECT FROM membership m WHERE m.person_id = p.id))
"""
