"""Work after the answer: what a request only asks for, and what happens by the clock.

A use case asks by `await ctx.enqueue("shop.push", PushOrder(order_id))`, in its own transaction: the job is
there if and only if the change is. A worker runs it soon after, with units of work of its own, at least once:
a worker may die after the work and before it is noted. So a job is written to be repeatable: it looks whether
its work is done already, or hands its far side a key that stays the same.

    PUSH = JobType("shop.push", PushOrder, push_order)

    @hookimpl
    def headgate_jobs():
        return (PUSH,)

    @hookimpl
    def headgate_schedules():
        return (Schedule("shop.sweep", every=timedelta(minutes=10)), Schedule("shop.fit", daily_at="02:30"))

Errors are the protocol. `NotReady` puts the job off, as often as it takes; `GiveUp` ends it at once; any
other error is tried again a few times, later and later, and then the job rests among the dead letters, where
the operator sees why and may have it tried again.
"""

from collections.abc import Awaitable, Callable
from datetime import time, timedelta
from typing import Generic, TypeVar

import msgspec

from headgate_sdk.commands import TenantRunner
from headgate_sdk.errors import HeadgateError

P = TypeVar("P", bound=msgspec.Struct)

SHORTEST = timedelta(seconds=10)
"""How often a schedule may fire."""


class JobType(msgspec.Struct, Generic[P], frozen=True):
    """A kind of work that a plugin does after the answer.

    Args:
        name: `<plugin>.<verb>`.
        payload: what the job is told; a Struct of plain values, ids rather than copies of things, no secrets.
        function: does it, with as many units of work as it needs.
        max_attempts: how often it is begun before it is given up.
        timeout: that one attempt may take; it is cancelled where it waits.
    """

    name: str
    payload: type[P]
    function: Callable[[TenantRunner, P], Awaitable[None]]
    max_attempts: int = 8
    timeout: timedelta = timedelta(seconds=60)

    def __post_init__(self) -> None:
        if self.max_attempts < 1 or self.timeout <= timedelta(0):
            raise ValueError(f"{self.name}: max_attempts and timeout must be above zero")


class Schedule(msgspec.Struct, frozen=True):
    """When a job runs by itself, at each tenant whose plugin is active.

    A job has one schedule at most, and its payload must have a default for each field. What was due while no
    worker ran is made up for once, not as often as it was missed.

    Args:
        job: name of the job type.
        every: time from one run to the next.
        daily_at: `HH:MM` in the tenant's time zone instead: once on each day, also where clocks change.
    """

    job: str
    every: timedelta | None = None
    daily_at: str = ""

    def __post_init__(self) -> None:
        if (self.every is None) == (not self.daily_at):
            raise ValueError(f"{self.job}: give either every or daily_at")
        if self.every is not None and self.every < SHORTEST:
            raise ValueError(f"{self.job}: every must be {SHORTEST.total_seconds():.0f} seconds or more")
        if self.daily_at and time.fromisoformat(self.daily_at).isoformat("minutes") != self.daily_at:
            raise ValueError(f"{self.job}: daily_at must be like 02:30, not {self.daily_at!r}")

    def __str__(self) -> str:
        return f"{self.job} · {self.daily_at or self.every}"


class GiveUp(HeadgateError):
    """The job can never succeed, however often it is tried: it goes to the dead letters at once."""

    code = "give_up"
    status = 422
