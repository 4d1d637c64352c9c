"""All kinds of jobs that this process knows how to do: the kernel's and those of plugins."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import msgspec
from headgate_sdk.ids import TenantId
from headgate_sdk.jobs import JobType

from headgate_kernel.jobs.kinds import KernelJob
from headgate_kernel.jobs.own import KERNEL_JOBS
from headgate_kernel.runner import RunnerOfTenant

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel
    from headgate_kernel.tenancy.directory import Tenant

Call = Callable[["Kernel", int, "Tenant | None", Any], Awaitable[None]]


class Kind(msgspec.Struct, frozen=True):
    """A kind of job, whoever has declared it.

    Args:
        payload: what it is told.
        call: does it.
        max_attempts: how often it is begun before it is given up.
        seconds: that one attempt may take.
        while_suspended: runs also for a tenant that is not active.
    """

    payload: type[msgspec.Struct]
    call: Call
    max_attempts: int
    seconds: float
    while_suspended: bool = False


def kinds_of(kernel: "Kernel") -> dict[str, Kind]:
    """Give all kinds by name."""
    kinds = {job.name: _of_kernel(job) for job in KERNEL_JOBS}
    kinds.update((job.name, _of_plugin(job)) for _, job in kernel.host.surfaces.jobs)
    return kinds


def _of_kernel(job: KernelJob) -> Kind:
    async def call(kernel: "Kernel", tenant_id: int, _: "Tenant | None", payload: Any) -> None:
        await job.function(kernel, TenantId(tenant_id), payload)

    return Kind(job.payload, call, job.max_attempts, job.timeout.total_seconds(), job.while_suspended)


def _of_plugin(job: JobType[Any]) -> Kind:
    async def call(kernel: "Kernel", _: int, tenant: "Tenant | None", payload: Any) -> None:
        assert tenant is not None  # plugins have no jobs of the platform
        await job.function(RunnerOfTenant(kernel, tenant), payload)

    return Kind(job.payload, call, job.max_attempts, job.timeout.total_seconds())
