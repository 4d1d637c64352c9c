"""Finds the names of deeds that code writes to the audit log."""

import ast
import re
from importlib.resources import files
from pathlib import Path

WRITERS = {"audit", "append_entry", "append_platform_entry", "note_deed", "record"}
NAME = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_]+)+")


def deeds_of(package: str) -> dict[str, str]:
    """Give the actions that a package writes, each with where it is written."""
    found: dict[str, str] = {}
    folder = Path(str(files(package)))
    for path in sorted(folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in WRITERS:
                given = [*node.args[:5], *(k.value for k in node.keywords if k.arg == "action")]
                for constant in (inner for one in given for inner in _texts(one)):
                    if NAME.fullmatch(constant):
                        found.setdefault(constant, f"{path.relative_to(folder)}:{node.lineno}")
    return found


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _texts(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    if isinstance(node, ast.IfExp):
        return _texts(node.body) + _texts(node.orelse)
    return []
