"""Identifiers: made by the application, ordered by time, so that indexes grow at one end."""

from typing import NewType
from uuid import UUID

import uuid_utils.compat

TenantId = NewType("TenantId", int)
"""Number of a tenant; first in every key and every predicate."""


def new_id() -> UUID:
    """Make a new identifier (UUID version 7, RFC 9562)."""
    return uuid_utils.compat.uuid7()
