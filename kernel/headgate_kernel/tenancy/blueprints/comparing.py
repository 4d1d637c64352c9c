"""What differs between two states of a tenant, both written as blueprints."""

from typing import Any, Literal

import msgspec
from headgate_sdk.blueprint import Blueprint

Row = dict[str, Any]

KEYS = {
    "roles": "key",
    "price_levels": "key",
    "price_lists": "key",
    "customer_groups": "key",
    "people": "login",
}
"""By what the rows of a section are told apart."""


class FieldChange(msgspec.Struct, frozen=True):
    """One field, as it was and as it is; None where there was or is nothing."""

    name: str
    before: Any
    after: Any


class RowChange(msgspec.Struct, frozen=True):
    """One thing that is new, changed or gone."""

    key: str
    kind: Literal["new", "changed", "gone"]
    fields: tuple[FieldChange, ...]


class SectionChange(msgspec.Struct, frozen=True):
    """A section of which something differs.

    Args:
        section: as the blueprint calls it.
        rows: what differs.
        unchanged: how many rows do not.
    """

    section: str
    rows: tuple[RowChange, ...]
    unchanged: int


def compare(before: Blueprint | None, after: Blueprint) -> tuple[SectionChange, ...]:
    """Give what differs, section by section.

    Args:
        before: None for a tenant that is new.
        after: written the same way.
    """
    old, new = sections(before) if before else {}, sections(after)
    changes = (_section(name, old.get(name, {}), rows) for name, rows in new.items())
    return tuple(change for change in changes if change.rows)


def sections(blueprint: Blueprint) -> dict[str, dict[str, Row]]:
    """Give the rows of each section by their keys; the sample is no state, so it is none of them."""
    given: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(blueprint))
    found: dict[str, dict[str, Row]] = {
        "profile": {"": given["profile"]},
        "plan": {"": {"plan": given["plan"]}} if given["plan"] else {},
        "plugins": {plugin: {} for plugin in given["plugins"]["enabled"]},
        "settings": {plugin: values for plugin, values in given["settings"].items() if values},
        "roles": {},
        "flow": given["flow"],
    }
    for name, key in KEYS.items():
        found[name] = {row[key]: {f: v for f, v in row.items() if f != key} for row in given[name]}
    found["attributes"] = _attributes(given["attributes"])
    return found


def _attributes(rows: list[Row]) -> dict[str, Row]:
    """Tell attributes apart by category and key; their order within a category counts."""
    found: dict[str, Row] = {}
    places: dict[str, int] = {}
    for row in rows:
        place = places[row["category"]] = places.get(row["category"], 0) + 1
        rest = {name: value for name, value in row.items() if name not in {"category", "key"}}
        found[f"{row['category']}/{row['key']}"] = rest | {"place": place}
    return found


def _section(name: str, old: dict[str, Row], new: dict[str, Row]) -> SectionChange:
    rows = [_row(key, old.get(key), new.get(key)) for key in [*new, *(key for key in old if key not in new)]]
    changed = tuple(row for row in rows if row is not None)
    return SectionChange(name, changed, len(rows) - len(changed))


def _row(key: str, old: Row | None, new: Row | None) -> RowChange | None:
    names = [*(new or {}), *(name for name in old or {} if name not in (new or {}))]
    fields = tuple(
        FieldChange(name, (old or {}).get(name), (new or {}).get(name))
        for name in names
        if (old or {}).get(name) != (new or {}).get(name)
    )
    if old is None:
        return RowChange(key, "new", fields)
    if new is None:
        return RowChange(key, "gone", fields)
    return RowChange(key, "changed", fields) if fields else None
