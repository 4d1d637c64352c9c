"""Change the text of a blueprint only where something differs: its comments and its order stay."""

from collections.abc import Mapping, Sequence
from typing import Any

import tomlkit
from headgate_sdk.blueprint import Blueprint
from headgate_sdk.errors import Invalid
from tomlkit.items import AoT, Array, Comment, Item, Table, Whitespace

from headgate_kernel.identity.logins import fold_login
from headgate_kernel.tenancy.blueprints.comparing import KEYS, RowChange, SectionChange
from headgate_kernel.tenancy.blueprints.toml_text import told_fields

_SETS = {"permissions", "roles"}
"""Lists whose order says nothing: only what is new or gone is touched."""

Rows = AoT | Array


def patched(text: str, changes: Sequence[SectionChange], live: Blueprint) -> str:
    """Give the text of a blueprint with what differs taken over.

    Args:
        text: of the file.
        changes: from what the file says to what is there.
        live: what is there.
    """
    document = tomlkit.parse(text)
    for change in changes:
        if change.section == "plan":
            document["plan"] = live.plan
        elif change.section == "profile":
            _set_fields(document["profile"], change.rows[0])
        elif change.section == "plugins":
            _plugins(document["plugins"]["enabled"], change)
        elif change.section in {"settings", "flow"}:
            _tables(document, change, live)
        else:
            _rows(document, change, live)
    return tomlkit.dumps(document)


def _plugins(enabled: Array, change: SectionChange) -> None:
    for row in change.rows:
        if row.kind == "new":
            _add(enabled, row.key)
        elif row.key in enabled:
            del enabled[list(enabled).index(row.key)]


def _tables(document: tomlkit.TOMLDocument, change: SectionChange, live: Blueprint) -> None:
    section: Any = document.setdefault(change.section, tomlkit.table(is_super_table=True))
    for row in change.rows:
        if row.kind == "gone":
            section.pop(row.key, None)
            continue
        values: Mapping[str, Any] = (
            live.settings[row.key]
            if change.section == "settings"
            else {"steps": [], **told_fields(live.flow[row.key])}
        )
        table: Any = section.setdefault(row.key, tomlkit.table())
        for name in [name for name in table if name not in values]:
            del table[name]
        for field in row.fields:
            if field.name in values:
                _set(table, field.name, values[field.name])


def _rows(document: tomlkit.TOMLDocument, change: SectionChange, live: Blueprint) -> None:
    wanted = {_name(change.section, told_fields(one)): one for one in getattr(live, change.section)}
    rows: Any = document.setdefault(change.section, tomlkit.aot())
    for row in change.rows:
        place = next((n for n, one in enumerate(rows) if _name(change.section, one) == row.key), None)
        if row.kind == "gone" and place is not None:
            _remove(rows, place)
        elif row.kind == "new":
            table: Any = tomlkit.table() if isinstance(rows, AoT) else tomlkit.inline_table()
            for name, value in told_fields(wanted[row.key]).items():
                _set(table, name, value)
            rows.append(table)
        elif place is not None:
            values = told_fields(wanted[row.key])
            for field in row.fields:
                if field.name in values:
                    _set(rows[place], field.name, values[field.name])
                elif field.name in rows[place]:
                    del rows[place][field.name]
    if change.section == "attributes":
        _in_order(document, rows, list(wanted))


def _in_order(document: tomlkit.TOMLDocument, rows: Rows, order: list[str]) -> None:
    """Put attributes into the order in which they are shown; those of a category keep its places."""
    names = [_name("attributes", one) for one in rows]
    if [name for name in order if name in names] == names:
        return
    items = sorted(rows, key=lambda one: order.index(_name("attributes", one)))
    fresh: Any = tomlkit.aot() if isinstance(rows, AoT) else tomlkit.array()
    for item in items:
        fresh.append(item)
    document["attributes"] = fresh


def _name(section: str, row: Mapping[str, Any]) -> str:
    """Give by what a row is told apart, as `comparing.sections` does."""
    if section == "attributes":
        return f"{row['category']}/{row['key']}"
    name = str(row[KEYS[section]])
    if section != "people":
        return name
    try:
        return fold_login(name)
    except Invalid:
        return name


def _set_fields(table: Any, row: RowChange) -> None:
    for field in row.fields:
        _set(table, field.name, field.after)


def _set(table: Any, name: str, value: Any) -> None:
    """Set a field; of a list that says no order, only what differs."""
    there = table.get(name)
    if name in _SETS and isinstance(there, Array) and isinstance(value, list):
        for gone in [one for one in there if one not in value]:
            del there[list(there).index(gone)]
        for one in value:
            if one not in there:
                _add(there, one)
    else:
        table[name] = _item(value)


def _item(value: Any) -> Item:
    item: Item = tomlkit.item(value)
    if isinstance(item, Array) and len(item.as_string()) > 90:
        item.multiline(multiline=True)
    return item


def _add(items: Array, value: Any) -> None:
    """Append to a list, on a line of its own where the others are."""
    if "\n" in items.as_string():
        items.add_line(value, indent="    ")
    else:
        items.append(value)


def _remove(rows: Any, place: int) -> None:
    """Take a row away; what is written behind its last field belongs to the row that follows."""
    if isinstance(rows, AoT) and place:
        body = rows[place].value.body
        last = max((n for n, (key, _) in enumerate(body) if key is not None), default=-1)
        behind = [item for _, item in body[last + 1 :]]
        if any(isinstance(item, Comment) for item in behind):
            before: Table = rows[place - 1]
            for item in behind:
                if isinstance(item, Comment | Whitespace):
                    before.add(item)
    del rows[place]
