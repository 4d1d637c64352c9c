"""Lets requests through, from what this worker has taken of their tenants' shares.

The usual request costs no query and waits for nothing: a few are taken beforehand, and more in the background
before they run out. One that finds nothing asks once, together with all that wait beside it. A tenant that
sends more than it may is refused from memory until there can be something again.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from headgate_sdk.errors import TooManyRequests
from headgate_sdk.i18n import N_

from headgate_kernel.limits.api_count import ApiCount
from headgate_kernel.limits.holding import Holding
from headgate_kernel.limits.keeper import Keeper, StateUnknown

if TYPE_CHECKING:
    from headgate_kernel.database.database import Databases
    from headgate_kernel.tenancy.directory import Tenant

WAIT_SECONDS = 2.0
"""A request waits so long for a slot before it is refused: a page asks for its pictures all at once."""

ASK_AGAIN_SECONDS = 0.1

Leave = Callable[[], None]


class Limits:
    """Admits requests.

    Args:
        databases: of the process.
        on: whether anything is limited and counted at all.
    """

    def __init__(self, databases: "Databases", *, on: bool = True) -> None:
        self._on = on
        self.keeper = Keeper(databases)
        self.api = ApiCount(databases)

    async def stop(self) -> None:
        """Give everything back, and write down what was counted."""
        await self.keeper.stop()
        await self.api.stop()

    async def admit(self, tenant: "Tenant", *, critical: bool = False, api: bool = False) -> Leave:
        """Let a request begin.

        Args:
            tenant: whose host was asked.
            critical: it may use the share that is kept for requests which must not wait.
            api: it is one of the JSON API, which plans count.

        Returns:
            To be called when the request has ended.

        Raises:
            TooManyRequests: more than the plan gives; says when to try again.
            QuotaExceeded: the month's API requests are used up.
        """
        if not (self._on and tenant.plan):
            return _nothing
        if api:
            self.api.note(tenant)
        limits = tenant.terms.requests
        if limits is None:
            return _nothing
        now = time.monotonic()
        holding = self.keeper.holding(tenant.info.id, limits, now)
        holding.arrived(now)
        if not holding.begin(critical=critical):
            return await self._wait(holding, critical=critical)
        if holding.is_low() and now >= holding.empty_until:
            self.keeper.ask_soon(holding)
        return holding.leave

    async def _wait(self, holding: Holding, *, critical: bool) -> Leave:
        """Ask for more; wait for a slot where only that is lacking."""
        until = time.monotonic() + WAIT_SECONDS
        while (now := time.monotonic()) < until:
            if not critical and not holding.tokens and now < holding.empty_until:
                break
            try:
                leave = await (self._try_critical(holding) if critical else self._try(holding))
            except StateUnknown:
                # what needs the database fails by itself; limits are there for neighbours, not for outages
                return _nothing
            if leave is not None:
                return leave
        raise _refusal(holding, now)

    async def _try(self, holding: Holding) -> Leave | None:
        await self.keeper.ask(holding)
        if not holding.begin():
            if not holding.tokens:
                return None
            if len(holding.waiting) >= holding.limits.at_once:
                raise _refusal(holding, time.monotonic())
            await _wait_in(holding.waiting)
            if not holding.begin():
                return None
        return holding.leave

    async def _try_critical(self, holding: Holding) -> Leave | None:
        holding.critical_waiting += 1
        try:
            await self.keeper.ask(holding)
            leave = self._begin_critical(holding)
            if leave is None:
                await _wait_in(holding.critical_queue)
                leave = self._begin_critical(holding)
            return leave
        finally:
            holding.critical_waiting -= 1

    def _begin_critical(self, holding: Holding) -> Leave | None:
        if holding.begin(critical=True):
            return holding.leave
        return partial(self._leave_critical, holding) if holding.begin_critical() else None

    def _leave_critical(self, holding: Holding) -> None:
        """End a request in a slot that was taken for it alone; unless somebody needs it, give it back."""
        if not holding.leave_critical():
            self.keeper.tell(holding)


async def _wait_in(queue: deque[asyncio.Future[None]]) -> None:
    """Wait for a slot, for a moment."""
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    queue.append(future)
    try:
        await asyncio.wait({future}, timeout=ASK_AGAIN_SECONDS)
    finally:
        if not future.done():
            queue.remove(future)


def _refusal(holding: Holding, now: float) -> TooManyRequests:
    seconds = max(1, round(holding.empty_until - now + 0.5))
    return TooManyRequests(
        N_("There are more requests at once than this system takes. Please wait a moment and try again."),
        retry_after=seconds,
    )  # fmt: skip


def _nothing() -> None:
    """End a request that was not counted."""
