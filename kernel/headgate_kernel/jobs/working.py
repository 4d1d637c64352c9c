"""`headgate work`: a process that does nothing but run jobs, until it is told to stop."""

import asyncio
import signal
from typing import TYPE_CHECKING

from headgate_kernel.installation import database_ready
from headgate_kernel.jobs.claims import LEASE
from headgate_kernel.jobs.worker import Worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import timedelta

    from headgate_kernel.config import Settings
    from headgate_kernel.plugins.host import PluginHost

GRACE_SECONDS = 30.0
"""For what runs when the process is told to stop; a second signal cuts it short."""


async def work_until_stopped(
    settings: "Settings",
    host: "PluginHost",
    *,
    slots: int,
    lease: "timedelta" = LEASE,
    when_ready: "Callable[[], object]" = lambda: None,
) -> None:
    """Run jobs until SIGTERM or SIGINT; what cannot be ended in time is handed back for others.

    Args:
        settings: of the process.
        host: the installed plugins.
        slots: how many jobs at a time.
        lease: how long a job rests when this process dies with it.
        when_ready: called once it runs.
    """
    async with database_ready(settings, host) as kernel:
        stop, hurry = asyncio.Event(), asyncio.Event()

        def told() -> None:
            (hurry if stop.is_set() else stop).set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, told)
        worker = Worker(kernel, slots=slots, lease=lease)
        worker.start()
        when_ready()
        await stop.wait()
        await worker.stop(GRACE_SECONDS, hurry)
