"""How a plugin introduces itself: what it is, what it needs, what it may touch."""

from collections.abc import Mapping
from typing import Literal

import msgspec
from piccolo.table import Table

from headgate_sdk.secrets import SealedColumn

TableClass = Literal["export", "derived", "secret", "transient"]
"""What becomes of a tenant's rows when it is exported: taken along; made again from others by
`headgate_rebuild`; left out because they are keys or proofs; left out because they are of the moment. All are
erased with the tenant."""

Category = Literal["base", "selling", "erp", "community", "customers", "logistics", "money", "reports"]


class Permission(msgspec.Struct, frozen=True):
    """Something that a role may allow.

    Args:
        id: `<plugin>.<noun>.<verb>`, e.g. `trade.orders.approve_sales`.
        label: English msgid.
        sensitive: pays, approves or touches credentials: never allowed inside an operator's impersonation.
        customers: people of customers may have it too; all others are for the distributor's staff alone.
    """

    id: str
    label: str
    sensitive: bool = False
    customers: bool = False


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The front door of a plugin, read once at start and shown at activation.

    Args:
        id: name of the plugin: entry point, URL of its settings, prefix of its permissions.
        name: English msgid, two or three words.
        description: English msgid, one or two sentences for a distributor: what it does for them.
        version: of the plugin.
        sdk: lowest and first-unsupported SDK version, e.g. `("0.1", "0.2")`.
        category: where the catalogue of plugins shows it.
        icon: name of an icon of the sprite.
        requires: ids of plugins that must be active with it.
        permissions: what roles may allow.
        tables: its Piccolo tables, named with its prefix.
        data: classes of tables that are not simply exported.
        retained: tables that the law wants kept for years when a tenant is erased, with the years.
        sealed: columns that hold secrets, sealed by `ctx.seal`.
        deeds: English msgids of what its use cases write to the audit log, by action.
        settings: a Struct of what a distributor may choose, read by `ctx.settings`; every field has a
            default, and a `Meta` with title and description (English msgids) for forms and the schema.
        package: import name, where `templates/`, `locale/` and `migrations/` are found.
    """

    id: str
    name: str
    description: str
    version: str
    package: str
    sdk: tuple[str, str] = ("0.1", "0.2")
    category: Category = "selling"
    icon: str = "plug"
    requires: tuple[str, ...] = ()
    permissions: tuple[Permission, ...] = ()
    tables: tuple[type[Table], ...] = ()
    data: Mapping[str, TableClass] = {}
    retained: Mapping[str, int] = {}
    sealed: tuple[SealedColumn, ...] = ()
    deeds: Mapping[str, str] = {}
    settings: type[msgspec.Struct] | None = None
