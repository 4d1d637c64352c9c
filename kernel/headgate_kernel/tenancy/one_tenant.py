"""Everything that the operator's page about one tenant shows."""

from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.context import SYSTEM, Context
from headgate_sdk.figures import Figure

from headgate_kernel.identity.impersonations import Impersonation, list_impersonations
from headgate_kernel.identity.members import Member, list_members
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.quotas import Usage, usage_of
from headgate_kernel.tenancy.hosts import list_hosts
from headgate_kernel.tenancy.plan_terms import Plan
from headgate_kernel.tenancy.plans import plan_of
from headgate_kernel.tenancy.suspension import Suspension, read_suspension

EVERYTHING = "*"


class PluginState(msgspec.Struct, frozen=True):
    """A plugin of the tenant that is not simply off.

    Args:
        id: of the plugin.
        name: English msgid; its id where it is not installed.
        state: active, degraded, quarantined, ...
        reason: why, where that needs saying.
    """

    id: str
    name: str
    state: str
    reason: str


class SignIn(msgspec.Struct, frozen=True):
    """A session of somebody of the tenant."""

    name: str
    at: datetime
    seen_at: datetime
    method: str
    address: str
    impersonated: bool


class Deed(msgspec.Struct, frozen=True):
    """What an operator did to the tenant."""

    at: datetime
    by: str
    action: str
    reason: str


class SampleData(msgspec.Struct, frozen=True):
    """How far the sample data of a new tenant is."""

    blueprint: str
    state: str
    label: str
    done: int
    total: int | None
    problem: str
    updated_at: datetime


class TenantDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One tenant.

    Args:
        created_at: when it was set up.
        hosts: its addresses.
        plan: what it is on.
        usage: of all meters.
        figures: what plugins tell of its day.
        plugins: those in trouble first, then the active ones.
        owners: who may do everything, with the invitation that they have not taken up.
        sign_ins: the latest.
        deeds: what operators did to it, the latest first.
        helps: impersonations, the latest first.
        suspension: why it is stopped; None when it is not.
        sample: of a tenant that was set up in the console; else None.
    """

    created_at: datetime
    hosts: list[str]
    plan: Plan
    usage: tuple[Usage, ...]
    figures: list[Figure]
    plugins: list[PluginState]
    owners: list[Member]
    sign_ins: list[SignIn]
    deeds: list[Deed]
    helps: list[Impersonation]
    suspension: Suspension | None
    sample: SampleData | None


async def tenant_details(ctx: Context, host: PluginHost, figures: list[Figure]) -> TenantDetails:
    """Read one tenant for the operator.

    Args:
        ctx: of the tenant, acting as an operator (`tenancy.operating`).
        host: the installed plugins.
        figures: what plugins tell, asked in a unit of work of the tenant itself.
    """
    members = await list_members(ctx.acting_as(SYSTEM), view="staff", limit=200)
    created_at = await ctx.db.fetch_value("SELECT created_at FROM tenant WHERE id = $1", ctx.tenant.id)
    usage = await usage_of(ctx.db, [ctx.tenant.id], now=ctx.clock.now())
    return TenantDetails(
        created_at=created_at,
        hosts=await list_hosts(ctx),
        plan=await plan_of(ctx.db, ctx.tenant.id),
        usage=usage.get(ctx.tenant.id, ()),
        figures=figures,
        plugins=await _plugins(ctx, host),
        owners=[one for one in members.items if EVERYTHING in one.permissions],
        sign_ins=await ctx.db.fetch_as(SignIn, _SIGN_INS, ctx.tenant.id),
        deeds=await ctx.db.fetch_as(Deed, _DEEDS, ctx.tenant.slug),
        helps=await list_impersonations(ctx, most=10),
        suspension=await read_suspension(ctx),
        sample=await sample_data(ctx),
    )


async def sample_data(ctx: Context) -> SampleData | None:
    """Give how far the sample data is."""
    found = await ctx.db.fetch_as(
        SampleData,
        "SELECT blueprint, sample, label, done, total, problem, updated_at FROM onboarding "
        "WHERE tenant_id = $1",
        ctx.tenant.id,
    )
    return found[0] if found else None


async def helpable_staff(ctx: Context) -> list[Member]:
    """Give those in whose place an operator may help: staff who have come, and who are no operators."""
    members = await list_members(ctx.acting_as(SYSTEM), view="staff", limit=200)
    operators = await ctx.db.fetch(
        "SELECT id FROM person WHERE is_operator AND id = ANY($1)", [one.person_id for one in members.items]
    )
    closed = {row["id"] for row in operators}
    return [one for one in members.items if not one.waiting and one.person_id not in closed]


async def find_owner(ctx: Context, membership_id: UUID) -> Member | None:
    """Give one of the owners."""
    members = await list_members(ctx.acting_as(SYSTEM), view="staff", limit=200)
    return next(
        (one for one in members.items if one.id == membership_id and EVERYTHING in one.permissions), None
    )


async def _plugins(ctx: Context, host: PluginHost) -> list[PluginState]:
    rows = await ctx.db.fetch(
        "SELECT plugin, state, reason FROM plugin_activation WHERE tenant_id = $1 AND state <> 'off' "
        "ORDER BY state = 'active', plugin",
        ctx.tenant.id,
    )
    states: list[PluginState] = []
    for row in rows:
        installed = host.by_id.get(row["plugin"])
        state, reason = row["state"], row["reason"]
        if installed is None or installed.problem:
            state = "incompatible"
            reason = ctx.translate(installed.problem, **installed.problem_params) if installed else ""
        states.append(
            PluginState(row["plugin"], installed.manifest.name if installed else row["plugin"], state, reason)
        )
    return sorted(states, key=lambda one: one.state == "active")


_SIGN_INS = """
SELECT coalesce(m.name, p.name) AS name, s.created_at, s.seen_at, s.method, s.address,
       s.impersonation_id IS NOT NULL
FROM session s
JOIN person p ON p.id = s.person_id
LEFT JOIN membership m ON m.tenant_id = s.tenant_id AND m.id = s.membership_id
WHERE s.tenant_id = $1 AND s.state = 'open'
ORDER BY s.created_at DESC LIMIT 8
"""

_DEEDS = """
SELECT at, actor_name, action, coalesce(details ->> 'reason', details ->> 'host', details ->> 'after', '')
FROM platform_audit_entry WHERE subject = $1 ORDER BY at DESC, id DESC LIMIT 12
"""
