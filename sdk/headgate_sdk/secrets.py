"""Values that nobody reads back: a type that never shows them, and the columns where they are kept sealed.

A column of a plugin's table that holds a sealed value is declared in its manifest (`Manifest.sealed`): what
is not declared cannot be sealed, so that changing the keys misses nothing.
"""

import hmac
from typing import NoReturn

import msgspec

MASK = "••••"


class Secret:
    """A password, key or token on its way through the program.

    It shows as dots wherever it is printed, logged, formatted or sent; only `reveal` gives the value. As a
    field of an API's input it is read from a string; in an answer it stands as dots, so it can be written but
    not read back.

    Args:
        value: the text that must not be shown.
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Give the value, at the one place that needs it."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret('{MASK}')"

    def __str__(self) -> str:
        return MASK

    def __format__(self, _: str) -> str:
        return MASK

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    __hash__ = None  # type: ignore[assignment]  # a table of hashes would tell equal ones apart

    def __reduce__(self) -> NoReturn:
        raise TypeError("A secret is not pickled: seal it with ctx.seal, or hand over where it is kept.")


class SealedColumn(msgspec.Struct, frozen=True):
    """A `bytea` column whose values are sealed, each for its own row.

    Args:
        table: name.
        column: name.
        key: the columns that, with `tenant_id`, name a row; their values make the row's part of a place.
        platform: the table is not a tenant's, and its values are sealed for the platform (tenant 0).
    """

    table: str
    column: str
    key: tuple[str, ...] = ("id",)
    platform: bool = False

    def place(self, *key: object) -> str:
        """Say where a value stands: `table:column:row`, several key columns joined by `/`."""
        return f"{self.table}:{self.column}:{'/'.join(str(part) for part in key)}"
