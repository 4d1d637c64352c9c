"""Brings the sample data of a blueprint into a new tenant, and tells how far it is."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk import hooks
from headgate_sdk.errors import HeadgateError
from headgate_sdk.progress import reporting

from headgate_kernel.jobs.kinds import KernelJob
from headgate_kernel.tenancy.blueprints.source import read_source
from headgate_kernel.tenancy.folders import blueprints_folder

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from headgate_kernel.runtime import Kernel

SAMPLE_JOB = "headgate.onboarding.sample"
TELL_EVERY = 0.5
"""Seconds between two looks at how far it is."""


class BringInSample(msgspec.Struct, frozen=True):
    """Payload: the blueprint's folder, by name."""

    blueprint: str


class _Progress:
    """How far the work is; written by the work, read by the task that tells it."""

    def __init__(self) -> None:
        self.label = ""
        self.done = 0
        self.total: int | None = None

    def note(self, label: str, done: int, total: int | None) -> None:
        self.label, self.done, self.total = label, done, total


async def bring_in_sample(kernel: "Kernel", tenant_id: int, payload: BringInSample) -> None:
    """Bring the sample in, in one transaction under row-level security; repeating it changes nothing.

    Faults of the files are told on the operator's page; trying again would not mend them.
    """
    async with kernel.databases.platform_scope() as db:
        slug = await db.fetch_value("SELECT slug FROM tenant WHERE id = $1", tenant_id)
    if slug is None:
        return
    folder = blueprints_folder() / payload.blueprint
    progress = _Progress()
    await _tell(kernel, tenant_id, "running", progress)
    try:
        blueprint = msgspec.structs.replace(read_source(folder).blueprint, people=())
        async with _told(kernel, tenant_id, progress):
            with reporting(progress.note):
                async with kernel.context(await kernel.tenant(slug)) as ctx:
                    await ctx.hooks.decide(hooks.headgate_apply_blueprint, blueprint, folder, {})
    except HeadgateError as error:
        words = error.fill(kernel.translate((await kernel.tenant(slug)).info.locale, error.message))
        await _tell(kernel, tenant_id, "failed", progress, words)
        return
    except Exception:
        await _tell(kernel, tenant_id, "failed", progress)
        raise
    await _tell(kernel, tenant_id, "done", progress)


@asynccontextmanager
async def _told(kernel: "Kernel", tenant_id: int, progress: _Progress) -> "AsyncIterator[None]":
    """Write down how far it is while the work goes on; in a task and transactions of its own."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(TELL_EVERY)
            await _tell(kernel, tenant_id, "running", progress)

    teller = asyncio.create_task(tell())
    try:
        yield
    finally:
        teller.cancel()
        await asyncio.gather(teller, return_exceptions=True)


async def _tell(kernel: "Kernel", tenant_id: int, state: str, progress: _Progress, problem: str = "") -> None:
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE onboarding SET sample = $2, label = $3, done = $4, total = $5, problem = $6, "
            "updated_at = $7 WHERE tenant_id = $1",
            tenant_id, state, progress.label, progress.done, progress.total, problem, kernel.clock.now(),
        )  # fmt: skip


JOB = KernelJob(SAMPLE_JOB, BringInSample, bring_in_sample, max_attempts=3, timeout=timedelta(minutes=15))
