"""Cursors of keyset pages: where the last page ended, opaque to the reader."""

import base64
import binascii
from typing import TypeVar
from uuid import UUID

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

K = TypeVar("K")

MAX_PAGE = 200


def write_cursor(*key: object) -> str:
    """Write the sort key of the last row of a page."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str, key: type[K]) -> K:
    """Read a cursor back, e.g. as `tuple[str, UUID]`.

    Raises:
        Invalid: it is not one that we gave.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=key)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise Invalid(
            N_("This page address is damaged. Start again at the first page."), field="after"
        ) from None


def read_name_cursor(cursor: str) -> tuple[str, UUID]:
    """Read the cursor of a page by name and id."""
    key = read_cursor(cursor, _ByName)
    return key.name, key.id


class _ByName(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    name: str
    id: UUID


def page_size(limit: int) -> int:
    """Keep a requested page size within what one page may hold."""
    return max(1, min(limit, MAX_PAGE))
