"""Details for `ctx.audit` where one deed changes many things: prices of a list, rows of a file."""

from collections.abc import Iterable
from decimal import Decimal

MOST = 20
"""Things that one entry tells by name; the rest is counted."""


def many_changes(changes: Iterable[tuple[str, object, object]], *, most: int = MOST) -> dict[str, object]:
    """Tell what things were before and are after, as `ctx.audit` takes it.

        await ctx.audit("shop.prices.set", "retail", **many_changes([("A-01 box", "16.50", "15.20")]))

    Args:
        changes: name, value before and value after; None where there was or is none, and what is alike is
            left out.
        most: changes that are told by name.
    """
    differing = [(name, was, now) for name, was, now in changes if was != now]
    told = differing[:most]
    details: dict[str, object] = {
        "before": {name: _plain(was) for name, was, _ in told if was is not None} or None,
        "after": {name: _plain(now) for name, _, now in told if now is not None} or None,
    }
    if len(differing) > most:
        details["more"] = len(differing) - most
    return details


def _plain(value: object) -> object:
    """Write an exact number without the zeros that its column adds."""
    return f"{value.normalize():f}" if isinstance(value, Decimal) and value.is_finite() else value
