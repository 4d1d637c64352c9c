"""Which columns hold sealed values: what is not listed cannot be sealed, so a change of keys misses none."""

import logging
import re
from collections.abc import Iterable, Mapping

from headgate_sdk.secrets import SealedColumn

from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.secrets.envelope import Place

log = logging.getLogger(__name__)

NAME = re.compile(r"[a-z_][a-z0-9_]*")

AUDIT_SEED = SealedColumn("audit_signing_key", "seed", platform=True)

KERNEL_COLUMNS = (
    AUDIT_SEED,
    SealedColumn("person_totp", "secret", platform=True),
    SealedColumn("operator_sso", "client_secret", platform=True),
    SealedColumn("retained_archive", "content", platform=True),
    SealedColumn("sign_in_policy", "client_secret", key=("tenant_id",)),
    SealedColumn("plugin_settings", "secrets", key=("plugin",)),
)
"""The kernel's own."""


def sealed_columns(host: PluginHost) -> tuple[SealedColumn, ...]:
    """Give the columns of the kernel and of every plugin that works here.

    A column that a plugin may not declare is left out and told in the log: nothing can be sealed in it.
    """
    found = {(column.table, column.column): column for column in KERNEL_COLUMNS}
    for plugin in host.installed:
        for column in () if plugin.problem else plugin.manifest.sealed:
            name = (column.table, column.column)
            if column.platform or name in found:
                log.error("plugin %s may not seal %s.%s: it is not its own", plugin.manifest.id, *name)
            elif not all(NAME.fullmatch(part) for part in (*name, *column.key)):
                log.error("plugin %s: %s.%s is not written in plain small letters", plugin.manifest.id, *name)
            else:
                found[name] = column
    return tuple(found.values())


def by_name(columns: Iterable[SealedColumn]) -> Mapping[tuple[str, str], SealedColumn]:
    """Index columns by table and column."""
    return {(column.table, column.column): column for column in columns}


def check_place(columns: Mapping[tuple[str, str], SealedColumn], place: str, tenant_id: int) -> Place:
    """Read a place and make sure that it is one where sealed values are kept.

    Raises:
        ValueError: it is none; says where to declare it.
    """
    parsed = Place.parse(place)
    column = columns.get((parsed.table, parsed.column))
    if column is None:
        raise ValueError(
            f"{parsed.table}.{parsed.column} is not declared as sealed: list it in the manifest (`sealed`), "
            "or among KERNEL_COLUMNS"
        )
    if column.platform != (tenant_id == 0):
        whose = "the platform (tenant 0)" if column.platform else "its tenant"
        raise ValueError(f"{parsed.table}.{parsed.column} is sealed for {whose}, not for tenant {tenant_id}")
    return parsed
