"""Collects what became of jobs and writes it down together, as fast as the database takes it."""

import asyncio
import logging
from typing import TYPE_CHECKING

from headgate_kernel.database.errors import DatabaseError
from headgate_kernel.database.pool import CONNECTION_ERRORS
from headgate_kernel.jobs.outcomes import Outcome
from headgate_kernel.jobs.settling import settle

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

log = logging.getLogger(__name__)
DATABASE_AWAY = (*CONNECTION_ERRORS, DatabaseError)
RETRY_SECONDS = 1.0


class Settler:
    """Writes outcomes down in the background; while one batch is written the next one gathers.

    Args:
        kernel: of the process.
    """

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._unwritten: list[Outcome] = []
        self._some = asyncio.Event()
        self._ending = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._run(), name="headgate jobs settler")

    def put(self, outcome: Outcome) -> None:
        """Take an outcome over."""
        self._unwritten.append(outcome)
        self._some.set()

    async def stop(self) -> None:
        """Write down what is left. What cannot be written now is run again when its lease has ended."""
        self._ending = True
        self._some.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._unwritten or not self._ending:
            await self._some.wait()
            self._some.clear()
            batch, self._unwritten = self._unwritten, []
            if not batch:
                continue
            try:
                lost = await settle(self._kernel.databases, batch, now=self._kernel.clock.now())
            except DATABASE_AWAY as error:
                log.warning("%s outcomes of jobs cannot be written down yet: %s", len(batch), error)
                if self._ending:
                    return
                self._unwritten[:0] = batch
                self._some.set()
                await asyncio.sleep(RETRY_SECONDS)
            except Exception:
                log.exception("%s outcomes of jobs were not written down; they will be run again", len(batch))
            else:
                if lost:
                    log.warning("%s jobs had been taken over by another worker before they were done", lost)
