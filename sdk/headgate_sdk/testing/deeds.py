"""Finds the names of deeds that code writes to the audit log."""

import ast
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

WRITERS = {"audit": 0, "append_entry": 1, "note_deed": 1, "record": 4, "append_platform_entry": None}
"""Functions that write, with the place of the deed's name among their arguments."""


def deeds_of(package: str) -> dict[str, str]:
    """Give the actions that a package's code names, each with where it is written.

    Args:
        package: import name.
    """
    found: dict[str, str] = {}
    folder = Path(str(files(package)))
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                for action in _actions(node):
                    found.setdefault(action, f"{path.relative_to(folder)}:{node.lineno}")
    return found


def _actions(call: ast.Call) -> Iterator[str]:
    function = call.func
    name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
    if name not in WRITERS:
        return
    place = WRITERS[name]
    given = [keyword.value for keyword in call.keywords if keyword.arg == "action"]
    if place is not None and len(call.args) > place:
        given.append(call.args[place])
    for one in given:
        yield from (text for text in _texts(one) if "." in text)


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return []
