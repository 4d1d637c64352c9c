"""The worker of a serving process: it comes and goes with the application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from headgate_kernel.jobs.worker import Worker

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

GRACE_SECONDS = 3.0
"""For what runs when the process is told to stop; the server kills it two seconds later."""


@asynccontextmanager
async def jobs_running(kernel: "Kernel") -> AsyncIterator[None]:
    """Run jobs meanwhile, unless the operator keeps them out of serving processes."""
    if not kernel.settings.jobs:
        yield
        return
    worker = Worker(kernel)
    worker.start()
    try:
        yield
    finally:
        await worker.stop(GRACE_SECONDS)
