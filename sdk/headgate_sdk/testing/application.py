"""Runs an application's start and stop around tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar


@asynccontextmanager
async def running(application: Litestar) -> AsyncIterator[Litestar]:
    """Start the application, and stop it in the task that started it, as it insists on.

    A fixture is begun in one task and ended in another.
    """
    started, stop = asyncio.Event(), asyncio.Event()

    async def live() -> None:
        async with application.lifespan():
            started.set()
            await stop.wait()

    life = asyncio.create_task(live())
    waiting = asyncio.create_task(started.wait())
    await asyncio.wait({life, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if not started.is_set():
        waiting.cancel()
        await life  # raises what kept it from starting
    try:
        yield application
    finally:
        stop.set()
        await life
