"""How long a session lasts: all numbers in one place (docs/operators.md lists them)."""

from datetime import timedelta

import msgspec


class SessionLimits(msgspec.Struct, frozen=True):
    """When a session ends by itself.

    Args:
        idle: after so long without a request.
        absolute: so long after it was opened, whatever happens in it.
    """

    idle: timedelta
    absolute: timedelta


OPERATOR = SessionLimits(idle=timedelta(hours=1), absolute=timedelta(hours=12))
STAFF = SessionLimits(idle=timedelta(days=1), absolute=timedelta(days=7))
CUSTOMER = SessionLimits(idle=timedelta(days=30), absolute=timedelta(days=90))
IMPERSONATION = SessionLimits(idle=timedelta(minutes=30), absolute=timedelta(hours=1))
PENDING = SessionLimits(idle=timedelta(minutes=10), absolute=timedelta(minutes=10))
"""Between the first factor and the second."""

RECENT = timedelta(minutes=10)
"""How long a proof of who somebody is counts for what needs one (route option `recent`)."""


def limits_of(kind: str | None, *, impersonated: bool = False) -> SessionLimits:
    """Give the limits for a kind of membership; None is the operator's console."""
    if impersonated:
        return IMPERSONATION
    if kind is None:
        return OPERATOR
    return CUSTOMER if kind == "customer" else STAFF
