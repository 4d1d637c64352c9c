"""The published JSON Schema of blueprints, made from the types, with the settings of the plugins."""

import json
from typing import Any, get_type_hints

import msgspec
from headgate_sdk.blueprint import Blueprint

from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.setting_secrets import secret_fields
from headgate_kernel.tenancy.setting_values import settings_types
from headgate_kernel.tenancy.shape import SECRET_FORM

FILE_NAME = "blueprint.schema.json"
_SECRET = {
    "type": "object",
    "description": "Where the secret is; it never stands in the file itself.",
    "properties": {"secret": {"type": "string", "pattern": f"^{SECRET_FORM.pattern}$"}},
    "required": ["secret"],
    "additionalProperties": False,
}
_CONDITIONS = {
    "PersonEntry": {
        "if": {"properties": {"kind": {"const": "customer"}}},
        "then": {"required": ["customer"], "properties": {"customer": {"minLength": 1}}},
        "else": {"properties": {"customer": {"maxLength": 0}}},
    },
    "Sample": {
        "if": {"properties": {"kind": {"const": "retail-history"}}},
        "then": {"required": ["file"]},
        "else": {"required": ["catalogue"]},
    },
}
"""What types cannot say."""


def blueprint_schema(host: PluginHost) -> dict[str, Any]:
    """Give the schema for an installation with these plugins."""
    _, parts = msgspec.json.schema_components([Blueprint], ref_template="#/$defs/{name}")
    kinds = settings_types(host)
    outlines, more = msgspec.json.schema_components(
        [_without_secrets(kind) for kind in kinds.values()], ref_template="#/$defs/{name}"
    )
    secrets = {kind.__name__: secret_fields(kind) for kind in kinds.values()}
    blueprint = parts.pop("Blueprint")
    blueprint["properties"]["settings"] = {
        "description": blueprint["properties"]["settings"]["description"],
        "type": "object",
        "properties": dict(zip(kinds, outlines, strict=True)),
        "additionalProperties": False,
    }
    blueprint["properties"]["sample"] = {"$ref": "#/$defs/Sample"}
    for name, condition in _CONDITIONS.items():
        parts[name] |= condition
    for name, schema in more.items():
        schema["additionalProperties"] = False
        schema["properties"] |= dict.fromkeys(secrets.get(name, ()), _SECRET)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **blueprint,
        "title": "Headgate tenant blueprint",
        "$defs": parts | more,
    }


def schema_text(host: PluginHost) -> str:
    """Write the schema as it is published."""
    return json.dumps(blueprint_schema(host), ensure_ascii=False, indent=2) + "\n"


def _without_secrets(kind: type[msgspec.Struct]) -> type[msgspec.Struct]:
    """Give settings as a type that JSON can carry: a secret is written in a way of its own."""
    hidden = secret_fields(kind)
    if not hidden:
        return kind
    fields = [
        (name, told, getattr(kind(), name))
        for name, told in get_type_hints(kind, include_extras=True).items()
        if name not in hidden
    ]
    return msgspec.defstruct(kind.__name__, fields, namespace={"__doc__": kind.__doc__})
