"""The kernel's own kinds of jobs and schedules; those of plugins are `headgate_sdk.jobs`."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from headgate_sdk.ids import TenantId
from headgate_sdk.jobs import Schedule

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


class NoDetails(msgspec.Struct, frozen=True):
    """The payload of a job that needs to be told nothing."""


class KernelJob(msgspec.Struct, frozen=True):
    """A kind of work that the kernel does after the answer.

    Args:
        name: `headgate.<noun>.<verb>`.
        payload: what the job is told.
        function: does it; tenant 0 is the platform.
        max_attempts: how often it is begun before it is given up.
        timeout: that one attempt may take.
        while_suspended: runs also for a tenant that is not active, such as the export of a suspended one.
    """

    name: str
    payload: type[msgspec.Struct]
    function: "Callable[[Kernel, TenantId, Any], Awaitable[None]]"
    max_attempts: int = 8
    timeout: timedelta = timedelta(seconds=60)
    while_suspended: bool = False


class KernelSchedule(msgspec.Struct, frozen=True):
    """When a job of the kernel runs by itself.

    Args:
        when: the job and the rule; `daily_at` is UTC for the platform.
        each_tenant: once for each active tenant instead of once for the platform.
    """

    when: Schedule
    each_tenant: bool = False
