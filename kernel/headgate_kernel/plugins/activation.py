"""Switch plugins on and off for one tenant: preview from the manifests, then one transaction."""

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.plugins.discovery import InstalledPlugin, closure
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.directory import touch
from headgate_kernel.tenancy.own_plan import own_plan
from headgate_kernel.tenancy.plan_terms import Plan
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.flows import count_needing, drain_plugin


class Surface(msgspec.Struct, frozen=True):
    """Something that appears or vanishes with a plugin.

    Args:
        kind: English msgid: menu entry, page, endpoint, order step, permission, table.
        names: what they are called; English msgids or addresses.
    """

    kind: str
    names: tuple[str, ...]


class PluginView(msgspec.Struct, frozen=True):
    """A plugin as the catalogue of plugins shows it.

    Args:
        plugin: installed plugin.
        state: `off`, `active`, `incompatible`, ...
        reason: why it is in this state, where that needs saying.
        required_by: active plugins that need it.
        missing: plugins that would be switched on with it.
        surfaces: what appears or vanishes.
    """

    plugin: InstalledPlugin
    state: str
    reason: str
    required_by: tuple[str, ...]
    missing: tuple[str, ...]
    surfaces: tuple[Surface, ...]


_NOT_IN_PLAN = N_("The plan {plan} does not include {plugins}. Ask your operator for a larger plan.")


async def plugin_states(ctx: Context) -> dict[str, tuple[str, str]]:
    """Give the stored state and reason of each plugin of the tenant."""
    rows = await ctx.db.fetch(
        "SELECT plugin, state, reason FROM plugin_activation WHERE tenant_id = $1", ctx.tenant.id
    )
    return {row["plugin"]: (row["state"], row["reason"]) for row in rows}


async def list_plugins(ctx: Context, host: PluginHost) -> list[PluginView]:
    """Give all installed plugins with their state for the tenant."""
    states = await plugin_states(ctx)
    plan = await own_plan(ctx.db)
    return [_view(ctx, plugin, states, host, plan) for plugin in host.installed]


async def activate(ctx: Context, host: PluginHost, plugin_id: str) -> list[str]:
    """Switch a plugin on, together with what it requires.

    Returns:
        Ids of the plugins that were switched on.

    Raises:
        NotFound: no such plugin.
        Conflict: it does not work with this version of Headgate, or is not part of the tenant's plan.
    """
    plugin = _installed(host, plugin_id)
    if plugin.problem:
        raise Conflict(plugin.problem, field="", row=None, **plugin.problem_params)
    await _lock(ctx)
    states = await plugin_states(ctx)
    wanted = closure([plugin_id], host.installed)
    plan = await own_plan(ctx.db)
    if lacking := [host.by_id[one].manifest.name for one in sorted(wanted) if not plan.allows(one)]:
        raise Conflict(
            _NOT_IN_PLAN, plan=plan.title(ctx.locale),
            plugins=", ".join(ctx.translate(name) for name in lacking),
        )  # fmt: skip
    switched = [
        p.manifest.id
        for p in host.installed
        if p.manifest.id in wanted and states.get(p.manifest.id, ("off", ""))[0] != "active"
    ]
    await _store(ctx, switched, "active")
    return switched


async def deactivate(ctx: Context, host: PluginHost, catalogue: StepCatalogue, plugin_id: str) -> None:
    """Switch a plugin off; its data stays, and new orders no longer meet its steps.

    Args:
        ctx: who and where.
        host: the installed plugins.
        catalogue: their steps.
        plugin_id: which.

    Raises:
        NotFound: no such plugin.
        Conflict: other plugins need it (named), or open orders still need its steps (counted).
    """
    plugin = _installed(host, plugin_id)
    await _lock(ctx)
    states = await plugin_states(ctx)
    if states.get(plugin_id, ("off", ""))[0] == "off":
        return
    needing = [
        other.manifest.name
        for other in host.installed
        if plugin_id in other.manifest.requires and states.get(other.manifest.id, ("off", ""))[0] == "active"
    ]
    if needing:
        raise Conflict(
            N_("{plugins} need {name}. Switch them off first."),
            plugins=", ".join(ctx.translate(name) for name in needing),
            name=ctx.translate(plugin.manifest.name),
        )
    needing_steps = await count_needing(ctx, catalogue, plugin_id)
    if needing_steps.subjects:
        raise Conflict(
            N_("{n} open orders still need steps of this plugin: {steps}. Let them finish first."),
            n=needing_steps.subjects,
            steps=", ".join(ctx.translate(catalogue.step_types[step].name) for step in needing_steps.steps),
        )
    await drain_plugin(ctx, catalogue, plugin_id)
    await _store(ctx, [plugin_id], "off")


async def set_active(ctx: Context, host: PluginHost, plugin_ids: tuple[str, ...]) -> None:
    """Switch on exactly what a blueprint names, with what that requires; nothing is switched off."""
    for plugin_id in plugin_ids:
        await activate(ctx, host, plugin_id)


def _installed(host: PluginHost, plugin_id: str) -> InstalledPlugin:
    plugin = host.by_id.get(plugin_id)
    if plugin is None:
        raise NotFound(N_("There is no plugin called {plugin}."), plugin=plugin_id)
    return plugin


async def _lock(ctx: Context) -> None:
    """One switch at a time: two at once could each miss what the other needs."""
    await ctx.db.execute("SELECT pg_advisory_xact_lock($1, $2)", 7226002, ctx.tenant.id)


async def _store(ctx: Context, plugin_ids: list[str], state: str) -> None:
    if not plugin_ids:
        return
    await ctx.db.execute_many(
        """
        INSERT INTO plugin_activation (tenant_id, plugin, state, reason, changed_at, changed_by)
        VALUES ($1, $2, $3, '', $4, $5)
        ON CONFLICT (tenant_id, plugin) DO UPDATE
        SET state = excluded.state, reason = '', changed_at = excluded.changed_at,
            changed_by = excluded.changed_by
        """,
        [(ctx.tenant.id, plugin_id, state, ctx.clock.now(), ctx.actor.name) for plugin_id in plugin_ids],
    )
    for plugin_id in plugin_ids:
        await ctx.audit("plugin.activate" if state == "active" else "plugin.deactivate", plugin_id)
    await touch(ctx.db, ctx.tenant.id)


def _view(
    ctx: Context,
    plugin: InstalledPlugin,
    states: dict[str, tuple[str, str]],
    host: PluginHost,
    plan: Plan,
) -> PluginView:
    manifest = plugin.manifest
    active = frozenset(one for one, (state, _) in states.items() if state == "active")
    state, reason = states.get(manifest.id, ("off", ""))
    if plugin.problem:
        state, reason = "incompatible", ctx.translate(plugin.problem, **plugin.problem_params)
    elif not plan.allows(manifest.id):
        name = ctx.translate(manifest.name)
        state, reason = (
            "not_in_plan", ctx.translate(_NOT_IN_PLAN, plan=plan.title(ctx.locale), plugins=name),
        )  # fmt: skip
    return PluginView(
        plugin,
        state,
        reason,
        tuple(
            o.manifest.name
            for o in host.installed
            if manifest.id in o.manifest.requires and o.manifest.id in active
        ),
        tuple(
            host.by_id[need].manifest.name
            for need in sorted(closure([manifest.id], host.installed) - {manifest.id} - active)
            if need in host.by_id
        ),
        surfaces_of(manifest.id, host),
    )


def surfaces_of(plugin_id: str, host: PluginHost) -> tuple[Surface, ...]:
    """List what a plugin registered, by kind."""
    surfaces, manifest = host.surfaces, host.by_id[plugin_id].manifest
    paths = sorted(
        {path for p, route in surfaces.routes if p == plugin_id for path in getattr(route, "paths", ())}
    )
    kinds: list[tuple[str, list[str]]] = [
        (N_("Menu entries"), [item.label for p, item in surfaces.nav if p == plugin_id]),
        (N_("Pages"), [path for path in paths if not path.startswith("/api/")]),
        (N_("Endpoints"), [path for path in paths if path.startswith("/api/")]),
        (N_("Places in pages"), [slot.place for p, slot in surfaces.slots if p == plugin_id]),
        (N_("Steps"), [step.name for p, step in surfaces.step_types if p == plugin_id]),
        (N_("Jobs"), [job.name for p, job in surfaces.jobs if p == plugin_id]),
        (N_("Schedules"), [str(schedule) for p, schedule in surfaces.schedules if p == plugin_id]),
        (N_("Permissions"), [permission.label for permission in manifest.permissions]),
    ]
    return tuple(Surface(kind, tuple(names)) for kind, names in kinds if names)
