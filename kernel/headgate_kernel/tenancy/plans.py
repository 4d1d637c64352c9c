"""Plans of the installation: bring them to what the file says, give one to a tenant, look ahead.

A change of plan never deletes: plugins that it does not allow rest with their data, and what exceeds its
limits stays; only more of it is refused.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.context import Actor
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.tenancy.plan_terms import Plan, decode_plan, encode_plan

if TYPE_CHECKING:
    from headgate_sdk.database import Database


class PlanInUse(msgspec.Struct, frozen=True):
    """A plan with how many tenants it has.

    Args:
        plan: what it gives.
        tenants: that are on it, those of the first plan without a choice of their own among them.
        is_default: tenants that were given none are on it.
    """

    plan: Plan
    tenants: int
    is_default: bool


class PlanChanges(msgspec.Struct, frozen=True):
    """What applying the file did, by keys of plans.

    Args:
        added: new ones.
        changed: of which something differs.
        removed: that the file does not have any more.
        tenants: how many tenants it concerns.
    """

    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    tenants: int = 0


async def list_plans(db: "Database") -> list[PlanInUse]:
    """Give all plans in their order; a platform scope is needed."""
    rows = await db.fetch(_PLANS)
    return [
        PlanInUse(decode_plan(row["terms"]), row["tenants"], is_default=number == 0)
        for number, row in enumerate(rows)
    ]


async def apply_plans(db: "Database", plans: Sequence[Plan], *, actor: Actor, now: datetime) -> PlanChanges:
    """Bring the plans to what is given, in this order; the first is that of tenants without a choice.

    Args:
        db: a platform scope.
        plans: checked ones.
        actor: on whose behalf.
        now: the time.

    Raises:
        Conflict: a plan that is gone from the list still has tenants; names both.
    """
    await db.fetch("SELECT 1 FROM tenant ORDER BY id FOR NO KEY UPDATE")
    before = {row["key"]: decode_plan(row["terms"]) for row in await db.fetch(_STORED)}
    wanted = {plan.key: plan for plan in plans}
    removed = tuple(key for key in before if key not in wanted)
    await _refuse_orphans(db, removed)
    added = tuple(key for key in wanted if key not in before)
    changed = tuple(key for key in wanted if key in before and before[key] != wanted[key])
    follow_another = bool(before) and next(iter(before)) != next(iter(wanted), None)
    await db.execute(_STORE, list(wanted), [encode_plan(plan) for plan in wanted.values()], now)
    await db.execute("DELETE FROM plan WHERE key = ANY($1::text[])", list(removed))
    tenants = await db.fetch(_TENANTS_OF, [*added, *changed], follow_another or not before)
    await _take_back_shares(db, [row["id"] for row in tenants])
    changes = PlanChanges(added, changed, removed, len(tenants))
    if added or changed or removed:
        await append_platform_entry(
            db, actor=actor, action="plans.apply", subject="plans.toml", now=now,
            details=msgspec.structs.asdict(changes),
        )  # fmt: skip
    return changes


async def assign_plan(db: "Database", tenant_id: int, key: str, *, actor: Actor, now: datetime) -> bool:
    """Put a tenant on a plan.

    Args:
        db: a platform scope.
        tenant_id: which.
        key: of the plan.
        actor: who decides it.
        now: the time.

    Returns:
        Whether it was on another one before.

    Raises:
        NotFound: no such plan or tenant; says which.
    """
    plan = await find_plan(db, key)
    row = await db.fetch_row("SELECT slug, plan FROM tenant WHERE id = $1 FOR NO KEY UPDATE", tenant_id)
    if row is None:
        raise NotFound(N_("There is no such distributor."))
    if row["plan"] == plan.key:
        return False
    before = await plan_of(db, tenant_id)
    await db.execute("UPDATE tenant SET plan = $2 WHERE id = $1", tenant_id, plan.key)
    await _take_back_shares(db, [tenant_id])
    await append_platform_entry(
        db, actor=actor, action="tenant.plan", subject=row["slug"], now=now,
        details={"before": before.key, "after": plan.key},
    )  # fmt: skip
    return True


async def plan_of(db: "Database", tenant_id: int) -> Plan:
    """Give the plan that a tenant is on; a platform scope is needed."""
    return decode_plan(await db.fetch_value(_PLAN_OF, tenant_id))


async def find_plan(db: "Database", key: str) -> Plan:
    """Give a plan by its key.

    Raises:
        NotFound: there is none; names those that there are.
    """
    plans = {row["key"]: row["terms"] for row in await db.fetch(_STORED)}
    if key in plans:
        return decode_plan(plans[key])
    if not plans:
        raise NotFound(N_("There are no plans yet: run `headgate plans apply` first."), field="plan")
    raise NotFound(
        N_("There is no plan called {key}. Choose one of: {known}."),
        field="plan", key=key, known=", ".join(plans),
    )  # fmt: skip


async def _refuse_orphans(db: "Database", removed: Collection[str]) -> None:
    row = await db.fetch_row(_ON_REMOVED, list(removed))
    if row is not None:
        raise Conflict(
            N_("The plan {plan} is not in the file, but {tenant} is on it. Give it another one first."),
            field="plans", plan=row["plan"], tenant=row["slug"],
        )  # fmt: skip


async def _take_back_shares(db: "Database", tenant_ids: Sequence[int]) -> None:
    """Have limits dealt out anew under the new plan, warnings weighed anew, and all workers look again.

    Slots are locked in the order in which counting locks them. Requests begin with a whole burst.
    """
    await db.fetch(_LOCK_SLOTS, tenant_ids)
    await db.execute("UPDATE quota_use SET share = used WHERE tenant_id = ANY($1::integer[])", tenant_ids)
    await db.execute("DELETE FROM quota_notice WHERE tenant_id = ANY($1::integer[])", tenant_ids)
    await db.execute(
        "UPDATE limit_state SET tokens = 'Infinity' WHERE tenant_id = ANY($1::integer[])", tenant_ids
    )
    await db.execute(_TOUCH, tenant_ids)


_STORED = "SELECT key, terms FROM plan ORDER BY position"
_PLANS = """
SELECT p.terms, coalesce(n.tenants, 0) AS tenants
FROM plan p
LEFT JOIN (SELECT coalesce(t.plan, (SELECT d.key FROM plan d ORDER BY d.position LIMIT 1)) AS key,
                  count(*) AS tenants
           FROM tenant t GROUP BY 1) n ON n.key = p.key
ORDER BY p.position
"""
_STORE = """
INSERT INTO plan AS p (key, position, terms, changed_at)
SELECT n.key, n.position, n.terms, $3
FROM unnest($1::text[], $2::jsonb[]) WITH ORDINALITY AS n(key, terms, position)
ON CONFLICT (key) DO UPDATE SET position = excluded.position, terms = excluded.terms,
    changed_at = CASE WHEN p.terms = excluded.terms THEN p.changed_at ELSE excluded.changed_at END
"""
_ON_REMOVED = "SELECT slug, plan FROM tenant WHERE plan = ANY($1::text[]) ORDER BY id LIMIT 1"
_TENANTS_OF = """
SELECT t.id FROM tenant t
WHERE coalesce(t.plan, (SELECT d.key FROM plan d ORDER BY d.position LIMIT 1)) = ANY($1::text[])
   OR (t.plan IS NULL AND $2)
ORDER BY t.id
"""
_PLAN_OF = """
SELECT p.terms FROM tenant t
JOIN plan p ON p.key = coalesce(t.plan, (SELECT d.key FROM plan d ORDER BY d.position LIMIT 1))
WHERE t.id = $1
"""
_LOCK_SLOTS = """
SELECT 1 FROM quota_use WHERE tenant_id = ANY($1::integer[])
ORDER BY tenant_id, meter, period, slot FOR NO KEY UPDATE
"""
_TOUCH = """
INSERT INTO tenant_revision AS r (tenant_id, revision) SELECT id, 2 FROM unnest($1::integer[]) AS id
ON CONFLICT (tenant_id) DO UPDATE SET revision = r.revision + 1
"""
