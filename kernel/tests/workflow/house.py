"""A tenant with an engine: contexts made by hand, effects of milestones written down, time that is set."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import msgspec
from headgate_kernel.database.database import Databases
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.engine import WorkflowEngine
from headgate_sdk.clock import ManualClock
from headgate_sdk.context import SYSTEM, Actor, Context, TenantInfo
from headgate_sdk.ids import new_id
from headgate_sdk.workflow import Instance

from .samples import NOON, PLUGINS, STEPS, SUBJECT

OWNER = Actor(kind="staff", name="Owner", role_name="Owner", permissions=frozenset({"*"}))
FACTS = {"amount": 12345, "group": "gold"}


def clerk(*permissions: str) -> Actor:
    return Actor(
        kind="staff",
        name="Wang Li",
        membership_id=UUID(int=9),
        role_name="Sales",
        permissions=frozenset(permissions),
    )


class House:
    """What a kernel is to a context (`headgate_sdk.context.Services`), as far as flows need it."""

    def __init__(self, databases: Databases, tenant_id: int) -> None:
        self.databases = databases
        self.tenant = TenantInfo(tenant_id, f"t{tenant_id}", "T", "CNY", "Asia/Shanghai", "en")
        self.clock = ManualClock(NOON)
        self.plugins = PLUGINS
        self.effects: list[tuple[str, UUID, object]] = []
        self.audited: list[tuple[str, str, Mapping[str, object]]] = []
        self.fail_at: str | None = None
        subject = msgspec.structs.replace(
            SUBJECT, on_milestone=self._on_milestone, on_cancelled=self._on_cancelled
        )
        self.catalogue = StepCatalogue.of(STEPS, [subject])

    def workflow(self, ctx: Context) -> WorkflowEngine:
        return WorkflowEngine(ctx, self.catalogue)

    async def audit(self, ctx: Context, action: str, subject: str, details: Mapping[str, object]) -> None:
        self.audited.append((action, subject, details))

    async def _on_milestone(self, ctx, subject_id, milestone, cause):
        if milestone == self.fail_at:
            raise RuntimeError(f"no room at {milestone}")
        self.effects.append((milestone, subject_id, cause))

    async def _on_cancelled(self, ctx, subject_id, reached, cause):
        self.effects.append(("cancelled", subject_id, (reached, cause)))

    @asynccontextmanager
    async def work(self, actor: Actor = SYSTEM) -> AsyncIterator[Context]:
        """Open a context with a transaction of its own."""
        async with self.databases.tenant_scope(self.tenant.id) as unit:
            yield Context(
                tenant=self.tenant,
                actor=actor,
                db=unit,
                clock=self.clock,
                plugins=self.plugins,
                services=self,
            )

    def later(self, minutes: int = 1) -> None:
        self.clock.moment += timedelta(minutes=minutes)

    async def start(self, subject_id: UUID | None = None) -> Instance:
        async with self.work() as ctx:
            return await ctx.workflow.start("t.order", subject_id or new_id(), FACTS)

    async def resolve(self, instance: Instance, *steps: str) -> Instance:
        for step in steps:
            self.later()
            async with self.work(OWNER) as ctx:
                instance = await ctx.workflow.resolve("t.order", instance.subject_id, step)
        return instance

    async def view(self, subject_id: UUID) -> Instance:
        async with self.work() as ctx:
            return (await ctx.workflow.view("t.order", [subject_id]))[subject_id]
