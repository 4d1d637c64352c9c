"""What all workers share of a tenant's requests, and how one worker takes its part of it.

Tokens are the right to begin a request. They come at the plan's rate, and what is not used is kept up to its
burst. Slots are the right to have a request under way. A worker takes some of both beforehand, so what it has
taken counts as gone here until it says what became of it. Requests that must not wait, such as placing an
order, may take the last share of both; no other may.

Pure: the caller reads, locks and writes the state.
"""

import math
from collections.abc import Collection

import msgspec

from headgate_kernel.tenancy.plan_terms import CRITICAL_SHARE, RequestLimits


class Hold(msgspec.Struct, frozen=True, array_like=True):
    """What a worker has taken.

    Args:
        tokens: not spent, as far as it has said.
        slots: of any request.
        critical: slots of critical requests under way.
    """

    tokens: int = 0
    slots: int = 0
    critical: int = 0


class Shared(msgspec.Struct, frozen=True):
    """What is left of a tenant's requests.

    Args:
        tokens: that nobody has taken.
        at: when that was so, in seconds.
        holds: by worker.
    """

    tokens: float
    at: float
    holds: dict[str, Hold] = {}


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says it has and wants.

    Args:
        tokens: that it keeps, unspent.
        returned: tokens that it gives back.
        slots: that it keeps: those in use, and perhaps some more.
        critical: slots of its critical requests under way.
        want_tokens: so many more.
        want_slots: so many more, for requests that wait.
        spare_slots: so many beyond, if there are plenty.
        want_critical: critical requests that wait, for a token and a slot each.
    """

    tokens: int = 0
    returned: int = 0
    slots: int = 0
    critical: int = 0
    want_tokens: int = 0
    want_slots: int = 0
    spare_slots: int = 0
    want_critical: int = 0


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker gets.

    Args:
        tokens: more.
        slots: that it has then, those that it kept among them.
        critical: critical requests that may go.
        wait: seconds until there can be a token again; 0 when all that was wanted was there.
        short: something that is needed now was not there.
    """

    tokens: int
    slots: int
    critical: int
    wait: float
    short: bool


def take(
    shared: Shared, limits: RequestLimits, worker: str, ask: Ask, *, alive: Collection[str], now: float
) -> tuple[Shared, Grant]:
    """Take a worker's part.

    Args:
        shared: as it is.
        limits: of the tenant's plan.
        worker: who asks.
        ask: what it says and wants.
        alive: workers that still give signs of life; what others hold is free again.
        now: seconds, by the clock of the database.

    Returns:
        The state as it is then, and what the worker gets.
    """
    holds = {name: hold for name, hold in shared.holds.items() if name in alive and name != worker}
    mine = shared.holds.get(worker, Hold())
    kept = min(ask.tokens, mine.tokens)
    returned = min(ask.returned, mine.tokens - kept)
    # held tokens are part of the burst, else a pause would give the burst again on top of them
    room = limits.burst - mine.tokens - sum(hold.tokens for hold in holds.values())
    tokens = min(max(0.0, room), shared.tokens + limits.per_second * max(0.0, now - shared.at)) + returned

    free_slots = limits.at_once - ask.slots - ask.critical - sum(h.slots + h.critical for h in holds.values())
    critical = max(0, min(ask.want_critical, int(tokens), free_slots))
    tokens -= critical

    floor = min(limits.burst - 1, CRITICAL_SHARE * limits.burst)
    granted = max(0, min(ask.want_tokens, int(tokens - floor)))
    tokens -= granted

    slots, enough = _slots(limits, ask, sum(h.slots for h in holds.values()), free_slots - critical)
    hold = Hold(kept + granted, slots, ask.critical + critical)
    if hold != Hold():
        holds[worker] = hold
    lacking = 0.0 if granted or not ask.want_tokens else floor + 1 - tokens
    grant = Grant(
        tokens=granted, slots=slots, critical=critical, wait=max(0.0, lacking / limits.per_second),
        short=not enough or lacking > 0 or critical < ask.want_critical,
    )  # fmt: skip
    return Shared(tokens, max(now, shared.at), holds), grant


def _slots(limits: RequestLimits, ask: Ask, others: int, free: int) -> tuple[int, bool]:
    """Give the slots that the worker has then, and whether they are as many as it needs."""
    most = limits.at_once - reserved_slots(limits)
    more = max(0, min(ask.want_slots, free, most - others - ask.slots))
    slots = ask.slots + more
    plenty = most // 2 - others - slots
    spare = max(0, min(ask.spare_slots, free - more, plenty))
    return slots + spare, more == ask.want_slots


def reserved_slots(limits: RequestLimits) -> int:
    """Give the slots that only critical requests may take; one is left for the others in any case."""
    return min(limits.at_once - 1, math.ceil(CRITICAL_SHARE * limits.at_once))
