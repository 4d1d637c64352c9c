"""A tenant as it is, written as a blueprint; and a blueprint in the one form that can be compared."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from headgate_sdk import hooks
from headgate_sdk.blueprint import (
    Blueprint,
    BlueprintPart,
    FlowEntry,
    PersonEntry,
    Plugins,
    PriceLevel,
    Profile,
    RoleEntry,
)
from headgate_sdk.context import Context

from headgate_kernel.identity.logins import fold_login
from headgate_kernel.plugins.discovery import closure
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.blueprints.flow_entries import flow_entry, flow_settings
from headgate_kernel.tenancy.plugin_settings import read_settings
from headgate_kernel.tenancy.setting_values import Values, chosen_values, settings_types
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.compiler import default_flow
from headgate_kernel.workflow.versions import read_current

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

_PROFILE = """
SELECT t.slug, t.name, t.currency, t.timezone, t.locale, lower(t.brand_colour) AS brand_colour,
       coalesce(t.plan, '') AS plan,
       ARRAY(SELECT h.host FROM tenant_host h WHERE h.tenant_id = t.id ORDER BY h.host) AS hosts
FROM tenant t WHERE t.id = $1
"""
_ROLES = "SELECT key, name, permissions, second_factor FROM role WHERE tenant_id = $1"
_PEOPLE = """
SELECT m.id, m.login, m.name, m.kind,
       ARRAY(SELECT r.key FROM membership_role mr JOIN role r ON r.tenant_id = $1 AND r.id = mr.role_id
             WHERE mr.tenant_id = $1 AND mr.membership_id = m.id ORDER BY r.key) AS roles
FROM membership m WHERE m.tenant_id = $1 AND m.state <> 'ended'
"""


async def read_live(kernel: "Kernel", ctx: Context) -> Blueprint:
    """Give a tenant as it is.

    Args:
        kernel: of the process.
        ctx: of the tenant, on a transaction that sees the platform's tables too.
    """
    parts = [part for _, part in await ctx.hooks.decide(hooks.headgate_read_blueprint)]
    profile, plan = await _read_profile(kernel, ctx)
    kept = {plugin: values for plugin, values in (await read_settings(ctx)).items() if values}
    return Blueprint(
        profile=profile,
        plan=plan,
        plugins=Plugins(_installed_order(kernel.host, ctx.plugins)),
        settings={plugin: values for plugin, values in kept.items() if plugin in ctx.plugins},
        roles=_sorted_roles(
            RoleEntry(row["key"], row["name"], tuple(sorted(row["permissions"])), row["second_factor"])
            for row in await ctx.db.fetch(_ROLES, ctx.tenant.id)
        ),
        flow=await read_flows(kernel, ctx),
        price_levels=_sorted_levels(level for part in parts for level in part.price_levels),
        price_lists=tuple(sorted((o for p in parts for o in p.price_lists), key=lambda o: o.key)),
        customer_groups=tuple(sorted((o for p in parts for o in p.customer_groups), key=lambda o: o.key)),
        attributes=tuple(one for part in parts for one in part.attributes),
        people=await _read_people(ctx, parts),
    )


async def read_flows(kernel: "Kernel", ctx: Context) -> dict[str, FlowEntry]:
    """Give the flows that new subjects start under; the plugin's own where nobody published one."""
    found: dict[str, FlowEntry] = {}
    for subject in kernel.steps.subject_types.values():
        if subject.plugin in ctx.plugins:
            current = await read_current(ctx, subject.id)
            settings = (
                current.definition.settings() if current else default_flow(kernel.steps, subject, ctx.plugins)
            )
            found[subject.id] = flow_entry(kernel.steps, settings)
    return found


def canonical(blueprint: Blueprint, host: PluginHost, steps: StepCatalogue, *, complete: bool) -> Blueprint:
    """Write a sound blueprint the one way: as `read_live` would give the tenant made from it.

    Args:
        blueprint: sound, of a file.
        host: the installed plugins.
        steps: their steps.
        complete: also write what a new tenant gets for what is left out; else leave it out.
    """
    plugins = frozenset(closure(blueprint.plugins.enabled, host.installed))
    return Blueprint(
        profile=msgspec.structs.replace(
            blueprint.profile,
            host=blueprint.profile.host or blueprint.profile.slug,
            brand_colour=blueprint.profile.brand_colour.lower(),
        ),
        plan=blueprint.plan,
        plugins=Plugins(_installed_order(host, plugins)),
        settings=_chosen_settings(blueprint.settings, host, complete=complete),
        roles=_sorted_roles(
            msgspec.structs.replace(role, permissions=tuple(sorted(set(role.permissions))))
            for role in blueprint.roles
        ),
        flow=_canonical_flows(blueprint.flow, steps, plugins, complete=complete),
        price_levels=_sorted_levels(blueprint.price_levels),
        price_lists=tuple(sorted(blueprint.price_lists, key=lambda one: one.key)),
        customer_groups=tuple(sorted(blueprint.customer_groups, key=lambda one: one.key)),
        attributes=blueprint.attributes,
        people=_sorted_people(
            msgspec.structs.replace(
                person, login=fold_login(person.login), roles=tuple(sorted(set(person.roles)))
            )
            for person in blueprint.people
        ),
        sample=blueprint.sample,
    )


def _chosen_settings(
    settings: Mapping[str, Values], host: PluginHost, *, complete: bool
) -> dict[str, Values]:
    kinds = settings_types(host)
    chosen = {plugin: chosen_values(kinds[plugin], values) for plugin, values in settings.items()}
    return {plugin: values for plugin, values in sorted(chosen.items()) if values or not complete}


def _canonical_flows(
    flows: Mapping[str, FlowEntry], steps: StepCatalogue, plugins: frozenset[str], *, complete: bool
) -> dict[str, FlowEntry]:
    found: dict[str, FlowEntry] = {}
    for subject in steps.subject_types.values():
        if subject.id in flows:
            found[subject.id] = flow_entry(
                steps, flow_settings(steps, subject.id, flows[subject.id], plugins)
            )
        elif complete and subject.plugin in plugins:
            found[subject.id] = flow_entry(steps, default_flow(steps, subject, plugins))
    return found


async def _read_profile(kernel: "Kernel", ctx: Context) -> tuple[Profile, str]:
    row = await ctx.db.fetch_row(_PROFILE, ctx.tenant.id)
    assert row is not None
    values: dict[str, Any] = dict(row)
    hosts, plan = values.pop("hosts"), values.pop("plan")
    return Profile(host=_host_label(row["slug"], hosts, kernel.settings.domain), **values), plan


def _host_label(slug: str, hosts: Sequence[str], domain: str) -> str:
    """Give the first of a tenant's addresses: that of its short name if it has it."""
    labels = [host.removesuffix(f".{domain}") for host in hosts if host.endswith(f".{domain}")]
    return slug if slug in labels or not labels else labels[0]


async def _read_people(ctx: Context, parts: Sequence[BlueprintPart]) -> tuple[PersonEntry, ...]:
    codes: dict[UUID, str] = {}
    for part in parts:
        codes |= part.customers
    return _sorted_people(
        PersonEntry(row["login"], row["name"], row["kind"], tuple(row["roles"]), codes.get(row["id"], ""))
        for row in await ctx.db.fetch(_PEOPLE, ctx.tenant.id)
    )


def _installed_order(host: PluginHost, plugins: Iterable[str]) -> tuple[str, ...]:
    wanted = frozenset(plugins)
    return tuple(plugin for plugin in host.by_id if plugin in wanted)


def _sorted_roles(roles: Iterable[RoleEntry]) -> tuple[RoleEntry, ...]:
    return tuple(sorted(roles, key=lambda role: ("*" not in role.permissions, role.key)))


def _sorted_people(people: Iterable[PersonEntry]) -> tuple[PersonEntry, ...]:
    return tuple(sorted(people, key=lambda person: (person.kind != "staff", person.login)))


def _sorted_levels(levels: Iterable[PriceLevel]) -> tuple[PriceLevel, ...]:
    tidy = [msgspec.structs.replace(one, discount=_plain(Decimal(one.discount))) for one in levels]
    return tuple(sorted(tidy, key=lambda one: (Decimal(one.discount), one.key)))


def _plain(number: Decimal) -> str:
    return format(number.normalize() + 0, "f")
