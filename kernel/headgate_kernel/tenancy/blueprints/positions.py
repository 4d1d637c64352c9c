"""Where each key and value of a TOML document stands, so that an error can name line and column.

The document has been read by `tomllib` before, so it is known to be well-formed: this only walks over it.
"""

import re
import tomllib
from collections.abc import Iterator

import msgspec

from headgate_kernel.tenancy.shape import Path

_SPACE = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRINGS = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r'"""(?:\\.|[^\\])*?"{3,5}', r"'''.*?'{3,5}", r'"(?:\\.|[^"\\])*"', r"'[^']*'",
    )
)  # fmt: skip
_SCALAR = re.compile(r"[^,\]}#\r\n]+")


class Position(msgspec.Struct, frozen=True):
    """A place in a text; both count from 1."""

    line: int
    column: int


class Positions:
    """Places in one document.

    Args:
        text: of the document, which is well-formed TOML.
    """

    def __init__(self, text: str) -> None:
        self._text = text
        self._keys: dict[Path, int] = {}
        self._values: dict[Path, int] = {}
        for path, key_at, value_at in _Walk(text).places():
            self._keys.setdefault(path, key_at)
            self._values.setdefault(path, value_at)

    def of(self, path: Path) -> Position:
        """Give the place of a value, or of the nearest table or list around it that is written down."""
        for length in range(len(path), 0, -1):
            found = self._values.get(path[:length])
            if found is not None:
                return self._position(found)
        return Position(1, 1)

    def of_key(self, path: Path) -> Position:
        """Give the place of a key, for errors that are about its name."""
        found = self._keys.get(path)
        return self.of(path) if found is None else self._position(found)

    def paths(self) -> set[Path]:
        """Give every path that has a place."""
        return set(self._values)

    def _position(self, at: int) -> Position:
        before = self._text[:at]
        return Position(before.count("\n") + 1, at - (before.rfind("\n") + 1) + 1)


class _Walk:
    """One walk through a document, from its beginning to its end."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._tables: dict[Path, int] = {}

    def places(self) -> Iterator[tuple[Path, int, int]]:
        """Give path, place of the key and place of the value, in the order of the document."""
        table: Path = ()
        while True:
            self._pass(_BLANK)
            if self._at >= len(self._text):
                return
            start = self._at
            if self._text.startswith("[[", start):
                self._at += 2
                name = self._inside(self._key())
                number = self._tables[name] = self._tables.get(name, -1) + 1
                table = (*name, number)
                self._at += 2
                yield from ((table[:length], start, start) for length in range(1, len(table) + 1))
            elif self._text[start] == "[":
                self._at += 1
                table = self._inside(self._key())
                self._at += 1
                yield from ((table[:length], start, start) for length in range(1, len(table) + 1))
            else:
                yield from self._pair(table)

    def _inside(self, name: Path) -> Path:
        """Lead a table's name through the last elements of the lists of tables on its way."""
        path: Path = ()
        for place, part in enumerate(name):
            path = (*path, part)
            if place < len(name) - 1 and path in self._tables:
                path = (*path, self._tables[path])
        return path

    def _pair(self, table: Path) -> Iterator[tuple[Path, int, int]]:
        key_at = self._at
        name = self._key()
        self._at += 1  # the sign of equality
        self._pass(_SPACE)
        path = (*table, *name)
        yield from ((path[:length], key_at, key_at) for length in range(len(table) + 1, len(path)))
        yield path, key_at, self._at
        yield from self._value(path)

    def _key(self) -> Path:
        parts: list[str] = []
        while True:
            self._pass(_SPACE)
            quote = self._text[self._at]
            raw = self._take(_STRINGS["\"'".index(quote) + 2] if quote in "\"'" else _BARE_KEY)
            parts.append(next(iter(tomllib.loads(f"{raw}=0"))))
            self._pass(_SPACE)
            if self._text[self._at] != ".":
                return tuple(parts)
            self._at += 1

    def _value(self, path: Path) -> Iterator[tuple[Path, int, int]]:
        first = self._text[self._at]
        if first == "[":
            yield from self._list(path)
        elif first == "{":
            yield from self._inline_table(path)
        elif first in "\"'":
            self._take(next(string for string in _STRINGS if string.match(self._text, self._at)))
        else:
            self._pass(_SCALAR)

    def _list(self, path: Path) -> Iterator[tuple[Path, int, int]]:
        self._at += 1
        number = 0
        while True:
            self._pass(_BLANK)
            if self._text[self._at] == "]":
                break
            if self._text[self._at] == ",":
                self._at += 1
                continue
            yield (*path, number), self._at, self._at
            yield from self._value((*path, number))
            number += 1
        self._at += 1

    def _inline_table(self, path: Path) -> Iterator[tuple[Path, int, int]]:
        self._at += 1
        while True:
            self._pass(_BLANK)
            if self._text[self._at] == "}":
                break
            if self._text[self._at] == ",":
                self._at += 1
                continue
            yield from self._pair(path)
        self._at += 1

    def _pass(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        if found is not None:
            self._at = found.end()

    def _take(self, pattern: re.Pattern[str]) -> str:
        found = pattern.match(self._text, self._at)
        assert found is not None, f"not TOML at {self._at}"
        self._at = found.end()
        return found.group()
