"""A plugin's settings as fields of a form: what they are called, what can be chosen, what was typed."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Literal

import msgspec
from headgate_sdk.secrets import Secret
from msgspec import inspect

from headgate_kernel.tenancy.setting_values import Values

FieldKind = Literal["choice", "switch", "number", "text", "secret"]


class Option(msgspec.Struct, frozen=True):
    """Something that can be chosen; `label` is an English msgid."""

    value: str
    label: str


class SettingField(msgspec.Struct, frozen=True):
    """One setting in a form.

    Args:
        name: of the field.
        label: English msgid.
        help: English msgid; may be empty.
        kind: how it is typed.
        value: as text; `on` for a switch that is on.
        options: of a choice.
    """

    name: str
    label: str
    help: str
    kind: FieldKind
    value: str
    options: tuple[Option, ...] = ()


def setting_fields(kind: type[msgspec.Struct], values: Mapping[str, Any]) -> list[SettingField]:
    """Give the fields of settings, with what is kept or as it comes."""
    usual = msgspec.to_builtins({name: _plain(getattr(kind(), name)) for name in kind.__struct_fields__})
    return [_field(field, values.get(field.name, usual[field.name])) for field in _fields(kind)]


def read_fields(kind: type[msgspec.Struct], typed: Mapping[str, str], kept: Mapping[str, Any]) -> Values:
    """Read a form into values; what does not fit its type stays as it was typed, to be refused with words.

    Args:
        kind: of the settings.
        typed: by field; a switch that is off is not sent.
        kept: what was kept before, for secrets, which are not typed here.
    """
    values: Values = {}
    for field in _fields(kind):
        info, _ = _unwrapped(field.type)
        text = typed.get(field.name, "").strip()
        if isinstance(info, inspect.CustomType):
            if field.name in kept:
                values[field.name] = kept[field.name]
        elif isinstance(info, inspect.BoolType):
            values[field.name] = bool(text)
        elif isinstance(info, inspect.IntType) and text.lstrip("-").isdecimal():
            values[field.name] = int(text)
        else:
            values[field.name] = text
    return values


def _fields(kind: type[msgspec.Struct]) -> tuple[inspect.Field, ...]:
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    return info.fields


def _field(field: inspect.Field, value: Any) -> SettingField:
    info, meta = _unwrapped(field.type)
    schema = meta.extra_json_schema or {} if meta else {}
    labels = (meta.extra or {}).get("options", {}) if meta else {}
    label = schema.get("title") or field.name.replace("_", " ").capitalize()
    options: tuple[Option, ...] = ()
    how: FieldKind = "text"
    if isinstance(info, inspect.LiteralType):
        how = "choice"
        # in the order of the labels: a type keeps no order of its own
        known = [*labels, *(str(one) for one in info.values if one not in labels)]
        options = tuple(Option(one, labels.get(one, one)) for one in known)
    elif isinstance(info, inspect.BoolType):
        how, value = "switch", "on" if value else ""
    elif isinstance(info, inspect.IntType | inspect.DecimalType):
        how = "number"
    elif isinstance(info, inspect.CustomType):
        how, value = "secret", value["secret"] if isinstance(value, dict) else ""
    return SettingField(field.name, label, schema.get("description", ""), how, str(value), options)


def _unwrapped(info: inspect.Type) -> tuple[inspect.Type, inspect.Metadata | None]:
    """Give a type with what was said about it."""
    meta = None
    while isinstance(info, inspect.Metadata):
        meta, info = info, info.type
    return info, meta


def _plain(value: object) -> object:
    if isinstance(value, Secret):
        return ""
    return format(value.normalize() + 0, "f") if isinstance(value, Decimal) else value
