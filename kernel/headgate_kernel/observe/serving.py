"""What runs beside the requests of a serving process: figures that are written down now and then."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from headgate_kernel.database.pool import CONNECTION_ERRORS
from headgate_kernel.observe.metrics import Metrics
from headgate_kernel.observe.traces import Tracing
from headgate_kernel.observe.traffic import Traffic, forget_old_traffic

if TYPE_CHECKING:
    from headgate_kernel.observe.requests import ObservedRequests
    from headgate_kernel.runtime import Kernel

log = logging.getLogger(__name__)

FLUSH_SECONDS = 20
ROUNDS_BETWEEN_CLEANING = 180


@asynccontextmanager
async def observing(observed: "ObservedRequests", kernel: "Kernel") -> AsyncIterator[None]:
    """Measure and trace while the application serves; write down at the end what is left."""
    observed.metrics = Metrics()
    observed.tracing = Tracing.from_environment()
    if observed.tracing.is_on:
        kernel.databases.on_statement(observed.tracing.statement)
    writing = asyncio.create_task(_write_down(observed, kernel))
    try:
        yield
    finally:
        writing.cancel()
        with suppress(asyncio.CancelledError):
            await writing
        await _flush(observed.traffic, kernel)
        await asyncio.to_thread(observed.tracing.shut_down)


async def _write_down(observed: "ObservedRequests", kernel: "Kernel") -> None:
    rounds = 0
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        _measure_pools(observed.metrics, kernel)
        await _flush(observed.traffic, kernel)
        if rounds % ROUNDS_BETWEEN_CLEANING == 0:
            await _clean(kernel)
        rounds += 1


async def _flush(traffic: Traffic, kernel: "Kernel") -> None:
    try:
        async with kernel.databases.platform_scope() as db:
            await traffic.flush(db, kernel.clock.now())
    except CONNECTION_ERRORS:
        log.warning("figures of the last %s seconds were lost", FLUSH_SECONDS, exc_info=True)


async def _clean(kernel: "Kernel") -> None:
    try:
        async with kernel.databases.platform_scope() as db:
            await forget_old_traffic(db, kernel.clock.now())
    except CONNECTION_ERRORS:
        log.warning("old figures could not be removed", exc_info=True)


def _measure_pools(metrics: Metrics | None, kernel: "Kernel") -> None:
    if metrics is None:
        return
    for name, pool in (("app", kernel.databases.app), ("platform", kernel.databases.platform)):
        metrics.connections.labels(name, "open").set(pool.size())
        metrics.connections.labels(name, "idle").set(pool.idle())
