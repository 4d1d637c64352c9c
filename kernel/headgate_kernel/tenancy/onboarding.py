"""Set a distributor up in minutes: from a blueprint, with its first owner invited; all of it or nothing.

The form carries a key, so that sending it twice makes one tenant. Sample data may take long, so a job brings
it in afterwards; the tenant works before it is there.
"""

from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from asyncpg import UniqueViolationError
from headgate_sdk.blueprint import Blueprint, PersonEntry
from headgate_sdk.context import Actor, Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_kernel.identity.invitations import invite
from headgate_kernel.identity.logins import check_login, region_of
from headgate_kernel.jobs.queue import enqueue
from headgate_kernel.tenancy.blueprints import Source, carry_out, check_source, read_source
from headgate_kernel.tenancy.checklist import open_checklist
from headgate_kernel.tenancy.folders import blueprints_folder
from headgate_kernel.tenancy.hosts import check_host
from headgate_kernel.tenancy.operating import note_deed
from headgate_kernel.tenancy.sample_job import SAMPLE_JOB, BringInSample
from headgate_kernel.tenancy.tenants import RESERVED, SLUG

if TYPE_CHECKING:
    from headgate_sdk.database import Database

    from headgate_kernel.runtime import Kernel

OWNER_PERMISSION = "*"
LONGEST_NAME = 80


class NewTenant(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator types.

    Args:
        key: of the form.
        blueprint: name of a folder in `tenants/`.
        name: of the distributor.
        slug: short name.
        host: first label of its address; empty is the short name.
        plan: key; empty is the blueprint's, else the first there is.
        owner_name: of the first owner.
        owner_login: their e-mail address or phone number.
        sample: whether the blueprint's sample data is brought in.
    """

    key: UUID
    blueprint: str
    name: str
    slug: str
    host: str = ""
    plan: str = ""
    owner_name: str
    owner_login: str
    sample: bool = False


class Onboarded(msgspec.Struct, frozen=True):
    """A tenant that was set up.

    Args:
        slug: short name.
        link: of the owner's invitation; empty when the form was sent before.
    """

    slug: str
    link: str


class Card(msgspec.Struct, frozen=True):
    """A blueprint to choose from.

    Args:
        folder: name in `tenants/`.
        blueprint: what it says.
        problem: why it cannot be used; empty when it can.
    """

    folder: str
    blueprint: Blueprint | None
    problem: HeadgateError | None = None


def list_blueprints() -> list[Card]:
    """Give the blueprints of this installation; one that cannot be read is shown with its problem."""
    cards: list[Card] = []
    for folder in sorted(path.parent for path in blueprints_folder().glob("*/tenant.toml")):
        try:
            cards.append(Card(folder.name, read_source(folder).blueprint))
        except HeadgateError as error:
            cards.append(Card(folder.name, None, error))
    return cards


async def slug_problem(db: "Database", slug: str) -> Invalid | None:
    """Tell why a short name cannot be taken; None when it is free.

    Args:
        db: a platform scope.
        slug: as typed.
    """
    if not SLUG.fullmatch(slug):
        return Invalid(
            N_("'{slug}' cannot be a short name: use 2 to 40 small letters, digits and hyphens."),
            field="slug", slug=slug[:80],
        )  # fmt: skip
    if slug in RESERVED:
        return Invalid(N_("'{slug}' is reserved for Headgate."), field="slug", slug=slug)
    if await db.fetch_value("SELECT 1 FROM tenant WHERE slug = $1", slug):
        return Invalid(N_("'{slug}' is taken already."), field="slug", slug=slug)
    return None


async def onboard_tenant(kernel: "Kernel", wanted: NewTenant, *, operator: Actor) -> Onboarded:
    """Set a tenant up and invite its owner.

    Args:
        kernel: of the process.
        wanted: what the operator typed.
        operator: who does it.

    Raises:
        InvalidFields: names what is wrong, by field of `NewTenant`.
        HeadgateError: what else stopped it. Nothing is left behind then.
    """
    known = await _known(kernel, wanted.key)
    if known is not None:
        return Onboarded(known, "")
    source = await _source(kernel, wanted)
    links: list[str] = []

    async def finish(ctx: Context) -> None:
        links.append(await _finish(kernel, ctx.acting_as(operator), wanted, source))

    try:
        await check_source(kernel, source)
        await carry_out(kernel, source, keep=True, sample=False, actor=operator, finish=finish)
    except Exception as error:
        # the same form was sent twice at once, and the other one was faster
        known = await _known(kernel, wanted.key)
        if known is not None:
            return Onboarded(known, "")
        if isinstance(error, UniqueViolationError):
            field = "host" if error.constraint_name == "tenant_host_pkey" else "slug"
            raise Invalid(N_("Somebody else has just taken this."), field=field) from None
        raise
    return Onboarded(wanted.slug, links[0])


async def _known(kernel: "Kernel", key: UUID) -> str | None:
    async with kernel.databases.platform_scope() as db:
        slug: str | None = await db.fetch_value(
            "SELECT t.slug FROM onboarding o JOIN tenant t ON t.id = o.tenant_id WHERE o.key = $1", key
        )
    return slug


async def _source(kernel: "Kernel", wanted: NewTenant) -> Source:
    """Make the blueprint of this one tenant, with everything that is wrong told at once."""
    chosen = next((card for card in list_blueprints() if card.folder == wanted.blueprint), None)
    if chosen is None or chosen.blueprint is None:
        raise Invalid(N_("Choose a blueprint."), field="blueprint")
    source = read_source(blueprints_folder() / chosen.folder)
    given = source.blueprint
    problems = await _problems(kernel, wanted, given)
    if problems:
        raise InvalidFields(problems)
    owner = PersonEntry(
        check_login(wanted.owner_login, region_of(given.profile.timezone)),
        wanted.owner_name.strip(), "staff",
        (_owner_role(given),),
    )  # fmt: skip
    profile = msgspec.structs.replace(
        given.profile, slug=wanted.slug, name=wanted.name.strip(), host=wanted.host.strip().lower()
    )
    blueprint = msgspec.structs.replace(
        given, profile=profile, plan=wanted.plan or given.plan, people=(owner,),
        sample=given.sample if wanted.sample else None,
    )  # fmt: skip
    return Source(source.folder, source.text, blueprint)


async def _problems(kernel: "Kernel", wanted: NewTenant, given: Blueprint) -> list[HeadgateError]:
    problems: list[HeadgateError] = []
    for field, text in (("name", wanted.name), ("owner_name", wanted.owner_name)):
        if not text.strip():
            problems.append(Invalid(N_("This is missing."), field=field))
        elif len(text.strip()) > LONGEST_NAME:
            problems.append(Invalid(N_("This may have at most {n} characters."), field=field, n=LONGEST_NAME))
    try:
        check_login(wanted.owner_login, region_of(given.profile.timezone))
    except Invalid as error:
        error.field = "owner_login"
        problems.append(error)
    async with kernel.databases.platform_scope() as db:
        taken = await slug_problem(db, wanted.slug)
        problems += [taken] if taken else []
        problems += await _host_problems(db, wanted, kernel.settings.domain)
        plans = [row["key"] for row in await db.fetch("SELECT key FROM plan")]
    if wanted.plan and wanted.plan not in plans:
        problems.append(Invalid(N_("Choose one of the plans."), field="plan"))
    return problems


async def _host_problems(db: "Database", wanted: NewTenant, domain: str) -> list[HeadgateError]:
    label = wanted.host.strip().lower()
    if not label:
        return []
    if "." in label:
        return [Invalid(N_("Write the first part only; other addresses are added later."), field="host")]
    try:
        host = check_host(label, domain=domain)
    except Invalid as error:
        return [error]
    if await db.fetch_value("SELECT 1 FROM tenant_host WHERE host = $1", host):
        return [Invalid(N_("The address {host} belongs to another distributor."), field="host", host=host)]
    return []


def _owner_role(blueprint: Blueprint) -> str:
    for role in blueprint.roles:
        if OWNER_PERMISSION in role.permissions:
            return role.key
    raise Invalid(N_("This blueprint has no role that may do everything."), field="blueprint")


async def _finish(kernel: "Kernel", ctx: Context, wanted: NewTenant, source: Source) -> str:
    """Do what else belongs to a new tenant, in the same transaction; gives the owner's link."""
    now, sample = ctx.clock.now(), source.blueprint.sample is not None
    await ctx.db.execute(
        "INSERT INTO onboarding (tenant_id, key, blueprint, begun_at, begun_by, sample, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $4)",
        ctx.tenant.id, wanted.key, wanted.blueprint, now, ctx.actor.name, "waiting" if sample else "none",
    )  # fmt: skip
    owner = await ctx.db.fetch_row(
        "SELECT id, person_id, login FROM membership WHERE tenant_id = $1", ctx.tenant.id
    )
    assert owner is not None
    link = await invite(
        kernel, ctx.db, tenant_id=ctx.tenant.id, person_id=owner["person_id"], membership_id=owner["id"],
        to=owner["login"], by=ctx.actor.name,
    )  # fmt: skip
    await open_checklist(ctx)
    if sample:
        payload = BringInSample(wanted.blueprint)
        await enqueue(ctx.db, ctx.tenant.id, SAMPLE_JOB, payload, key="sample", now=now)
    await note_deed(ctx, "tenant.create", blueprint=wanted.blueprint, owner=wanted.owner_name.strip())
    return link
