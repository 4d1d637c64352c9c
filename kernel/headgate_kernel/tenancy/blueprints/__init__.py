"""Blueprints: read `tenant.toml`, set a tenant up from it, again and again without harm."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk import hooks
from headgate_sdk.blueprint import Blueprint, PersonEntry
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.workflow import FlowSettings, PhaseSettings, StepSetting

from headgate_kernel.identity.memberships import check_people, save_members, save_roles
from headgate_kernel.identity.passwords import hash_password
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.permissions import check_roles
from headgate_kernel.plugins.activation import set_active
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.tenants import check_profile, save_tenant
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.flows import publish_flow

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

FILE_NAME = "tenant.toml"


def read_blueprint(folder: Path) -> Blueprint:
    """Read and check a blueprint.

    Raises:
        NotFound: there is none in the folder.
        Invalid: names the file and what is wrong in it.
    """
    path = folder / FILE_NAME
    try:
        return msgspec.toml.decode(path.read_bytes(), type=Blueprint)
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(N_("There is no blueprint at {path}."), path=str(path)) from None
    except (msgspec.DecodeError, ValueError) as error:
        raise Invalid(N_("{path} cannot be used: {reason}"), path=str(path), reason=str(error)) from error


async def apply_blueprint(
    kernel: "Kernel",
    folder: Path,
    *,
    password_of: Callable[[PersonEntry], str | None] = lambda _: None,
) -> Blueprint:
    """Set a tenant up, or bring an existing one to what the blueprint says.

    Args:
        kernel: of the process.
        folder: of the blueprint.
        password_of: first password of a person; None leaves them without, or with the one that they have.

    Raises:
        NotFound: there is no blueprint.
        Invalid: names what is wrong in it; what can be seen before anything is written, is.
    """
    blueprint = read_blueprint(folder)
    _check(blueprint, kernel.host)
    hashes = {
        person.login: await hash_password(password)
        for person in blueprint.people
        if (password := password_of(person)) is not None
    }
    now = kernel.clock.now()
    async with kernel.databases.platform_scope() as db:
        tenant_id = await save_tenant(db, blueprint.profile, domain=kernel.settings.domain, at=now)
        person_ids = await save_people(
            db, [NewPerson(p.login, p.name, hashes.get(p.login)) for p in blueprint.people], now
        )
    kernel.directory.forget(tenant_id)
    async with kernel.context(await kernel.tenant(blueprint.profile.slug)) as ctx:
        await set_active(ctx, kernel.host, blueprint.plugins.enabled)
    # a context knows the plugins that were active when it was opened, so the rest runs in a new one
    async with kernel.context(await kernel.tenant(blueprint.profile.slug)) as ctx:
        await save_roles(ctx, blueprint.roles)
        members = await save_members(ctx, blueprint.people, person_ids)
        await _publish_flows(kernel, ctx, blueprint)
        await ctx.hooks.decide(hooks.headgate_apply_blueprint, blueprint, folder, members)
    kernel.directory.forget(tenant_id)
    return blueprint


def _check(blueprint: Blueprint, host: PluginHost) -> None:
    check_profile(blueprint.profile)
    for plugin in blueprint.plugins.enabled:
        if plugin not in host.by_id:
            raise Invalid(
                N_("The blueprint switches on the plugin {plugin}, which is not installed."),
                field="plugins.enabled", plugin=plugin,
            )  # fmt: skip
    check_roles(blueprint.roles, [permission for _, permission in host.surfaces.permissions])
    check_people(blueprint.people, [role.key for role in blueprint.roles])


async def _publish_flows(kernel: "Kernel", ctx: Context, blueprint: Blueprint) -> None:
    for subject_type, entry in blueprint.flow.items():
        settings = _flow_settings(kernel.steps, subject_type, entry.steps, ctx.plugins)
        await publish_flow(ctx, kernel.steps, subject_type, settings)


def _flow_settings(
    catalogue: StepCatalogue, subject_type: str, steps: tuple[str, ...], plugins: frozenset[str]
) -> FlowSettings:
    """Put the named steps, in their order, into the phases where they stand; all others are off."""
    subject = catalogue.subject(subject_type)
    available = {step.id: step for step in catalogue.steps_for(subject_type, plugins)}
    for step in steps:
        if step not in available:
            raise Invalid(
                N_("The flow names the step {step}, which no plugin that is switched on has."),
                field=f"flow.{subject_type}.steps", step=step,
            )  # fmt: skip
    order = [*steps, *(step for step in available if step not in steps)]
    return FlowSettings(
        tuple(
            PhaseSettings(
                phase.id,
                tuple(
                    (StepSetting(step, enabled=step in steps),)
                    for step in order
                    if available[step].phases[0] == phase.id
                ),
            )
            for phase in subject.phases
        )
    )
