"""What roles may allow: the kernel's own permissions and those that plugins bring."""

from collections.abc import Iterable, Sequence

from headgate_sdk.blueprint import RoleEntry
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import Permission

KERNEL_PERMISSIONS = (
    Permission("headgate.flow.write", N_("Change the order flow")),
    Permission("headgate.flow.override", N_("Pass a step over, with a reason")),
    Permission("headgate.plugins.write", N_("Switch plugins on and off")),
    Permission("headgate.people.read", N_("See who may sign in")),
)
"""Permissions that the kernel asks for."""


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
            if wanted != "*" and not any(_covers(wanted, permission) for permission in known):
                raise Invalid(
                    N_("The role {role} allows {permission}, which no installed plugin and no page knows."),
                    field="roles", role=role.key, permission=wanted,
                )  # fmt: skip


def _covers(wanted: str, permission: str) -> bool:
    return wanted == permission or (wanted.endswith(".*") and permission.startswith(wanted[:-1]))
