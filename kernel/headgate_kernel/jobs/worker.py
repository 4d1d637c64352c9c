"""Runs jobs in the background of a process: takes some ahead, runs a few, hands back what it cannot.

Fair to tenants: each round takes the same number from each one that has work, and none may fill all places,
so that there is room when another one comes.
"""

import asyncio
import logging
import time
from collections import Counter, deque
from collections.abc import Collection
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from headgate_kernel.jobs.claims import LEASE, Claim, claim_due, renew
from headgate_kernel.jobs.doorbell import Doorbell
from headgate_kernel.jobs.outcomes import given_back, not_ready, words_of
from headgate_kernel.jobs.pace import Pace
from headgate_kernel.jobs.running import JobRunner
from headgate_kernel.jobs.settler import Settler
from headgate_kernel.jobs.tending import AWAY_SECONDS, recover, tend

if TYPE_CHECKING:
    from headgate_kernel.jobs.outcomes import Outcome
    from headgate_kernel.runtime import Kernel

log = logging.getLogger(__name__)

SLOTS = 4
"""How many jobs a serving process runs at a time."""
LOOK_SECONDS = 0.5
"""How often a worker looks for jobs that other processes were asked for."""
GAP_SECONDS = 0.003
QUEUED_SECONDS = 1.0
"""How long a job that was taken ahead may wait for a place before it is handed back for others to take."""


class Worker:
    """Runs the jobs of all tenants until it is stopped.

    Args:
        kernel: of the process.
        slots: how many jobs at a time.
        lease: how long a job rests when this worker dies with it.
    """

    def __init__(self, kernel: "Kernel", *, slots: int = SLOTS, lease: timedelta = LEASE) -> None:
        self._kernel = kernel
        self._lease = lease
        self._slots = slots
        self._slots_each = max(1, slots - max(1, slots // 4))
        self._runner = JobRunner(kernel)
        self._settler = Settler(kernel)
        self._pace = Pace(slots)
        self._queue: deque[tuple[float, Claim]] = deque()
        self._running: dict[UUID, tuple[Claim, asyncio.Task[Outcome]]] = {}
        self._after = -1
        self._stopping = False
        self._loops: list[asyncio.Task[None]] = []
        self._bell: Doorbell | None = None

    def start(self) -> None:
        """Begin to run jobs, in tasks of the event loop that this is called in."""
        self._bell = Doorbell()
        self._settler.start()
        self._loops = [
            asyncio.create_task(self._feed(self._bell), name="headgate jobs feed"),
            asyncio.create_task(self._keep(), name="headgate jobs leases"),
            asyncio.create_task(tend(self._kernel), name="headgate jobs schedules"),
        ]

    async def stop(self, grace: float, hurry: asyncio.Event | None = None) -> None:
        """Take no more, let what runs come to its end, and hand back what does not within the grace.

        Args:
            grace: seconds.
            hurry: ends the grace when it is set.
        """
        assert self._bell is not None
        feed, *others = self._loops
        self._stopping = True  # not in the middle of taking some: they would rest until their lease ends
        self._bell.ring()
        await _end([feed], AWAY_SECONDS)
        while self._queue:
            self._settler.put(given_back(self._queue.popleft()[1]))
        tasks = {task for _, task in self._running.values()}
        if tasks:
            await _end(tasks, grace, hurry)
            await asyncio.sleep(0)  # what hangs on their end hands them back now
        await _end(others, 0)
        await self._settler.stop()
        self._bell.remove()

    # -- taking --------------------------------------------------------------------------------------------

    async def _feed(self, bell: Doorbell) -> None:
        while not self._stopping:
            took = 0
            await asyncio.sleep(GAP_SECONDS)  # what is asked for within this time is taken together
            self._hand_back_queued()
            if (room := self._room()) > 0:
                try:
                    took = await self._take(room)
                except Exception as error:  # noqa: BLE001 (it must go on, whatever it is)
                    await recover("jobs cannot be taken", error)
            self._fill()
            if not took or self._room() <= 0:
                await bell.wait(LOOK_SECONDS)

    def _room(self) -> int:
        """Tell how many more to take: for free places, and ahead of time where jobs are quick."""
        ahead = self._pace.ahead()
        full = self._full_tenants()
        queued = sum(claim.tenant_id not in full for _, claim in self._queue)
        if queued > ahead // 2:
            return 0
        return self._slots - len(self._running) + ahead - queued

    def _full_tenants(self) -> set[int]:
        """Give the tenants that may have no more places."""
        running = Counter(claim.tenant_id for claim, _ in self._running.values())
        return {tenant_id for tenant_id, count in running.items() if count >= self._slots_each}

    async def _take(self, room: int) -> int:
        claims = await claim_due(
            self._kernel.databases, now=self._kernel.clock.now(), most=room,
            each=self._slots_each + self._pace.ahead(), after=self._after, without=self._sated(),
            lease=self._lease,
        )  # fmt: skip
        wrapped = self._after >= 0 and claims.next_after < 0
        self._after = claims.next_after
        taken_at = time.monotonic()
        self._queue.extend((taken_at, claim) for claim in claims.jobs)
        return len(claims.jobs) or int(wrapped)

    def _sated(self) -> list[int]:
        """Give the tenants that have as many jobs here as they may."""
        held = Counter(claim.tenant_id for claim, _ in self._running.values())
        held.update(claim.tenant_id for _, claim in self._queue)
        most = self._slots_each + self._pace.ahead()
        return [tenant_id for tenant_id, count in held.items() if count >= most]

    def _hand_back_queued(self) -> None:
        """Let other workers have what waits here for a place too long."""
        oldest = time.monotonic() - QUEUED_SECONDS
        while self._queue and self._queue[0][0] < oldest:
            self._settler.put(given_back(self._queue.popleft()[1]))

    # -- running -------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        """Begin jobs while there are places; those of a tenant that has its share of places stay queued."""
        if len(self._running) >= self._slots or not self._queue:
            return
        running = Counter(claim.tenant_id for claim, _ in self._running.values())
        queue, self._queue = self._queue, deque()
        while queue:
            taken_at, claim = queue.popleft()
            if running[claim.tenant_id] >= self._slots_each:
                self._queue.append((taken_at, claim))
                continue
            self._begin(claim)
            running[claim.tenant_id] += 1
            if len(self._running) >= self._slots:
                break
        self._queue.extend(queue)

    def _begin(self, claim: Claim) -> None:
        task = asyncio.create_task(self._runner.run(claim))
        self._running[claim.id] = claim, task
        begun = time.perf_counter()

        def ended(task: "asyncio.Task[Outcome]") -> None:
            held = self._running.get(claim.id)
            if held is None or held[1] is not task:
                return  # its lease was lost: it is another worker's now
            del self._running[claim.id]
            self._pace.note(time.perf_counter() - begun)
            self._settler.put(_outcome(claim, task))
            self._fill()
            if self._bell is not None and self._room() > 0 and not self._stopping:
                self._bell.ring()

        task.add_done_callback(ended)

    async def _keep(self) -> None:
        """Renew the leases of what is held here; what was lost all the same is stopped."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 3)
            held = [*(claim for claim, _ in self._running.values()), *(claim for _, claim in self._queue)]
            try:
                ours = await renew(
                    self._kernel.databases, held, now=self._kernel.clock.now(), lease=self._lease
                )
            except Exception as error:  # noqa: BLE001 (it must go on, whatever it is)
                await recover("leases of jobs cannot be renewed", error, seconds=0)
                continue
            self._let_go([claim for claim in held if claim.id not in ours])

    def _let_go(self, lost: list[Claim]) -> None:
        for claim in lost:
            running = self._running.get(claim.id)
            if running is not None and running[0] is claim:
                log.warning("job %s was taken over by another worker and is stopped here", claim.id)
                del self._running[claim.id]
                running[1].cancel()
        self._queue = deque(entry for entry in self._queue if not any(entry[1] is claim for claim in lost))


async def _end(
    tasks: "Collection[asyncio.Task[Any]]", grace: float, hurry: asyncio.Event | None = None
) -> None:
    """Wait for tasks until the grace ends, then stop those that are left."""
    ended = asyncio.create_task(asyncio.wait(tasks))
    hurried = asyncio.create_task((hurry or asyncio.Event()).wait())
    await asyncio.wait({ended, hurried}, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
    for task in (ended, hurried, *tasks):
        task.cancel()
    await asyncio.wait(tasks)


def _outcome(claim: Claim, task: "asyncio.Task[Outcome]") -> "Outcome":
    if task.cancelled():
        return given_back(claim)
    error = task.exception()
    if error is None:
        return task.result()
    log.error("job %s of tenant %s could not be begun", claim.job, claim.tenant_id, exc_info=error)
    return not_ready(claim, words_of(error))
