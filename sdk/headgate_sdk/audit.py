"""Details for `ctx.audit` where one deed changes many things: prices of a list, rows of a file."""

from collections.abc import Iterable, Mapping

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
        "before": {name: was for name, was, _ in told if was is not None} or None,
        "after": {name: now for name, _, now in told if now is not None} or None,
    }
    if len(differing) > most:
        details["more"] = len(differing) - most
    return details


def field_changes(
    key: str, before: Mapping[str, object] | None, after: Mapping[str, object] | None
) -> list[tuple[str, object, object]]:
    """Give the changes of one thing's fields, each named by the thing and the field, for `many_changes`.

    Args:
        key: name of the thing.
        before: its fields as they were; None where it is new.
        after: its fields as they are; None where it is gone.
    """
    was, now = before or {}, after or {}
    return [(f"{key} {name}", was.get(name), now.get(name)) for name in dict.fromkeys((*was, *now))]
