"""Roles and permissions in the JSON API."""

from typing import Annotated
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import create, read, replace
from litestar import delete

from headgate_kernel.identity.members import PEOPLE_READ
from headgate_kernel.identity.permissions import permission_groups
from headgate_kernel.identity.rights import rights_changed
from headgate_kernel.identity.roles import (
    ROLES_WRITE,
    Role,
    RoleInput,
    change_role,
    create_role,
    delete_role,
    get_role,
    list_roles,
)
from headgate_kernel.runtime import Kernel


class RoleView(msgspec.Struct, frozen=True):
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


class RoleIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A role to save; the whole of it."""

    name: str
    permissions: list[Annotated[str, msgspec.Meta(max_length=200)]]
    second_factor: bool = False


class PermissionView(msgspec.Struct, frozen=True):
    """Something that a role may allow.

    Args:
        id: of the permission.
        label: in the caller's language.
        plugin: whose it is; `headgate` is the kernel.
        active: the plugin is on.
        sensitive: pays, approves or touches credentials.
        customers: people of customers may have it.
    """

    id: str
    label: str
    plugin: str
    active: bool
    sensitive: bool
    customers: bool


@read("/permissions", permission=PEOPLE_READ, tags=["roles"])
async def read_permissions(ctx: Context, kernel: Kernel) -> list[PermissionView]:
    """List all permissions that there are."""
    return [
        PermissionView(
            one.id, ctx.translate(one.label), group.id, group.active, one.sensitive, one.customers
        )
        for group in permission_groups(kernel.host, ctx.plugins)
        for one in group.permissions
    ]  # fmt: skip


@read("/roles", permission=PEOPLE_READ, tags=["roles"])
async def read_roles(ctx: Context) -> list[RoleView]:
    """List the roles."""
    return [_view(role) for role in await list_roles(ctx)]


@create("/roles", permission=ROLES_WRITE, tags=["roles"])
async def make_role(ctx: Context, kernel: Kernel, data: RoleIn) -> RoleView:
    """Make a role; it allows nothing that the caller may not do."""
    role_id = await create_role(ctx, _input(data), permission_groups(kernel.host, ctx.plugins))
    return _view(await get_role(ctx, role_id))


@replace("/roles/{role_id:uuid}", permission=ROLES_WRITE, tags=["roles"])
async def put_role(ctx: Context, kernel: Kernel, role_id: UUID, data: RoleIn) -> RoleView:
    """Change a role, all of which the caller may do, before and after."""
    await change_role(ctx, role_id, _input(data), permission_groups(kernel.host, ctx.plugins))
    rights_changed(kernel)
    return _view(await get_role(ctx, role_id))


@delete("/api/v1/roles/{role_id:uuid}", opt={"permission": ROLES_WRITE, "surface": "api"}, tags=["roles"])
async def remove_role(ctx: Context, role_id: UUID) -> None:
    """Delete a role that nobody has."""
    await delete_role(ctx, role_id)


def _input(data: RoleIn) -> RoleInput:
    return RoleInput(data.name, tuple(data.permissions), data.second_factor)


def _view(role: Role) -> RoleView:
    return RoleView(*msgspec.structs.astuple(role))


HANDLERS = (read_permissions, read_roles, make_role, put_role, remove_role)
