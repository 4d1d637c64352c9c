"""Bring a tenant to its blueprint, in one transaction; or only try it, to see what it would change.

A plan is the same work, undone at the end: so it tells exactly what applying does, refused rows of files and
orders that hold a plugin included. Where nothing would change, nothing is kept either: no audit entry, no new
revision.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk import hooks
from headgate_sdk.audit import many_changes
from headgate_sdk.blueprint import Blueprint, FileCount, PersonEntry
from headgate_sdk.context import SYSTEM, Actor, Context
from headgate_sdk.errors import Conflict
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.database.unit_of_work import UnitOfWork
from headgate_kernel.identity.passwords import hash_password
from headgate_kernel.tenancy.blueprints.checking import check_folder
from headgate_kernel.tenancy.blueprints.comparing import SectionChange, compare
from headgate_kernel.tenancy.blueprints.live import canonical, read_live
from headgate_kernel.tenancy.blueprints.people import Invited, invite_people, without_password
from headgate_kernel.tenancy.blueprints.source import Source
from headgate_kernel.tenancy.blueprints.writing import (
    reserve_tenant_id,
    write_flows,
    write_people,
    write_plugins,
    write_profile,
    write_settings,
)
from headgate_kernel.tenancy.directory import touch
from headgate_kernel.tenancy.operating import tenant_in_scope
from headgate_kernel.tenancy.plans import assign_plan

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

PasswordOf = Callable[[PersonEntry], str | None]
Finish = Callable[[Context], Awaitable[None]]


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What applying a blueprint changed, or would change.

    Args:
        blueprint: that was applied.
        is_new: there was no such tenant.
        before: the tenant as it was; None for a new one.
        after: as it is then.
        changes: what differs.
        files: of the sample, with what each did.
        passwords: people who got their first password.
        invited: people who were invited, with their links.
    """

    blueprint: Blueprint
    is_new: bool
    before: Blueprint | None
    after: Blueprint
    changes: tuple[SectionChange, ...]
    files: tuple[FileCount, ...]
    passwords: int = 0
    secrets: tuple[str, ...] = ()
    invited: tuple[Invited, ...] = ()

    @property
    def is_change(self) -> bool:
        """Whether anything differs."""
        loaded = any(file.created or file.changed for file in self.files)
        return bool(self.changes or loaded or self.passwords or self.secrets or self.invited)


async def plan_blueprint(kernel: "Kernel", folder: Path, *, sample: bool = True) -> Outcome:
    """Tell what applying a blueprint would change; nothing is kept.

    Raises:
        NotFound: there is no blueprint.
        InvalidBlueprint: everything that is wrong with it.
        HeadgateError: what else would stop it, such as refused rows of a file.
    """
    return await carry_out(kernel, await check_folder(kernel, folder), keep=False, sample=sample)


async def apply_blueprint(
    kernel: "Kernel",
    folder: Path,
    *,
    password_of: PasswordOf = lambda _: None,
    sample: bool = True,
    invite: bool = False,
    actor: Actor = SYSTEM,
) -> Outcome:
    """Set a tenant up, or bring an existing one to what the blueprint says: all of it or nothing.

    Args:
        kernel: of the process.
        folder: of the blueprint.
        password_of: first password of a person who has none; None leaves them without.
        sample: load the files too.
        invite: send invitations to people who cannot sign in yet.
        actor: on whose behalf.

    Raises:
        NotFound: there is no blueprint.
        InvalidBlueprint: everything that is wrong with it.
        HeadgateError: what else stopped it.
    """
    return await carry_out(
        kernel, await check_folder(kernel, folder), keep=True, sample=sample, invite=invite,
        password_of=password_of, actor=actor,
    )  # fmt: skip


async def carry_out(
    kernel: "Kernel",
    source: Source,
    *,
    keep: bool,
    sample: bool = True,
    invite: bool = False,
    password_of: PasswordOf = lambda _: None,
    actor: Actor = SYSTEM,
    finish: Finish | None = None,
) -> Outcome:
    """Do the work of a checked blueprint, and keep it or not; see `apply_blueprint`.

    `finish` makes it the setting up of a new tenant and nothing else, and does what else belongs to that, in
    the same transaction; where the tenant is there already, nothing is done.
    """
    blueprint = source.blueprint
    async with kernel.databases.platform_scope() as db:
        found = await db.fetch_value("SELECT id FROM tenant WHERE slug = $1", blueprint.profile.slug)
        tenant_id = TenantId(found) if found else await reserve_tenant_id(db)
        needing = await without_password(db, blueprint.people)
    hashes = {
        login: await hash_password(password)
        for login, person in needing.items()
        if keep and (password := password_of(person)) is not None
    }
    work = _Work(kernel, source, tenant_id, is_new=found is None, actor=actor)
    async with kernel.databases.platform_scope() as unit, tenant_in_scope(unit, tenant_id):
        unit.after_commit(lambda: kernel.directory.forget(tenant_id))
        outcome = await work.run(unit, hashes, sample=sample, invite=invite and keep)
        if finish is not None:
            if not outcome.is_new:
                raise Conflict(N_("'{slug}' is taken already."), field="slug", slug=blueprint.profile.slug)
            await finish(await work.context(unit))
        if keep and outcome.is_change:
            await work.note(unit, outcome)
        else:
            await unit.rollback()
    return outcome


class _Work:
    """One application of a blueprint, in one transaction.

    Args:
        kernel: of the process.
        source: the blueprint, which was checked.
        tenant_id: whose; reserved when it is new.
        is_new: there is no such tenant yet.
        actor: on whose behalf.
    """

    def __init__(
        self, kernel: "Kernel", source: Source, tenant_id: TenantId, *, is_new: bool, actor: Actor
    ) -> None:
        self.kernel, self.source, self.tenant_id, self.is_new = kernel, source, tenant_id, is_new
        self.actor = msgspec.structs.replace(actor, permissions=SYSTEM.permissions)
        self.given = source.blueprint
        self.wanted = canonical(self.given, kernel.host, kernel.steps, complete=False)

    async def run(
        self, unit: UnitOfWork, hashes: Mapping[str, str], *, sample: bool, invite: bool
    ) -> Outcome:
        """Write what differs and tell it."""
        kernel, wanted = self.kernel, self.wanted
        before = None if self.is_new else await read_live(kernel, await self.context(unit))
        problems = await write_profile(
            unit, self.tenant_id, self.given.profile, before.profile if before else None,
            domain=kernel.settings.domain, at=kernel.clock.now(),
        )  # fmt: skip
        if problems:
            raise self.source.invalid(problems)
        if wanted.plan and (before is None or before.plan != wanted.plan):
            await assign_plan(unit, self.tenant_id, wanted.plan, actor=self.actor, now=kernel.clock.now())
        ctx = await self.context(unit)
        await write_plugins(kernel, ctx, wanted.plugins.enabled, before.plugins.enabled if before else ())
        secrets = await write_settings(kernel, ctx, wanted)
        # a context knows the plugins and settings that were there when it was made
        ctx = await self.context(unit)
        await write_flows(kernel, ctx, wanted, self.given)
        members = await write_people(kernel, ctx, wanted, before, hashes)
        files = await self._plugins(ctx, members, sample=sample)
        after = await read_live(kernel, ctx)
        invited = await invite_people(kernel, ctx, self.given.people, members) if invite else ()
        return Outcome(
            blueprint=self.given, is_new=self.is_new, before=before, after=after,
            changes=compare(before, after), files=files, passwords=len(hashes), secrets=secrets,
            invited=invited,
        )  # fmt: skip

    async def note(self, unit: UnitOfWork, outcome: Outcome) -> None:
        """Tell the audit log and all workers that there was a change."""
        ctx = await self.context(unit)
        await ctx.audit(
            "blueprint.applied",
            self.given.profile.slug,
            changes={change.section: len(change.rows) for change in outcome.changes},
            files={file.name: [file.created, file.changed] for file in outcome.files},
            **({} if outcome.is_new else many_changes(_fields_of(outcome.changes), most=40)),
        )
        await touch(unit, self.tenant_id)

    async def _plugins(
        self, ctx: Context, members: Mapping[str, UUID], *, sample: bool
    ) -> tuple[FileCount, ...]:
        given = msgspec.structs.replace(
            self.given, people=self.wanted.people, sample=self.given.sample if sample else None
        )
        told: Sequence[tuple[str, Sequence[FileCount] | None]] = await ctx.hooks.decide(
            hooks.headgate_apply_blueprint, given, self.source.folder, members
        )
        return tuple(file for _, files in told for file in files or ())

    async def context(self, unit: UnitOfWork) -> Context:
        """Make a context of the tenant as it is within the transaction."""
        tenant = await self.kernel.directory.read(unit, self.tenant_id)
        assert tenant is not None
        return self.kernel.make_context(tenant, self.actor, unit)


def _fields_of(changes: Sequence[SectionChange]) -> list[tuple[str, object, object]]:
    """Give what changed field by field, for the audit log: rights and settings above all."""
    return [
        (f"{change.section} {row.key} {field.name}", field.before, field.after)
        for change in changes
        for row in change.rows
        for field in row.fields
    ]
