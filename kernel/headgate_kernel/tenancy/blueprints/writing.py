"""Bring one section of a tenant to its blueprint; each writes only what differs."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from headgate_sdk.blueprint import Blueprint, BlueprintProblem, PersonEntry, Profile
from headgate_sdk.context import Context
from headgate_sdk.database import Database
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.memberships import save_members, save_roles
from headgate_kernel.identity.ownership import keeping_an_owner
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.plugins.activation import activate, deactivate
from headgate_kernel.tenancy.blueprints.flow_entries import flow_settings
from headgate_kernel.tenancy.blueprints.live import read_flows
from headgate_kernel.tenancy.plugin_settings import save_settings
from headgate_kernel.workflow.flows import publish_flow

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


async def reserve_tenant_id(db: Database) -> TenantId:
    """Take the number of a tenant that is yet to be made."""
    return TenantId(await db.fetch_value("SELECT nextval('tenant_id_seq')::integer"))


async def write_profile(
    db: Database, tenant_id: TenantId, wanted: Profile, before: Profile | None, *, domain: str, at: datetime
) -> list[BlueprintProblem]:
    """Make the tenant or change it, and give it its address; gives what stands against it.

    Args:
        db: a transaction that sees the platform's tables.
        tenant_id: whose.
        wanted: what the blueprint says.
        before: what the tenant is; None for a new one.
        domain: of the installation.
        at: now.
    """
    host = f"{wanted.host or wanted.slug}.{domain}".lower()
    owner = await db.fetch_value("SELECT tenant_id FROM tenant_host WHERE host = $1", host)
    if owner not in {None, tenant_id}:
        return [
            BlueprintProblem(
                ("profile", "host" if wanted.host else "slug"),
                N_("The address {host} belongs to another distributor."),
                {"host": host},
            )
        ]
    if before is not None and before.currency != wanted.currency:
        return [
            BlueprintProblem(
                ("profile", "currency"),
                N_("The books of this distributor are kept in {before}, which cannot be changed."),
                {"before": before.currency},
            )
        ]
    if before is None:
        await db.execute(
            """
            INSERT INTO tenant (id, slug, name, currency, timezone, locale, brand_colour, created_at)
            OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            """,
            tenant_id, wanted.slug, wanted.name, wanted.currency, wanted.timezone, wanted.locale,
            wanted.brand_colour, at,
        )  # fmt: skip
    else:
        await db.execute(
            """
            UPDATE tenant SET name = $2, timezone = $3, locale = $4, brand_colour = $5
            WHERE id = $1 AND (name, timezone, locale, lower(brand_colour)) <> ($2, $3, $4, lower($5))
            """,
            tenant_id, wanted.name, wanted.timezone, wanted.locale, wanted.brand_colour,
        )  # fmt: skip
    if owner is None:
        await db.execute("INSERT INTO tenant_host (host, tenant_id) VALUES ($1, $2)", host, tenant_id)
    return []


async def write_plugins(kernel: "Kernel", ctx: Context, wanted: Sequence[str], active: Sequence[str]) -> None:
    """Switch on what the blueprint wants, and all else off, those that need others first.

    Raises:
        Conflict: open orders need the steps of a plugin that would go, or the plan lacks one that would come.
    """
    for plugin in reversed(list(kernel.host.by_id)):
        if plugin in active and plugin not in wanted:
            await deactivate(ctx, kernel.host, kernel.steps, plugin)
    for plugin in kernel.host.by_id:
        if plugin in wanted and plugin not in active:
            await activate(ctx, kernel.host, plugin)


async def write_settings(kernel: "Kernel", ctx: Context, wanted: Blueprint) -> tuple[str, ...]:
    """Keep the settings of the plugins that have a table in the blueprint.

    Returns:
        Plugins with other secrets than before, behind references that are the same.
    """
    saved = {
        plugin: await save_settings(kernel, ctx, plugin, values) for plugin, values in wanted.settings.items()
    }
    return tuple(plugin for plugin, one in saved.items() if one.secrets and not one.values)


async def write_flows(kernel: "Kernel", ctx: Context, wanted: Blueprint, given: Blueprint) -> None:
    """Publish the flows that the blueprint names and that are not as it says.

    Args:
        kernel: of the process.
        ctx: of the tenant, with the plugins that are on by now.
        wanted: written the one way.
        given: as the blueprint has it, with steps in their own order.
    """
    now = await read_flows(kernel, ctx)
    for subject, entry in given.flow.items():
        if now.get(subject) != wanted.flow[subject]:
            settings = flow_settings(kernel.steps, subject, entry, ctx.plugins)
            await publish_flow(ctx, kernel.steps, subject, settings)


async def write_people(
    kernel: "Kernel", ctx: Context, wanted: Blueprint, before: Blueprint | None, hashes: Mapping[str, str]
) -> dict[str, UUID]:
    """Make or change the roles and people that differ; an owner stays.

    Args:
        kernel: of the process.
        ctx: of the tenant, on a transaction that sees the platform's tables.
        wanted: written the one way.
        before: what the tenant is.
        hashes: of first passwords, by folded login.

    Returns:
        Membership ids of all the blueprint's people by folded login; whose access has ended is left out.
    """
    roles = {role.key: role for role in before.roles} if before else {}
    people = {person.login: person for person in before.people} if before else {}
    ended = await _ended(ctx)
    changed = [
        p for p in wanted.people if p.login not in ended and _member(people.get(p.login)) != _member(p)
    ]
    fresh = [NewPerson(p.login, p.name, hashes.get(p.login)) for p in wanted.people if p.login not in ended]
    async with keeping_an_owner(ctx):
        await save_roles(ctx, [role for role in wanted.roles if roles.get(role.key) != role])
        ids = await save_people(ctx.db, fresh, kernel.clock.now())
        if changed:
            await save_members(ctx, changed, ids)
    rows = await ctx.db.fetch(
        "SELECT person_id, id FROM membership WHERE tenant_id = $1 AND person_id = ANY($2)",
        ctx.tenant.id, list(ids.values()),
    )  # fmt: skip
    members = {row["person_id"]: row["id"] for row in rows}
    return {login: members[person_id] for login, person_id in ids.items()}


def _member(person: PersonEntry | None) -> tuple[str, str, tuple[str, ...]] | None:
    """Give what a membership holds of a person."""
    return (person.name, person.kind, person.roles) if person else None


async def _ended(ctx: Context) -> set[str]:
    rows = await ctx.db.fetch(
        "SELECT login FROM membership WHERE tenant_id = $1 AND state = 'ended'", ctx.tenant.id
    )
    return {row["login"] for row in rows}
