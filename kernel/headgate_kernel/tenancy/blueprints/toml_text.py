"""Write a blueprint as TOML, as a person would: short lists on one line, what is as it comes left out."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from headgate_sdk.blueprint import Blueprint

SCHEMA_LINE = "#:schema ../blueprint.schema.json"
WIDTH = 110
_TABLES = ("roles", "price_levels", "price_lists", "customer_groups", "attributes", "people")


def blueprint_text(blueprint: Blueprint, *, note: str = "") -> str:
    """Write a whole blueprint.

    Args:
        blueprint: to write.
        note: comment at the top.
    """
    given = _plain(blueprint)
    lines = [SCHEMA_LINE, *(f"# {line}" for line in note.splitlines()), ""]
    if given["plan"]:
        lines += [f"plan = {value_text(given['plan'])}", ""]
    lines += _table("profile", _told(given["profile"], blueprint.profile))
    lines += _table("plugins", given["plugins"])
    for plugin, values in given["settings"].items():
        lines += _table(f"settings.{key_text(plugin)}", values)
    for name in _TABLES[:1]:
        lines += _rows(name, blueprint, given)
    for subject, entry in given["flow"].items():
        lines += _table(f"flow.{key_text(subject)}", {k: v for k, v in entry.items() if v or k == "steps"})
    for name in _TABLES[1:]:
        lines += _rows(name, blueprint, given)
    if blueprint.sample is not None:
        lines += _table("sample", _told(given["sample"], blueprint.sample))
    return "\n".join(lines).rstrip() + "\n"


def value_text(value: Any) -> str:
    """Write one value."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list | tuple):
        return f"[{', '.join(value_text(one) for one in value)}]"
    if isinstance(value, Mapping):
        inside = ", ".join(f"{key_text(name)} = {value_text(one)}" for name, one in value.items())
        return f"{{ {inside} }}" if inside else "{}"
    return str(value)


def key_text(key: str) -> str:
    """Write a key, in quotation marks where it needs them."""
    return key if key and all(c.isascii() and (c.isalnum() or c in "-_") for c in key) else value_text(key)


def told_fields(row: msgspec.Struct) -> dict[str, Any]:
    """Give the fields of a row that are not as they come, as TOML has them."""
    return _told(_plain(row), row)


def _plain(struct: msgspec.Struct) -> dict[str, Any]:
    """Give a struct as TOML and JSON have it, lists as lists."""
    plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(struct))
    return plain


def _told(values: dict[str, Any], row: msgspec.Struct) -> dict[str, Any]:
    usual = {field.name: field for field in msgspec.structs.fields(row)}
    return {name: value for name, value in values.items() if not _is_usual(usual[name], getattr(row, name))}


def _is_usual(field: msgspec.structs.FieldInfo, value: Any) -> bool:
    if field.default_factory is not msgspec.NODEFAULT:
        return bool(value == field.default_factory())
    return bool(field.default is not msgspec.NODEFAULT and value == field.default)


def _rows(name: str, blueprint: Blueprint, given: dict[str, Any]) -> Iterator[str]:
    for row, values in zip(getattr(blueprint, name), given[name], strict=True):
        yield f"[[{name}]]"
        yield from _pairs(_told(values, row))
        yield ""


def _table(name: str, values: Mapping[str, Any]) -> list[str]:
    return [f"[{name}]", *_pairs(values), ""]


def _pairs(values: Mapping[str, Any]) -> Iterator[str]:
    for name, value in values.items():
        line = f"{key_text(name)} = {value_text(value)}"
        if isinstance(value, list) and len(line) > WIDTH:
            yield f"{key_text(name)} = ["
            yield from (f"    {value_text(one)}," for one in value)
            yield "]"
        else:
            yield line
