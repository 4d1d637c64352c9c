"""What one worker has taken of one tenant's requests, and which of them are under way."""

import asyncio
import time
from collections import deque

from headgate_sdk.ids import TenantId

from headgate_kernel.limits.state import Ask, Grant
from headgate_kernel.tenancy.plan_terms import RequestLimits

SLICES = 16
"""A worker takes at most this part of a burst at once, so that there is something left for the others."""

FIRST_TOKENS = 4
AHEAD_SECONDS = 0.25
"""For how long the tokens that a worker takes should last, judged by what came just before."""

RECENT_SECONDS = 0.5


class Holding:
    """A worker's part of a tenant's requests; one event loop works on it, so nothing here waits.

    Args:
        tenant_id: whose.
        limits: of the plan.

    Attributes:
        tokens: requests that may begin.
        slots: ordinary requests that may be under way.
        used: ordinary requests that are.
        critical: critical requests under way in slots of their own.
        let_in: critical requests that may begin in such slots.
        waiting: ordinary requests that wait for a slot.
        critical_waiting: how many critical requests wait, for whatever.
        critical_queue: those of them that wait for a slot.
        empty_until: until then there are no tokens for ordinary requests; monotonic seconds.
        idle_since: when the last request came.
        asked: the exchange with the shared state that is under way.
        again: something changed since it began that the others should know soon.
    """

    __slots__ = (
        "_before", "_low", "_recent", "_recent_since", "again", "asked", "critical", "critical_queue",
        "critical_waiting", "empty_until", "idle_since", "let_in", "limits", "slots", "tenant_id", "tokens",
        "used", "waiting",
    )  # fmt: skip

    def __init__(self, tenant_id: TenantId, limits: RequestLimits) -> None:
        self.tenant_id = tenant_id
        self.limits = limits
        self.tokens = self.slots = self.used = 0
        self.critical = self.let_in = self.critical_waiting = 0
        self.waiting: deque[asyncio.Future[None]] = deque()
        self.critical_queue: deque[asyncio.Future[None]] = deque()
        self.empty_until = 0.0
        self.idle_since = time.monotonic()
        self.asked: asyncio.Task[bool] | None = None
        self.again = False
        self._recent = self._before = self._low = 0
        self._recent_since = self.idle_since

    # -- requests ------------------------------------------------------------------------------------------

    def begin(self, *, critical: bool = False) -> bool:
        """Let a request begin, if it has a token and a slot; no ordinary one while critical ones wait."""
        if self.tokens > 0 and self.used < self.slots and (critical or not self.critical_waiting):
            self.tokens -= 1
            self.used += 1
            return True
        return False

    def leave(self) -> None:
        """End an ordinary request; one that waits for its slot goes on."""
        self.used -= 1
        self.wake()

    def begin_critical(self) -> bool:
        """Let a critical request begin in a slot that was taken for it."""
        if self.let_in > 0:
            self.let_in -= 1
            self.critical += 1
            return True
        return False

    def leave_critical(self) -> bool:
        """End such a request; tells whether another one goes on in its slot."""
        self.critical -= 1
        if self.tokens > 0 and self.critical_waiting > self.let_in:
            self.tokens -= 1
            self.let_in += 1
            self.wake()
            return True
        return False

    def wake(self) -> None:
        """Let as many of those that wait look again as there are slots, critical ones first."""
        free = self.slots - self.used + self.let_in
        for queue in (self.critical_queue, self.waiting):
            while queue and free > 0:
                future = queue.popleft()
                if not future.done():
                    future.set_result(None)
                    free -= 1

    def arrived(self, now: float) -> None:
        """Note that a request came, to know how many tokens to take ahead."""
        if now - self._recent_since > RECENT_SECONDS:
            self._before = self._recent if now - self._recent_since < 2 * RECENT_SECONDS else 0
            self._recent, self._recent_since = 0, now
        self._recent += 1
        self.idle_since = now

    # -- exchange with the shared state --------------------------------------------------------------------

    @property
    def wanted_tokens(self) -> int:
        """Tokens that should be at hand: as many as come in a moment, within reason."""
        coming = int(max(self._recent, self._before) * AHEAD_SECONDS / RECENT_SECONDS)
        return max(1, min(self.limits.burst // SLICES, max(coming, FIRST_TOKENS)))

    def is_low(self) -> bool:
        """Tell whether it is time to take tokens ahead of need."""
        return self.tokens <= self._low

    def ask(self, *, give_back: bool = False) -> Ask:
        """Say what is at hand and what is wanted; what is given back is gone from this moment on.

        Tokens are given back only where no request has come lately.
        """
        want = 0 if give_back else max(0, self.wanted_tokens - self.tokens)
        idle = time.monotonic() - self.idle_since > RECENT_SECONDS
        kept = 0 if give_back and idle else self.tokens
        self.let_in = min(self.let_in, self.critical_waiting)
        returned, self.tokens = self.tokens - kept, kept
        if give_back:
            self.slots = self.used
        needed = max(0, self.used + len(self.waiting) - self.slots)
        if not needed and not give_back and self.used >= self.slots:
            needed = 1
        return Ask(
            tokens=kept, returned=returned, slots=self.slots, critical=self.critical + self.let_in,
            want_tokens=want, want_slots=needed, spare_slots=0 if give_back else max(1, self.used),
            want_critical=max(0, self.critical_waiting - self.let_in),
        )  # fmt: skip

    def receive(self, grant: Grant, *, now: float) -> None:
        """Take in what came back; requests have begun and ended since it was asked for."""
        self._low = self.wanted_tokens // 4
        self.tokens += grant.tokens
        self.slots = grant.slots
        self.let_in += grant.critical
        if grant.wait:
            self.empty_until = now + min(1.0, max(0.05, grant.wait))
        self.wake()

    def has_room(self) -> bool:
        """Tell whether a request that waits could begin."""
        return (self.tokens > 0 and self.used < self.slots) or self.let_in > 0

    def has_surplus(self, now: float) -> bool:
        """Tell whether something is held that no request needs just now."""
        return self.slots > self.used or (self.tokens > 0 and now - self.idle_since > RECENT_SECONDS)

    def change(self, limits: RequestLimits) -> None:
        """Go on under other limits; what was taken under the old ones is not used any more."""
        if limits != self.limits:
            self.tokens, self.slots, self.empty_until = 0, self.used, 0.0
        self.limits = limits

    def drop(self) -> None:
        """Forget what was taken: others count it as theirs. Requests under way end as they may."""
        self.tokens = self.slots = self.let_in = 0

    def is_quiet(self, now: float, seconds: float) -> bool:
        """Tell whether nothing has come for some time and nothing is under way."""
        return (
            now - self.idle_since > seconds
            and not self.used and not self.critical and not self.waiting and not self.critical_waiting
        )  # fmt: skip
