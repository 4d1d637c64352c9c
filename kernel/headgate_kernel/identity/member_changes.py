"""Change who belongs to a tenant: roles, end and return. Who changes somebody may do all that they may."""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.identity.invitations import revoke_invitations
from headgate_kernel.identity.issued_tokens import revoke_tokens_of
from headgate_kernel.identity.member_sessions import end_sessions_of
from headgate_kernel.identity.members import PEOPLE_WRITE, Member, read_member
from headgate_kernel.identity.ownership import keeping_an_owner
from headgate_kernel.identity.permissions import check_grant
from headgate_kernel.identity.roles import Role, list_roles

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

MOST_ROLES = 20


async def set_member_roles(ctx: Context, member_id: UUID, role_ids: Collection[UUID]) -> None:
    """Give one of the staff these roles in place of those they have.

    Args:
        ctx: needs `headgate.people.write`, all that the person may do, and all that they will.
        member_id: whom.
        role_ids: their roles from now on.

    Raises:
        NotFound: nobody here has this id.
        Invalid: a role does not exist, or there is none.
        Forbidden: a permission that the actor does not have.
        Conflict: nobody would be an owner any more, or the person is of a customer.
    """
    ctx.require(PEOPLE_WRITE)
    async with keeping_an_owner(ctx):
        member = await read_member(ctx, member_id)
        if member.kind == "customer":
            raise Conflict(N_("What people of customers may do is set on the page of their customer."))
        roles = await find_roles(ctx, role_ids)
        check_grant(ctx.actor, member.permissions, field="roles")
        check_grant(ctx.actor, permissions_of(roles), field="roles")
        if set(member.role_ids) != {role.id for role in roles}:
            await write_roles(ctx, member, roles)


async def end_member(kernel: "Kernel", ctx: Context, member_id: UUID) -> None:
    """End somebody's access, with their sessions, tokens and open invitation; again does no harm.

    Args:
        kernel: of the process.
        ctx: needs `headgate.people.write` and all that the person may do.
        member_id: whom; what they did stays as it is.

    Raises:
        NotFound: nobody here has this id.
        Forbidden: the person may do what the actor may not.
        Conflict: nobody would be an owner any more, or it is the actor's own access.
    """
    ctx.require(PEOPLE_WRITE)
    async with keeping_an_owner(ctx):
        member = await read_member(ctx, member_id)
        if member.id == ctx.actor.membership_id:
            raise Conflict(N_("You cannot end your own access. Ask another owner."))
        check_grant(ctx.actor, member.permissions, field="roles")
        await _close(ctx, member)
    await _ended(kernel, ctx, member)


async def end_access(kernel: "Kernel", ctx: Context, member: Member) -> None:
    """End somebody's access, for code that has checked who asks, and that an owner stays."""
    await _close(ctx, member)
    await _ended(kernel, ctx, member)


async def _close(ctx: Context, member: Member) -> None:
    await ctx.db.execute(
        "UPDATE membership SET state = 'ended' WHERE tenant_id = $1 AND id = $2", ctx.tenant.id, member.id
    )
    await revoke_invitations(
        ctx.db, tenant_id=ctx.tenant.id, membership_id=member.id, now=ctx.clock.now()
    )  # fmt: skip


async def _ended(kernel: "Kernel", ctx: Context, member: Member) -> None:
    """Take from somebody whose access has just ended what they hold of it."""
    if member.state == "ended":
        return
    tokens = await revoke_tokens_of(ctx, member.id)
    sessions = await end_sessions_of(kernel, ctx, member)
    await ctx.audit(
        "member.end", str(member.id),
        before={"state": "active", "name": member.name, "roles": member.roles}, after={"state": "ended"},
        sessions=sessions, tokens=tokens,
    )  # fmt: skip


async def restore_member(kernel: "Kernel", ctx: Context, member_id: UUID) -> None:
    """Let somebody back in whose access has ended, with the roles that they had.

    Args:
        kernel: of the process.
        ctx: needs `headgate.people.write` and all that the person will be able to do.
        member_id: whom.

    Raises:
        NotFound: nobody here has this id.
        Forbidden: the person would be able to do what the actor may not.
        QuotaExceeded: the plan has no place for more people.
    """
    ctx.require(PEOPLE_WRITE)
    async with keeping_an_owner(ctx):
        member = await read_member(ctx, member_id)
        check_grant(ctx.actor, member.permissions, field="roles")
        if member.state == "active":
            return
        await restore_access(kernel, ctx, member)


async def restore_access(kernel: "Kernel", ctx: Context, member: Member) -> None:
    """Let somebody back in, for code that has checked who asks."""
    await ctx.use_quota("members")
    await end_sessions_of(kernel, ctx, member)  # one that was begun while the access ended is none either
    await ctx.db.execute(
        "UPDATE membership SET state = 'active' WHERE tenant_id = $1 AND id = $2", ctx.tenant.id, member.id
    )
    await ctx.audit(
        "member.restore", str(member.id),
        before={"state": "ended"}, after={"state": "active", "name": member.name, "roles": member.roles},
    )  # fmt: skip


async def find_roles(ctx: Context, role_ids: Collection[UUID]) -> list[Role]:
    """Give roles by id.

    Raises:
        Invalid: one does not exist, or there is none.
    """
    wanted = set(role_ids)
    if not wanted:
        raise Invalid(N_("Choose at least one role."), field="roles")
    if len(wanted) > MOST_ROLES:
        raise Invalid(N_("Too many: {most} at most."), field="roles", most=MOST_ROLES)
    found = [role for role in await list_roles(ctx) if role.id in wanted]
    if len(found) < len(wanted):
        raise Invalid(N_("There is no such role."), field="roles")
    return found


def permissions_of(roles: Sequence[Role]) -> set[str]:
    """Give what roles allow together."""
    return {permission for role in roles for permission in role.permissions}


async def write_roles(ctx: Context, member: Member, roles: Sequence[Role]) -> None:
    """Store somebody's roles, for code that has checked who asks."""
    await ctx.db.execute(
        "DELETE FROM membership_role WHERE tenant_id = $1 AND membership_id = $2", ctx.tenant.id, member.id
    )
    await ctx.db.execute_many(
        "INSERT INTO membership_role (tenant_id, membership_id, role_id) VALUES ($1, $2, $3)",
        [(ctx.tenant.id, member.id, role.id) for role in roles],
    )
    await ctx.audit(
        "member.roles", str(member.id),
        before={"roles": member.roles}, after={"roles": sorted(role.name for role in roles)},
    )  # fmt: skip
