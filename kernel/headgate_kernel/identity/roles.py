"""Roles of a tenant: names with permissions. Who changes one gives and takes nothing that is not theirs."""

import re
from collections.abc import Sequence
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_kernel.identity.ownership import keeping_an_owner
from headgate_kernel.identity.permissions import (
    EVERYTHING,
    MOST_PERMISSIONS,
    PermissionGroup,
    check_grant,
    for_customers,
    is_known,
)

ROLES_WRITE = "headgate.roles.write"
MAX_NAME = 80
_KEY = re.compile(r"[^a-z0-9]+")


class Role(msgspec.Struct, frozen=True):
    """A role.

    Args:
        id: of the role.
        key: its name in blueprints.
        name: the distributor's word for it.
        permissions: and patterns such as `trade.*`.
        second_factor: who has it needs a second factor.
        staff: how many of the distributor's people have it.
        customers: how many people of customers have it.
    """

    id: UUID
    key: str
    name: str
    permissions: list[str]
    second_factor: bool
    staff: int
    customers: int

    @property
    def is_owner(self) -> bool:
        """Tell whether the role may do everything."""
        return EVERYTHING in self.permissions


class RoleInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role to save.

    Args:
        name: the distributor's word for it.
        permissions: and patterns.
        second_factor: who has it needs a second factor.
    """

    name: str
    permissions: tuple[str, ...]
    second_factor: bool = False


async def list_roles(ctx: Context) -> list[Role]:
    """Give the tenant's roles: those for everything first, then by name."""
    return await ctx.db.fetch_as(Role, f"{_SELECT} GROUP BY r.tenant_id, r.id {_ORDER}", ctx.tenant.id)


async def get_role(ctx: Context, role_id: UUID) -> Role:
    """Give one role.

    Raises:
        NotFound: no such role.
    """
    found = await ctx.db.fetch_as(
        Role, f"{_SELECT} AND r.id = $2 GROUP BY r.tenant_id, r.id", ctx.tenant.id, role_id
    )
    if not found:
        raise NotFound(N_("There is no such role."))
    return found[0]


async def create_role(ctx: Context, role: RoleInput, groups: Sequence[PermissionGroup]) -> UUID:
    """Make a role.

    Args:
        ctx: needs `headgate.roles.write`.
        role: to make.
        groups: all permissions that there are.

    Raises:
        Invalid: names the field and what is wrong with it.
        Forbidden: a permission that the actor does not have.
    """
    ctx.require(ROLES_WRITE)
    role = _check(role, groups, known=())
    check_grant(ctx.actor, role.permissions, field="permissions")
    async with keeping_an_owner(ctx):
        await _check_name(ctx, role.name, None)
        role_id = new_id()
        await ctx.db.execute(
            "INSERT INTO role (tenant_id, id, key, name, permissions, second_factor) "
            "VALUES ($1, $2, $3, $4, $5, $6)",
            ctx.tenant.id, role_id, await _free_key(ctx, role.name, role_id), role.name,
            list(role.permissions), role.second_factor,
        )  # fmt: skip
    await ctx.audit("role.create", str(role_id), after=_told(role))
    return role_id


async def change_role(
    ctx: Context, role_id: UUID, role: RoleInput, groups: Sequence[PermissionGroup]
) -> None:
    """Change a role; permissions that no plugin knows any more may stay in it.

    Args:
        ctx: needs `headgate.roles.write` and all that the role allows, before and after.
        role_id: which.
        role: how it will be.
        groups: all permissions that there are.

    Raises:
        NotFound: no such role.
        Invalid: names the field and what is wrong with it.
        Forbidden: a permission that the actor does not have.
        Conflict: nobody would be an owner any more.
    """
    ctx.require(ROLES_WRITE)
    async with keeping_an_owner(ctx):
        before = await get_role(ctx, role_id)
        role = _check(role, groups, known=before.permissions)
        check_grant(ctx.actor, {*before.permissions, *role.permissions}, field="permissions")
        if before.customers and not for_customers(role.permissions, groups):
            raise Invalid(
                N_("People of customers have this role: it can hold permissions for customers only."),
                field="permissions",
            )
        await _check_name(ctx, role.name, role_id)
        await ctx.db.execute(
            "UPDATE role SET name = $3, permissions = $4, second_factor = $5 "
            "WHERE tenant_id = $1 AND id = $2",
            ctx.tenant.id, role_id, role.name, list(role.permissions), role.second_factor,
        )  # fmt: skip
    was = _told(before)
    if was != _told(role):
        await ctx.audit("role.change", str(role_id), before=was, after=_told(role))


async def delete_role(ctx: Context, role_id: UUID) -> None:
    """Delete a role that nobody has.

    Raises:
        NotFound: no such role.
        Forbidden: it allows what the actor does not have.
        Conflict: somebody has it.
    """
    ctx.require(ROLES_WRITE)
    async with keeping_an_owner(ctx):
        role = await get_role(ctx, role_id)
        check_grant(ctx.actor, role.permissions, field="permissions")
        held = await ctx.db.fetch_value(
            "SELECT count(*) FROM membership_role WHERE tenant_id = $1 AND role_id = $2",
            ctx.tenant.id, role_id,
        )  # fmt: skip
        if held:
            raise Conflict(
                N_("{n} people have this role, those whose access has ended too. Give them another first."),
                n=held,
            )
        await ctx.db.execute("DELETE FROM role WHERE tenant_id = $1 AND id = $2", ctx.tenant.id, role_id)
    await ctx.audit("role.delete", str(role_id), before=_told(role))


def _check(role: RoleInput, groups: Sequence[PermissionGroup], *, known: Sequence[str]) -> RoleInput:
    """Insist that a role can be saved; gives it tidied.

    Args:
        role: to save.
        groups: all permissions that there are.
        known: what the role had before, which may have vanished since.
    """
    name = " ".join(role.name.split())
    if not name:
        raise Invalid(N_("Please fill this in."), field="name")
    if len(name) > MAX_NAME:
        raise Invalid(N_("Too long: {most} characters at most."), field="name", most=MAX_NAME)
    permissions = tuple(sorted(set(role.permissions)))
    if len(permissions) > MOST_PERMISSIONS:
        raise Invalid(
            N_("A role lists {most} permissions at most; a pattern such as trade.* stands for many."),
            field="permissions", most=MOST_PERMISSIONS,
        )  # fmt: skip
    for wanted in permissions:
        if wanted not in known and wanted != EVERYTHING and not is_known(wanted, groups):
            raise Invalid(
                N_("There is no permission {permission}, nor any that such a pattern stands for."),
                field="permissions", permission=wanted[:100],
            )  # fmt: skip
    return RoleInput(name, permissions, role.second_factor)


async def _check_name(ctx: Context, name: str, but: UUID | None) -> None:
    taken = await ctx.db.fetch_value(
        "SELECT 1 FROM role WHERE tenant_id = $1 AND lower(name) = lower($2) AND id IS DISTINCT FROM $3",
        ctx.tenant.id, name, but,
    )  # fmt: skip
    if taken:
        raise Invalid(N_("There is a role with this name already."), field="name")


async def _free_key(ctx: Context, name: str, role_id: UUID) -> str:
    """Make a key from the name where it has Latin letters; blueprints name the role by it."""
    key = _KEY.sub("-", name.lower()).strip("-")
    taken = await ctx.db.fetch_value(
        "SELECT 1 FROM role WHERE tenant_id = $1 AND key = $2", ctx.tenant.id, key
    )
    return f"{key or 'role'}-{role_id.hex[-6:]}" if taken or not key else key


def _told(role: Role | RoleInput) -> dict[str, object]:
    return {
        "name": role.name, "permissions": sorted(role.permissions), "second_factor": role.second_factor,
    }  # fmt: skip


_SELECT = """
SELECT r.id, r.key, r.name, r.permissions, r.second_factor,
       count(m.id) FILTER (WHERE m.kind = 'staff') AS staff,
       count(m.id) FILTER (WHERE m.kind = 'customer') AS customers
FROM role r
LEFT JOIN membership_role mr ON mr.tenant_id = $1 AND mr.role_id = r.id
LEFT JOIN membership m ON m.tenant_id = $1 AND m.id = mr.membership_id AND m.state = 'active'
WHERE r.tenant_id = $1
"""
_ORDER = "ORDER BY '*' = ANY(r.permissions) DESC, r.name, r.id"
