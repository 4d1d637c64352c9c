"""The doors through which plugins reach people of customers (implements `headgate_sdk.members.Members`).

A plugin decides who may invite whom. It cannot go beyond people of customers, and gives no role that allows
what is for the distributor's staff.
"""

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.blueprint import RoleEntry
from headgate_sdk.context import Context
from headgate_sdk.errors import Forbidden, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.members import InvitedMember, MemberInfo

from headgate_kernel.identity.invitations import UNACCEPTED
from headgate_kernel.identity.inviting import Invitee, admit, send_again
from headgate_kernel.identity.member_changes import end_access, write_roles
from headgate_kernel.identity.members import Member, read_member
from headgate_kernel.identity.ownership import keeping_an_owner
from headgate_kernel.identity.permissions import for_customers, permission_groups
from headgate_kernel.identity.rights import rights_changed
from headgate_kernel.identity.roles import Role, list_roles

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


class CustomerMembers:
    """People of customers of one tenant.

    Args:
        kernel: of the process.
        ctx: of the tenant; who acts has been checked by the plugin.
    """

    def __init__(self, kernel: "Kernel", ctx: Context) -> None:
        self._kernel = kernel
        self._ctx = ctx

    async def invite(self, login: str, name: str, roles: Sequence[RoleEntry]) -> InvitedMember:
        """Invite somebody; the distributor's staff may also let back in whose access has ended."""
        async with keeping_an_owner(self._ctx):
            admitted = await admit(
                self._kernel, self._ctx, Invitee(login, name), "customer", await self._roles(roles),
                may_restore=self._ctx.actor.kind != "customer",
            )  # fmt: skip
        rights_changed(self._kernel)
        return InvitedMember(admitted.id, admitted.link)

    async def invite_again(self, membership_id: UUID) -> InvitedMember:
        """Send an invitation once more."""
        member = await self._member(membership_id)
        return InvitedMember(member.id, await send_again(self._kernel, self._ctx, member))

    async def set_roles(self, membership_id: UUID, roles: Sequence[RoleEntry]) -> None:
        """Give somebody these roles in place of those they have."""
        async with keeping_an_owner(self._ctx):
            member = await self._member(membership_id)
            wanted = await self._roles(roles)
            if set(member.role_ids) != {role.id for role in wanted}:
                await write_roles(self._ctx, member, wanted)
        rights_changed(self._kernel)

    async def end(self, membership_id: UUID) -> None:
        """End somebody's access at once."""
        await end_access(self._kernel, self._ctx, await self._member(membership_id))
        rights_changed(self._kernel)

    async def find(self, membership_ids: Collection[UUID]) -> list[MemberInfo]:
        """Give those of the memberships that are people's of customers, by name."""
        rows = await self._ctx.db.fetch(_FIND, self._ctx.tenant.id, list(membership_ids))
        return [
            MemberInfo(row["id"], row["login"], row["name"], row["state"], tuple(row["roles"]))
            for row in rows
        ]

    async def _member(self, membership_id: UUID) -> Member:
        member = await read_member(self._ctx, membership_id)
        if member.kind != "customer":
            raise NotFound(N_("There is no such person here."))
        return member

    async def _roles(self, entries: Sequence[RoleEntry]) -> list[Role]:
        """Give the tenant's roles with these keys; those that it lacks are made as given."""
        ctx = self._ctx
        known = {role.key: role for role in await list_roles(ctx)}
        lacking = [entry for entry in entries if entry.key not in known]
        await ctx.db.execute_many(
            "INSERT INTO role (tenant_id, id, key, name, permissions) VALUES ($1, $2, $3, $4, $5)",
            [
                (ctx.tenant.id, new_id(), entry.key, self._kernel.translate(ctx.tenant.locale, entry.name),
                 sorted(entry.permissions))
                for entry in lacking
            ],
        )  # fmt: skip
        if lacking:
            known = {role.key: role for role in await list_roles(ctx)}
            for entry in lacking:
                made = known[entry.key]
                after = {"name": made.name, "permissions": made.permissions}
                await ctx.audit("role.create", str(made.id), after=after)
        roles = [known[entry.key] for entry in entries]
        groups = permission_groups(self._kernel.host, ctx.plugins)
        for role in roles:
            if not for_customers(role.permissions, groups):
                raise Forbidden(
                    N_("The role {role} allows what is for the staff only. Ask an owner to change it."),
                    field="role", role=role.name,
                )  # fmt: skip
        return roles


_FIND = f"""
SELECT m.id, m.login, m.name,
       CASE WHEN m.state = 'ended' THEN 'ended' WHEN {UNACCEPTED} THEN 'invited' ELSE 'active' END AS state,
       array(SELECT r.key FROM membership_role mr JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
             WHERE mr.tenant_id = $1 AND mr.membership_id = m.id ORDER BY r.key) AS roles
FROM membership m
WHERE m.tenant_id = $1 AND m.id = ANY($2) AND m.kind = 'customer' ORDER BY m.name, m.id
"""  # noqa: S608
