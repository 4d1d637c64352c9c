"""Makes an entry's details readable: what it was before and after, and whatever else was written."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from headgate_sdk.i18n import N_

from headgate_kernel.audit.entries import Entry
from headgate_kernel.audit.words import DETAILS

LONGEST = 300
WORD = re.compile(r"[a-z]+(_[a-z]+)*")
MINOR = frozenset({"user_agent"})
"""Details that are shown only to who asks for all."""
Translate = Callable[[str], str]


class Line(msgspec.Struct, frozen=True):
    """One thing that an entry tells.

    Args:
        name: of it; empty where the entry is about one thing only.
        before: how it was; None where only a value is told.
        after: how it is, or the value.
        minor: shown only to who asks for all.
    """

    name: str
    before: str | None
    after: str
    minor: bool = False


def lines_of(entry: Entry, translate: Translate) -> list[Line]:
    """Give what an entry tells, changes first; values that stayed as they were are left out.

    Args:
        entry: the entry.
        translate: into the reader's language.
    """
    details = msgspec.json.decode(entry.details)
    if not isinstance(details, dict):
        return [Line("", None, value_text(details, translate))]
    lines = _changes(details, translate)
    for name, value in details.items():
        if name not in {"before", "after"} and not _is_nothing(value):
            words = value_text(value, translate)
            lines.append(Line(_name(name, translate), None, words, minor=name in MINOR))
    return lines


def value_text(value: Any, translate: Translate) -> str:
    """Write a value of JSON for people, in one line."""
    if _is_nothing(value):
        return "–"
    if isinstance(value, bool):
        return translate(N_("Yes") if value else N_("No"))
    if isinstance(value, list):
        text = ", ".join(value_text(one, translate) for one in value)
    elif isinstance(value, dict):
        text = "; ".join(
            f"{_name(name, translate)}: {value_text(one, translate)}" for name, one in value.items()
        )
    else:
        text = str(value)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _is_nothing(value: Any) -> bool:
    return value is None or (isinstance(value, str | list | dict) and not value)


def _changes(details: Mapping[str, Any], translate: Translate) -> list[Line]:
    if "before" not in details and "after" not in details:
        return []
    before, after = details.get("before"), details.get("after")
    if not isinstance(before, dict) and not isinstance(after, dict):
        return [Line("", value_text(before, translate), value_text(after, translate))]
    was = before if isinstance(before, dict) else {}
    now = after if isinstance(after, dict) else {}
    return [
        Line(
            _name(name, translate),
            value_text(was.get(name), translate) if was else None,
            value_text(now.get(name), translate),
        )
        for name in dict.fromkeys((*was, *now))
        if was.get(name) != now.get(name)
    ]


def _name(name: str, translate: Translate) -> str:
    """Name a detail: by the kernel's words, by those that some plugin has for it, or as it is written."""
    if name in DETAILS:
        return translate(DETAILS[name])
    return translate(name.replace("_", " ").capitalize()) if WORD.fullmatch(name) else name
