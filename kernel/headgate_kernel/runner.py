"""Units of work of one tenant for commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from headgate_sdk.clock import Clock
from headgate_sdk.context import SYSTEM, Actor, Context

from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant


class RunnerOfTenant:
    """Opens units of work for one tenant (implements `headgate_sdk.commands.TenantRunner`).

    Args:
        kernel: of the process.
        tenant: whose.
    """

    def __init__(self, kernel: Kernel, tenant: Tenant) -> None:
        self._kernel = kernel
        self._tenant = tenant

    @asynccontextmanager
    async def context(self, *, actor: Actor = SYSTEM, clock: Clock | None = None) -> AsyncIterator[Context]:
        """Open a unit of work."""
        async with self._kernel.context(self._tenant, actor=actor, clock=clock) as ctx:
            yield ctx
