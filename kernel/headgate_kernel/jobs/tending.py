"""What a worker does by the clock: fire schedules, and let go on what waited for a plugin."""

import asyncio
import itertools
import logging
from typing import TYPE_CHECKING

from headgate_kernel.jobs.scheduler import AT_ONCE, Scheduler
from headgate_kernel.jobs.settler import DATABASE_AWAY
from headgate_kernel.jobs.waiting import resume_waiting

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

log = logging.getLogger(__name__)

TURN_SECONDS = 1.0
RESUME_TURNS = 2
NOTE_TURNS = 15
AWAY_SECONDS = 5.0
"""How long a worker rests when the database does not answer."""


async def tend(kernel: "Kernel") -> None:
    """Look once a second, until cancelled."""
    scheduler = Scheduler(kernel)
    for turn in itertools.count():
        try:
            if turn % NOTE_TURNS == 0:
                await scheduler.note_rules()
            while await scheduler.fire_due() >= AT_ONCE:
                pass
            if turn % RESUME_TURNS == 0:
                await resume_waiting(kernel)
        except Exception as error:  # noqa: BLE001 (it must go on, whatever it is)
            await recover("schedules cannot be looked at", error)
        await asyncio.sleep(TURN_SECONDS)


async def recover(what: str, error: Exception, seconds: float = AWAY_SECONDS) -> None:
    """Tell what went wrong, and rest before the next try."""
    if isinstance(error, DATABASE_AWAY):
        log.warning("%s: %s", what, error)
    else:
        log.error("%s", what, exc_info=error)
    await asyncio.sleep(seconds)
