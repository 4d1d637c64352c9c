"""What roles may allow: the kernel's own permissions and those that plugins bring."""

from collections.abc import Collection, Iterable, Sequence

import msgspec
from headgate_sdk.blueprint import RoleEntry
from headgate_sdk.context import Actor, covers
from headgate_sdk.errors import Forbidden, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import Permission

from headgate_kernel.plugins.host import PluginHost

KERNEL = "headgate"
"""First part of the kernel's own permissions."""

EVERYTHING = "*"
"""The pattern that only owners have, and only owners give."""

SIGN_IN_WRITE = "headgate.sign_in.write"

KERNEL_PERMISSIONS = (
    Permission("headgate.flow.write", N_("Change the order flow")),
    Permission("headgate.flow.override", N_("Pass a step over, with a reason"), sensitive=True),
    Permission("headgate.plugins.write", N_("Switch plugins on and off")),
    Permission("headgate.plan.read", N_("See the plan and what is used of it")),
    Permission("headgate.profile.write", N_("Set the distributor up: logo, first steps")),
    Permission("headgate.support.write", N_("Decide on help by the operator"), sensitive=True),
    Permission("headgate.people.read", N_("See who may sign in")),
    Permission(
        "headgate.people.write", N_("Invite people, give them roles, end their access"), sensitive=True
    ),
    Permission("headgate.roles.write", N_("Change roles"), sensitive=True),
    Permission(SIGN_IN_WRITE, N_("Decide how people sign in"), sensitive=True),
    Permission("headgate.tokens.write", N_("Issue API tokens for oneself"), sensitive=True),
    Permission("headgate.audit.read", N_("Read the audit log")),
    Permission("headgate.data.write", N_("Take all data along, ask for its erasure"), sensitive=True),
)
"""Permissions that the kernel asks for."""

MOST_PERMISSIONS = 300
"""As many a role or token may list."""


class PermissionGroup(msgspec.Struct, frozen=True):
    """The permissions of one plugin, or of the kernel.

    Args:
        id: of the plugin; prefix of its permissions.
        name: English msgid.
        active: the plugin is on for the tenant.
        permissions: in the order of its manifest.
    """

    id: str
    name: str
    active: bool
    permissions: tuple[Permission, ...]


def permission_groups(host: PluginHost, active: Collection[str]) -> list[PermissionGroup]:
    """Give all permissions that there are, by plugin, the kernel's first.

    Args:
        host: the installed plugins.
        active: ids of those that are on for the tenant.
    """
    groups = [PermissionGroup(KERNEL, N_("Settings"), True, KERNEL_PERMISSIONS)]
    for plugin in host.installed:
        manifest = plugin.manifest
        if manifest.permissions and not plugin.problem:
            groups.append(
                PermissionGroup(manifest.id, manifest.name, manifest.id in active, manifest.permissions)
            )
    return groups


def sensitive_permissions(host: PluginHost) -> frozenset[str]:
    """Give what nobody may inside an impersonation, whatever is switched on."""
    own = (*KERNEL_PERMISSIONS, *(permission for _, permission in host.surfaces.permissions))
    return frozenset(permission.id for permission in own if permission.sensitive)


def is_known(wanted: str, groups: Iterable[PermissionGroup]) -> bool:
    """Tell whether a permission exists, or a pattern stands for any."""
    return any(covers([wanted], permission.id) for group in groups for permission in group.permissions)


def may_grant(actor: Actor, wanted: str) -> bool:
    """Tell whether somebody may give a permission or pattern away: only what they have themselves, whole.

    Who has every single permission of a plugin has not its pattern, which stands for future ones too.
    """
    if not actor.allowed(wanted):
        return False
    return not any(covers([wanted], denied) for denied in actor.denied)


def check_grant(actor: Actor, wanted: Iterable[str], *, field: str) -> None:
    """Insist that somebody may give permissions away, or take them away from others.

    Args:
        actor: who would do it.
        wanted: permissions and patterns.
        field: named in the error.

    Raises:
        Forbidden: names the first one that they lack.
    """
    for one in sorted(set(wanted)):
        if not may_grant(actor, one):
            raise Forbidden(
                N_("This needs the permission {permission}, which you do not have. Ask an owner."),
                field=field, permission=one,
            )  # fmt: skip


def for_customers(permissions: Iterable[str], groups: Iterable[PermissionGroup]) -> bool:
    """Tell whether a role with these permissions may be held by people of customers."""
    open_to_customers = {p.id for group in groups for p in group.permissions if p.customers}
    return open_to_customers.issuperset(permissions)


def check_roles(roles: Sequence[RoleEntry], of_plugins: Iterable[Permission]) -> None:
    """Refuse permissions that nothing asks for: a slip would quietly lock people out.

    Args:
        roles: with permissions or patterns such as `trade.*`.
        of_plugins: permissions of the installed plugins.

    Raises:
        Invalid: names the role and the permission.
    """
    known = [permission.id for permission in (*KERNEL_PERMISSIONS, *of_plugins)]
    for role in roles:
        for wanted in role.permissions:
            if wanted != EVERYTHING and not any(covers([wanted], permission) for permission in known):
                raise Invalid(
                    N_("The role {role} allows {permission}, which no installed plugin and no page knows."),
                    field="roles", role=role.key, permission=wanted,
                )  # fmt: skip
