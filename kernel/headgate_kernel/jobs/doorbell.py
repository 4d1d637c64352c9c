"""Wakes the workers of this process when a transaction that asked for a job is committed.

Workers of other processes find the job when they next look, half a second later at most. PostgreSQL's NOTIFY
would tell them sooner, but inside the transaction of an order it halves how many orders go through.
"""

import asyncio


class Doorbell:
    """What one worker waits at; it belongs to the event loop that it is made in."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._rung = asyncio.Event()
        _doorbells.add(self)

    async def wait(self, seconds: float) -> None:
        """Wait until it rings, or for so long; a ring while nobody waited counts."""
        try:
            async with asyncio.timeout(seconds):
                await self._rung.wait()
        except TimeoutError:
            pass
        self._rung.clear()

    def ring(self) -> None:
        """Ring; from any thread."""
        if self._rung.is_set():
            return
        if _running_loop() is self._loop:
            self._rung.set()
        elif not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._rung.set)

    def remove(self) -> None:
        """Take it down."""
        _doorbells.discard(self)


def ring_all() -> None:
    """Ring at all workers of this process; hand it to `after_commit`."""
    for doorbell in tuple(_doorbells):
        doorbell.ring()


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


_doorbells: set[Doorbell] = set()
