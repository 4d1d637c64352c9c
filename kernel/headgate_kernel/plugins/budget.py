"""A time budget for plugins' code that costs nothing where the code does not wait.

A timer takes four microseconds to set and clear, more than most deciders take to answer. So a coroutine is
begun without one, and only the first time that it waits for something does the clock start. Code that does
not wait cannot be interrupted by a timer anyway.
"""

import asyncio
from collections.abc import Coroutine, Generator
from types import coroutine
from typing import Any, TypeVar

R = TypeVar("R")


async def finish_within(seconds: float, begun: Coroutine[Any, Any, R], waits_for: Any) -> R:
    """Run a coroutine that has begun to its end.

    Args:
        seconds: that it may take.
        begun: the coroutine.
        waits_for: what its first `send` gave.

    Raises:
        TimeoutError: it was not done in time; it was cancelled where it waited.
    """
    async with asyncio.timeout(seconds):
        return await _go_on(begun, waits_for)


@coroutine
def _go_on(begun: Coroutine[Any, Any, R], waits_for: Any) -> Generator[Any, Any, R]:
    """Hand on what the coroutine waits for to the event loop, and the loop's answers to the coroutine."""
    try:
        while True:
            try:
                answer = yield waits_for
            except BaseException as error:  # noqa: BLE001 (cancellation too is the coroutine's to deal with)
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(answer)
    except StopIteration as ended:
        result: R = ended.value
        return result
