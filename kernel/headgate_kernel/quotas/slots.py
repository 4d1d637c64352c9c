"""How a limit is dealt out to slots, so that orders of one tenant need not wait for each other.

What the slots may use together never exceeds the limit, so each can be counted up by itself. Only when no
slot has room are all of them looked at together, and what is left is dealt out anew.
"""

from collections.abc import Sequence

import msgspec

SLOTS = 16
"""As many transactions of a tenant count at the same time without waiting."""


class Deal(msgspec.Struct, frozen=True):
    """Use and share of each slot; a share of None has no end."""

    used: tuple[int, ...]
    share: tuple[int | None, ...]


def deal(used: Sequence[int], amount: int, hard: int | None) -> Deal | None:
    """Count an amount and deal out what is left of the limit.

    Args:
        used: of each slot so far.
        amount: how many more; below zero gives back, but never more than was used.
        hard: what all slots may use together; None without a limit.

    Returns:
        The slots as they are then; None when the limit would be passed.
    """
    total = sum(used)
    if amount > 0 and hard is not None and total + amount > hard:
        return None
    counted = list(used)
    if amount >= 0:
        counted[0] += amount
    else:
        _give_back(counted, -amount)
    if hard is None:
        return Deal(tuple(counted), (None,) * len(counted))
    each, rest = divmod(max(0, hard - sum(counted)), len(counted))
    return Deal(
        tuple(counted),
        tuple(one + each + (1 if number < rest else 0) for number, one in enumerate(counted)),
    )


def _give_back(used: list[int], amount: int) -> None:
    for number, one in enumerate(used):
        taken = min(one, amount)
        used[number] -= taken
        amount -= taken
