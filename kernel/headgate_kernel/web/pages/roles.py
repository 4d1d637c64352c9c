"""Settings: roles, and what each allows."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context, covers
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import Permission
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.identity.members import PEOPLE_READ
from headgate_kernel.identity.permissions import (
    EVERYTHING,
    PermissionGroup,
    for_customers,
    is_known,
    may_grant,
    permission_groups,
)
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
from headgate_kernel.web.pages.form_errors import Many, many, show_again

PATH = "/settings/roles"
ROLE = f"{PATH}/{{role_id:uuid}}"

DONE = {"saved": N_("Saved."), "deleted": N_("The role is gone.")}


class RoleForm(msgspec.Struct, kw_only=True):
    """A role as ticked.

    Args:
        name: the distributor's word for it.
        permissions: that are ticked, patterns too.
        more: further permissions and patterns, separated by spaces.
        second_factor: `on` when who has it needs a second factor.
    """

    name: str = ""
    permissions: Many = ""
    more: str = ""
    second_factor: str = ""

    def read(self) -> RoleInput:
        """Give what is to be saved."""
        wanted = (*many(self.permissions), *self.more.split())
        return RoleInput(self.name, wanted, second_factor=self.second_factor == "on")


class Tick(msgspec.Struct, frozen=True):
    """A permission, or the pattern of a plugin, that can be ticked.

    Args:
        id: permission or pattern.
        label: English msgid.
        ticked: the role allows it.
        locked: the reader may not give or take it.
        sensitive: pays, approves or touches credentials.
        covered: pattern of the role that stands for it already.
    """

    id: str
    label: str
    ticked: bool
    locked: bool
    sensitive: bool = False
    covered: str = ""


class TickGroup(msgspec.Struct, frozen=True):
    """The permissions of one plugin; `whole` is its pattern."""

    name: str
    active: bool
    whole: Tick
    ticks: tuple[Tick, ...]


class RoleRow(msgspec.Struct, frozen=True):
    """A role in the list.

    Args:
        role: the role.
        for_customers: people of customers may have it.
        unknown: permissions in it that nothing asks for any more.
    """

    role: Role
    for_customers: bool
    unknown: tuple[str, ...]


@page(PATH, permission=PEOPLE_READ, include_in_schema=False)
async def roles(ctx: Context, kernel: Kernel, done: str = "") -> Response[Any]:
    """List the roles."""
    groups = permission_groups(kernel.host, ctx.plugins)
    rows = [
        RoleRow(
            role, bool(role.permissions) and for_customers(role.permissions, groups),
            unknown_in(role.permissions, groups),
        )
        for role in await list_roles(ctx)
    ]  # fmt: skip
    return await ctx.render(
        "settings/roles.html", rows=rows, path=PATH, done=DONE.get(done, ""),
        may_write=ctx.allowed(ROLES_WRITE),
    )  # fmt: skip


@page(f"{PATH}/new", permission=ROLES_WRITE, include_in_schema=False)
async def new_role(ctx: Context, kernel: Kernel, copy: UUID | None = None) -> Response[Any]:
    """Show the empty form, or that of a copy."""
    form = RoleForm()
    if copy is not None:
        role = await get_role(ctx, copy)
        form = _form_of(role)
        form.name = ctx.translate(N_("{name} (copy)"), name=role.name)
    return await _page(ctx, kernel, form)


@action(f"{PATH}/new", permission=ROLES_WRITE, include_in_schema=False)
async def add_role(
    ctx: Context, kernel: Kernel, data: Annotated[RoleForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Make a role."""
    try:
        async with ctx.db.savepoint():
            await create_role(ctx, data.read(), permission_groups(kernel.host, ctx.plugins))
    except HeadgateError as error:
        return await _page(ctx, kernel, data, error=error)
    return see_other(f"{PATH}?done=saved")


@page(ROLE, permission=PEOPLE_READ, include_in_schema=False)
async def role(ctx: Context, kernel: Kernel, role_id: UUID) -> Response[Any]:
    """Show one role."""
    found = await get_role(ctx, role_id)
    return await _page(ctx, kernel, _form_of(found), found)


@action(ROLE, permission=ROLES_WRITE, include_in_schema=False)
async def save_role(
    ctx: Context,
    kernel: Kernel,
    role_id: UUID,
    data: Annotated[RoleForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Change a role."""
    found = await get_role(ctx, role_id)
    try:
        async with ctx.db.savepoint():
            await change_role(ctx, role_id, data.read(), permission_groups(kernel.host, ctx.plugins))
    except HeadgateError as error:
        return await _page(ctx, kernel, data, found, error=error)
    rights_changed(kernel)
    return see_other(f"{PATH}?done=saved")


@action(f"{ROLE}/delete", permission=ROLES_WRITE, include_in_schema=False)
async def remove_role(ctx: Context, kernel: Kernel, role_id: UUID) -> Response[Any]:
    """Delete a role that nobody has."""
    found = await get_role(ctx, role_id)
    try:
        async with ctx.db.savepoint():
            await delete_role(ctx, role_id)
    except HeadgateError as error:
        return await _page(ctx, kernel, _form_of(found), found, error=error)
    return see_other(f"{PATH}?done=deleted")


HANDLERS = (roles, new_role, add_role, role, save_role, remove_role)


def unknown_in(permissions: Iterable[str], groups: Sequence[PermissionGroup]) -> tuple[str, ...]:
    """Give permissions that nothing asks for any more: of plugins that are gone, or older ones."""
    return tuple(one for one in permissions if one != EVERYTHING and not is_known(one, groups))


def _form_of(role: Role) -> RoleForm:
    return RoleForm(
        name=role.name, permissions=role.permissions, second_factor="on" if role.second_factor else ""
    )


async def _page(
    ctx: Context,
    kernel: Kernel,
    form: RoleForm,
    found: Role | None = None,
    *,
    error: HeadgateError | None = None,
) -> Response[Any]:
    groups = permission_groups(kernel.host, ctx.plugins)
    ticked = frozenset(form.read().permissions)
    kept = found.permissions if found else ()
    above = not all(may_grant(ctx.actor, one) for one in kept)
    shown = frozenset(p.id for group in groups for p in group.permissions) | {f"{g.id}.*" for g in groups}
    unknown = [Tick(one, one, one in ticked, above) for one in unknown_in(kept, groups)]
    more = sorted(ticked - shown - {EVERYTHING} - {tick.id for tick in unknown})
    return await show_again(
        ctx, kernel, "settings/role.html", error, form=form, role=found, path=PATH, above=above,
        groups=[_ticks(ctx, group, ticked, above=above) for group in groups], unknown=unknown,
        everything=Tick(EVERYTHING, N_("Everything"), EVERYTHING in ticked,
                        above or not may_grant(ctx.actor, EVERYTHING)),
        more=" ".join(more), may_write=ctx.allowed(ROLES_WRITE) and not above,
    )  # fmt: skip


def _ticks(ctx: Context, group: PermissionGroup, ticked: frozenset[str], *, above: bool) -> TickGroup:
    def tick(permission: Permission) -> Tick:
        locked = above or not may_grant(ctx.actor, permission.id)
        covering = (one for one in sorted(ticked) if one != permission.id and covers([one], permission.id))
        return Tick(
            permission.id, permission.label, permission.id in ticked, locked, permission.sensitive,
            next(covering, ""),
        )  # fmt: skip

    pattern = f"{group.id}.*"
    whole = Tick(pattern, pattern, pattern in ticked, above or not may_grant(ctx.actor, pattern))
    return TickGroup(group.name, group.active, whole, tuple(tick(p) for p in group.permissions))
