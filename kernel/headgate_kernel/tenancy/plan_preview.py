"""What another plan would mean for a tenant: which plugins rest or run again, what is beyond it already."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.quotas.usage import Usage, usage_of, usage_under
from headgate_kernel.tenancy.directory import runnable
from headgate_kernel.tenancy.plan_terms import Plan
from headgate_kernel.tenancy.plans import plan_of

if TYPE_CHECKING:
    from headgate_sdk.database import Database


class PlanPreview(msgspec.Struct, frozen=True):
    """A change of plan that has not been made.

    Args:
        before: the present plan.
        after: the other one.
        resting: names of plugins that would stop; their data stays.
        returning: names of plugins that are switched on and would run again.
        usage: what is used, held against the other plan.
    """

    before: Plan
    after: Plan
    resting: tuple[str, ...]
    returning: tuple[str, ...]
    usage: tuple[Usage, ...]

    @property
    def beyond(self) -> tuple[Usage, ...]:
        """What is used up, or nearly, from the first moment on."""
        return tuple(one for one in self.usage if one.state != "ok")


async def preview_plan(
    db: "Database", host: PluginHost, tenant_id: int, after: Plan, *, now: datetime
) -> PlanPreview:
    """Look ahead; nothing is changed.

    Args:
        db: a platform scope.
        host: the installed plugins.
        tenant_id: whose.
        after: the plan that it might get.
        now: the time.
    """
    before = await plan_of(db, tenant_id)
    rows = await db.fetch(
        "SELECT plugin FROM plugin_activation WHERE tenant_id = $1 AND state = 'active'", tenant_id
    )
    active = frozenset(row["plugin"] for row in rows)
    runs, would_run = runnable(active, host, before), runnable(active, host, after)
    usage = (await usage_of(db, [tenant_id], now=now)).get(tenant_id, ())
    used: Mapping[str, int] = {one.meter.key: one.used for one in usage}
    return PlanPreview(
        before, after, _names(host, runs - would_run), _names(host, would_run - runs),
        usage_under(after, used, usage[0].month) if usage else (),
    )  # fmt: skip


def _names(host: PluginHost, plugins: frozenset[str]) -> tuple[str, ...]:
    return tuple(host.by_id[plugin].manifest.name for plugin in sorted(plugins))
