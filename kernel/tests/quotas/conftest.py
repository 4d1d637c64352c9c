"""Plans made for single tests: everybody else is on the first one, which limits nothing."""

import itertools
import os

import pytest
from headgate_kernel.tenancy.plan_terms import MeterLimit, MeterLimits, Plan, PlanName, RequestLimits
from headgate_kernel.tenancy.plans import apply_plans, assign_plan, list_plans
from headgate_sdk.context import SYSTEM

OPEN = Plan("open", PlanName("Open", "开放版"), "*")
_numbers = itertools.count(1)


def limits(**meters: tuple[int | None, int | None]) -> MeterLimits:
    """Give limits as (soft, hard) by meter."""
    return MeterLimits(**{meter: MeterLimit(*pair) for meter, pair in meters.items()})


@pytest.fixture
def give_plan(kernel):
    """Puts a tenant on a plan of its own, or changes that one."""

    async def give(
        tenant, *, key: str = "", plugins="*", requests: RequestLimits | None = None, **meters
    ) -> Plan:
        key = key or f"p{os.getpid()}-{next(_numbers)}"
        plan = Plan(key, PlanName("Small", "小号"), plugins, requests, limits(**meters))
        now = kernel.clock.now()
        async with kernel.databases.platform_scope() as db:
            others = [one.plan for one in await list_plans(db) if one.plan.key != key] or [OPEN]
            await apply_plans(db, [*others, plan], actor=SYSTEM, now=now)
            await assign_plan(db, tenant.info.id, key, actor=SYSTEM, now=now)
        kernel.directory.forget(tenant.info.id)
        return plan

    return give
