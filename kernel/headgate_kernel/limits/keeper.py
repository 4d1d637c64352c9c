"""Keeps what a worker has taken in step with the shared state: takes more, gives back, says that it lives."""

import asyncio
import logging
import time
from collections.abc import Sequence
from contextlib import suppress
from contextvars import Context
from typing import TYPE_CHECKING

from headgate_sdk.errors import HeadgateError
from headgate_sdk.ids import TenantId, new_id

from headgate_kernel.database.pool import CONNECTION_ERRORS
from headgate_kernel.limits.holding import Holding
from headgate_kernel.limits.store import ALIVE_SECONDS, Request, beat, exchange, pressed, retire
from headgate_kernel.tenancy.plan_terms import RequestLimits

if TYPE_CHECKING:
    from headgate_kernel.database.database import Databases

log = logging.getLogger(__name__)

TICK_SECONDS = 0.5
BEAT_SECONDS = 2.0
QUIET_SECONDS = 60.0
"""After so long without a request everything taken for a tenant is given back."""

TROUBLE = (*CONNECTION_ERRORS, HeadgateError)


class StateUnknown(Exception):
    """The shared state cannot be asked just now."""


class Keeper:
    """A worker's holdings, and the task that looks after them.

    Args:
        databases: of the process.
    """

    def __init__(self, databases: "Databases") -> None:
        self._databases = databases
        self._holdings: dict[TenantId, Holding] = {}
        self._worker = new_id()
        self._valid_until = 0.0
        self._beat_at = 0.0
        self._beating = asyncio.Lock()
        self._ticking: asyncio.Task[None] | None = None

    def holding(self, tenant_id: TenantId, limits: RequestLimits, now: float) -> Holding:
        """Give what is held for a tenant, under the limits that it has now."""
        if now > self._valid_until and self._valid_until:
            self._lose_all()
        holding = self._holdings.get(tenant_id)
        if holding is None:
            holding = self._holdings[tenant_id] = Holding(tenant_id, limits)
        elif holding.limits is not limits:
            holding.change(limits)
        return holding

    async def ask(self, holding: Holding) -> None:
        """Take more for a holding; what was asked for before is waited for, and may be enough.

        Raises:
            StateUnknown: the database does not answer.
        """
        if holding.asked is not None:
            await self._finished(holding.asked)
            if holding.has_room():
                return
        await self._finished(holding.asked or self._start([holding]))

    def ask_soon(self, holding: Holding) -> None:
        """Take more in the background, if nothing is under way."""
        if holding.asked is None:
            self._start([holding])

    def tell(self, holding: Holding) -> None:
        """Tell the others soon of what changed, also when an exchange is under way."""
        if holding.asked is None:
            self._start([holding])
        else:
            holding.again = True

    async def stop(self) -> None:
        """Give everything back."""
        ticking, self._ticking = self._ticking, None
        if ticking is not None:
            ticking.cancel()
            with suppress(asyncio.CancelledError):
                await ticking
        for asked in [holding.asked for holding in self._holdings.values() if holding.asked]:
            await asyncio.wait({asked})
        used, self._valid_until = bool(self._valid_until), 0.0
        self._holdings.clear()
        if used:
            try:
                async with self._databases.platform_scope() as db:
                    await retire(db, self._worker)
            except TROUBLE:
                log.warning("what this worker held of request limits comes free by itself", exc_info=True)
        self._worker = new_id()

    # -- exchange ------------------------------------------------------------------------------------------

    def _start(self, holdings: Sequence[Holding], *, give_back: bool = False) -> asyncio.Task[bool]:
        """Exchange with the shared state; one exchange at a time for each holding."""
        if self._ticking is None:
            self._ticking = asyncio.create_task(self._look_after(), context=Context())
        task = asyncio.create_task(self._exchange(holdings, give_back=give_back), context=Context())
        for holding in holdings:
            holding.asked, holding.again = task, False
        return task

    async def _finished(self, task: asyncio.Task[bool]) -> None:
        """Wait for an exchange that others wait for too: who gives up waiting does not end it."""
        await asyncio.wait({task})
        if not task.result():
            raise StateUnknown

    async def _exchange(self, holdings: Sequence[Holding], *, give_back: bool) -> bool:
        """Exchange, and tell whether the database answered."""
        try:
            if time.monotonic() - self._beat_at > BEAT_SECONDS:
                await self._beat()
            worker = self._worker
            requests = [Request(one.tenant_id, one.limits, one.ask(give_back=give_back)) for one in holdings]
            async with self._databases.platform_scope() as db:
                grants = await exchange(db, worker, requests)
            if worker == self._worker:  # else it was lost meanwhile
                now = time.monotonic()
                for holding in holdings:
                    holding.receive(grants[holding.tenant_id], now=now)
        except TROUBLE:
            log.warning("request limits cannot be asked for", exc_info=True)
            return False
        finally:
            for holding in holdings:
                holding.asked = None
        for holding in holdings:
            if holding.again:
                self._start([holding])
        return True

    async def _beat(self) -> None:
        async with self._beating:
            began = time.monotonic()
            if began - self._beat_at <= BEAT_SECONDS:
                return
            if self._valid_until and began > self._valid_until:
                self._lose_all()
            async with self._databases.platform_scope() as db:
                await beat(db, self._worker)
            self._beat_at = began
            self._valid_until = began + ALIVE_SECONDS - 1

    def _lose_all(self) -> None:
        """Forget everything after a silence in which others may have taken it: begin as a new worker."""
        log.warning("this worker was silent for too long: what it held of request limits is lost")
        self._worker = new_id()
        self._beat_at = self._valid_until = 0.0
        for holding in self._holdings.values():
            holding.drop()

    # -- looking after it ----------------------------------------------------------------------------------

    async def _look_after(self) -> None:
        while True:
            await asyncio.sleep(TICK_SECONDS)
            try:
                await self._look_once()
            except (*TROUBLE, StateUnknown):
                log.warning("request limits are not kept in step", exc_info=True)

    async def _look_once(self) -> None:
        """Say that the worker lives, and give back what others need more or nobody needs any more."""
        if not self._holdings:
            return
        now = time.monotonic()
        if now - self._beat_at > BEAT_SECONDS:
            await self._beat()
        surplus = [holding for holding in self._holdings.values() if holding.has_surplus(now)]
        wanted: set[TenantId] = set()
        if surplus:
            async with self._databases.platform_scope() as db:
                wanted = await pressed(db, [holding.tenant_id for holding in surplus])
        quiet = [holding for holding in self._holdings.values() if holding.is_quiet(now, QUIET_SECONDS)]
        back = {holding.tenant_id: holding for holding in surplus if holding.tenant_id in wanted}
        back |= {holding.tenant_id: holding for holding in quiet}
        idle = [holding for holding in back.values() if holding.asked is None]
        if idle:
            await self._finished(self._start(idle, give_back=True))
        for holding in quiet:
            if holding.asked is None and holding.is_quiet(time.monotonic(), QUIET_SECONDS):
                self._holdings.pop(holding.tenant_id, None)
