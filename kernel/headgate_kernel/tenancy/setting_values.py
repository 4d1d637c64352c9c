"""A plugin's settings as types and as values: only what differs from how they come is kept.

So a better default of a later version reaches everybody who never chose. A value that a later version cannot
read any more is left out with a line in the log: a distributor's pages go on with the default.
"""

import logging
from collections.abc import Mapping
from typing import Any

import msgspec
from headgate_sdk.secrets import Secret

from headgate_kernel.plugins.host import PluginHost

log = logging.getLogger(__name__)

Values = dict[str, Any]
"""What JSON carries; a secret is `{"secret": "env:NAME"}`."""


def settings_types(host: PluginHost) -> dict[str, type[msgspec.Struct]]:
    """Give the types of the installed plugins' settings, by plugin."""
    return {
        plugin.manifest.id: plugin.manifest.settings
        for plugin in host.installed
        if plugin.manifest.settings is not None and not plugin.problem
    }


def chosen_values(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> Values:
    """Leave out of sound values what is as it comes, and write the rest the one way."""
    usual = kind()
    chosen: Values = {}
    for field in msgspec.structs.fields(kind):
        if field.name not in values:
            continue
        if field.type is Secret:
            chosen[field.name] = values[field.name]
        elif (value := msgspec.convert(values[field.name], field.type)) != getattr(usual, field.name):
            chosen[field.name] = msgspec.to_builtins(value)
    return chosen


def decode_settings(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> msgspec.Struct:
    """Make settings of what is kept; a value that no longer fits is left out."""
    fitting: Values = {}
    for field in msgspec.structs.fields(kind):
        if field.name in values and field.type is not Secret:
            try:
                fitting[field.name] = msgspec.convert(values[field.name], field.type)
            except msgspec.ValidationError as error:
                log.warning("%s.%s is not used as it is kept: %s", kind.__name__, field.name, error)
    return kind(**fitting)


def settings_of_tenant(host: PluginHost, kept: str | None) -> dict[type[msgspec.Struct], msgspec.Struct]:
    """Give a tenant's settings by their types, from the JSON of what it keeps by plugin."""
    if not kept:
        return {}
    kinds = settings_types(host)
    return {
        kinds[plugin]: decode_settings(kinds[plugin], values)
        for plugin, values in msgspec.json.decode(kept).items()
        if plugin in kinds
    }
