"""Fires schedules: a row says when each one is due, and whoever locks the row fires it, once."""

import asyncio
import hashlib
import logging
from typing import TYPE_CHECKING

import msgspec

from headgate_kernel.jobs.kinds import KernelSchedule
from headgate_kernel.jobs.own import KERNEL_JOBS, KERNEL_SCHEDULES
from headgate_kernel.jobs.queue import PLATFORM, enqueue
from headgate_kernel.jobs.rules import PLATFORM_ZONE, Rule

if TYPE_CHECKING:
    from datetime import datetime

    from headgate_kernel.database.unit_of_work import UnitOfWork
    from headgate_kernel.runtime import Kernel

log = logging.getLogger(__name__)

AT_ONCE = 200
KEY = "schedule"
"""A scheduled job that still waits to begin is not put a second time."""


class Scheduler:
    """Fires the schedules of the kernel and of plugins.

    Args:
        kernel: of the process.
    """

    def __init__(self, kernel: "Kernel") -> None:
        self._kernel = kernel
        self._rules = {rule.when.job: rule for rule in rules_of(kernel)}

    async def note_rules(self) -> None:
        """Write down when each schedule fires first, where that is not known, or its rule has changed."""
        now = self._kernel.clock.now()
        async with self._kernel.databases.platform_scope() as db:
            lacking = await db.fetch(_LACKING, *self._columns())
            rows = []
            for row in lacking:
                rule = self._rules[row["job"]]
                share = _share(row["tenant_id"], row["job"])
                first = rule.first(row["zone"], now, share)
                rows.append((row["tenant_id"], row["job"], rule.plugin, rule.spec(row["zone"]), first))
            if rows:
                await db.execute(_NOTE, *(list(column) for column in zip(*rows, strict=True)))

    def _columns(self) -> tuple[object, ...]:
        """Give the rules as a statement takes them: the place of the zone in a spec is left to PostgreSQL."""
        rules = list(self._rules.values())
        return (
            [rule.when.job for rule in rules],
            [rule.plugin for rule in rules],
            [rule.spec("%s") for rule in rules],
            [rule.for_platform for rule in rules],
            [rule.for_tenants for rule in rules],
        )

    async def fire_due(self) -> int:
        """Ask for the jobs that are due; gives how many."""
        now = self._kernel.clock.now()
        async with self._kernel.databases.platform_scope() as db:
            due = await db.fetch(_DUE, now, AT_ONCE)
            if not due:
                return 0
            fired = 0
            for row in due:
                rule = self._rules.get(row["job"])
                if rule is None or not row["active"] or rule.spec(row["zone"]) != row["spec"]:
                    continue
                await self._fire(db, row["tenant_id"], rule, now)
                fired += 1
            gone = [row for row in due if not row["active"]]
            await _advance(db, due, self._rules, now)
        return fired
