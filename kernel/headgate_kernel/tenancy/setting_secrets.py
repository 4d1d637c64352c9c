"""Secrets among a plugin's settings: taken from where the file says, sealed, opened with the tenant."""

import logging
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.secrets import SealedColumn, Secret

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.secrets import Secrets

COLUMN = SealedColumn("plugin_settings", "secrets", key=("plugin",))
log = logging.getLogger(__name__)

Texts = dict[str, str]
"""Secrets of one plugin by field."""


def secret_fields(kind: type[msgspec.Struct]) -> list[str]:
    """Name the fields of settings that are secrets."""
    return [field.name for field in msgspec.structs.fields(kind) if field.type is Secret]


def take_secret(reference: str, *, field: str = "") -> str:
    """Give the secret that a reference leads to: `env:NAME`, or `file:/path` without its last line end.

    Raises:
        Invalid: it is not there; says where was looked.
    """
    where, _, name = reference.partition(":")
    if where == "env":
        value = os.environ.get(name, "")
        if not value:
            raise Invalid(N_("The environment has no {variable}. Set it and try again."), field=field,
                          variable=name)  # fmt: skip
        return value
    try:
        value = Path(name).read_text("utf-8").removesuffix("\n")
    except (OSError, UnicodeDecodeError):
        value = ""
    if not value:
        raise Invalid(N_("The file {path} cannot be read or is empty."), field=field, path=name)
    return value


def take_secrets(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> Texts:
    """Give the secrets that settings refer to, by field.

    Raises:
        Invalid: one is not there; names the field.
    """
    return {
        name: take_secret(values[name]["secret"], field=name)
        for name in secret_fields(kind)
        if name in values
    }


async def seal_texts(
    secrets: "Secrets", db: "Database", tenant_id: int, plugin: str, texts: Texts
) -> bytes | None:
    """Seal the secrets of a plugin; None for none at all."""
    if not texts:
        return None
    value = msgspec.json.encode(texts, order="sorted")
    return await secrets.seal(db, tenant_id=tenant_id, place=COLUMN.place(plugin), value=value)


async def open_texts(
    secrets: "Secrets", db: "Database", tenant_id: int, plugin: str, sealed: bytes | None
) -> Texts:
    """Open the secrets of a plugin; what cannot be opened is left out, with a line in the log."""
    if sealed is None:
        return {}
    try:
        value = await secrets.reveal(db, tenant_id=tenant_id, place=COLUMN.place(plugin), sealed=sealed)
    except HeadgateError as error:
        log.warning("the secrets in the settings of %s, tenant %s, stay closed: %s", plugin, tenant_id, error)
        return {}
    return msgspec.json.decode(value, type=Texts)


def with_secrets(settings: msgspec.Struct, texts: Texts) -> msgspec.Struct:
    """Give settings with their secrets."""
    known = {name: Secret(texts[name]) for name in secret_fields(type(settings)) if name in texts}
    return msgspec.structs.replace(settings, **known)
