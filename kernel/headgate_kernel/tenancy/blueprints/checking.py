"""Everything in a blueprint that can be found wrong before anything is written, by kernel and plugins.

Each rule is a function that gets what there is to know and yields problems; none stops the others.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec
from headgate_sdk.blueprint import Blueprint, BlueprintCheck, BlueprintProblem, RoleEntry
from headgate_sdk.context import covers
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_

from headgate_kernel.identity.logins import fold_login
from headgate_kernel.identity.permissions import for_customers, permission_groups
from headgate_kernel.plugins.discovery import closure
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.blueprints.flow_entries import flow_problems, unknown
from headgate_kernel.tenancy.blueprints.source import Source, parse_source, read_text
from headgate_kernel.tenancy.setting_secrets import secret_fields, take_secret
from headgate_kernel.tenancy.setting_values import settings_types
from headgate_kernel.tenancy.shape import SECRET_FORM, Path, find_faults
from headgate_kernel.tenancy.tenants import profile_problems
from headgate_kernel.workflow.catalogue import StepCatalogue

if TYPE_CHECKING:
    from pathlib import Path as FilePath

    from headgate_kernel.runtime import Kernel

log = logging.getLogger(__name__)

PLUGIN_SECTIONS = ("price_levels", "price_lists", "customer_groups", "attributes", "sample")
"""Sections that plugins keep."""


class Known(msgspec.Struct, frozen=True):
    """What a blueprint is checked against.

    Args:
        host: the installed plugins.
        steps: their steps.
        plugins: those that the blueprint switches on, with what they require.
        plans: keys of the plans that there are.
    """

    host: PluginHost
    steps: StepCatalogue
    plugins: frozenset[str]
    plans: tuple[str, ...]


async def check_folder(kernel: "Kernel", folder: "FilePath") -> Source:
    """Read a blueprint and check all that can be checked without touching the tenant.

    Raises:
        NotFound: there is none in the folder.
        InvalidBlueprint: everything that is wrong with it.
    """
    source, faults = parse_source(folder, read_text(folder))
    await check_source(kernel, source, faults)
    return source


async def check_source(kernel: "Kernel", source: Source, faults: Sequence[BlueprintProblem] = ()) -> None:
    """Check a blueprint that was read.

    Args:
        kernel: of the process.
        source: the blueprint; with faults, what is sound of it.
        faults: of its shape.

    Raises:
        InvalidBlueprint: the faults, and everything else that is wrong with it.
    """
    async with kernel.databases.platform_scope() as db:
        plans = tuple(row["key"] for row in await db.fetch("SELECT key FROM plan ORDER BY position"))
    blueprint = source.blueprint
    plugins = closure(blueprint.plugins.enabled, kernel.host.installed) & kernel.host.by_id.keys()
    known = Known(kernel.host, kernel.steps, plugins, plans)
    checks = plugin_checks(kernel.host, plugins, blueprint, source.folder)
    found = [problem for rule in RULES for problem in rule(blueprint, known)]
    found += _unkept(blueprint, checks)
    found += [problem for check in checks for problem in check.problems]
    problems = [*faults, *_beyond(found, faults)]
    if problems:
        raise source.invalid(problems)


def plugin_checks(
    host: PluginHost, plugins: frozenset[str], blueprint: Blueprint, folder: "FilePath"
) -> list[BlueprintCheck]:
    """Ask the plugins that are switched on; one that fails is a problem of its own."""
    given = {"blueprint": blueprint, "folder": folder}
    checks: list[BlueprintCheck] = []
    for one in host.implementations("headgate_check_blueprint"):
        if one.plugin in plugins:
            try:
                checks.append(one.function(**{name: given[name] for name in one.argument_names}))
            except Exception:
                log.exception("plugin %s cannot check a blueprint", one.plugin)
                failed = N_("The plugin {name} failed while it looked at the blueprint. See the log.")
                problem = BlueprintProblem(("plugins", "enabled"), failed, {"name": one.plugin})
                checks.append(BlueprintCheck(PLUGIN_SECTIONS, (problem,)))
    return checks


def _beyond(
    found: Sequence[BlueprintProblem], faults: Sequence[BlueprintProblem]
) -> Iterator[BlueprintProblem]:
    """Leave out what only follows from a fault of the shape: it speaks of placeholders."""
    spoilt = [fault.path for fault in faults]
    shaky = {path[0] for path in spoilt if path and (len(path) <= 2 or path[-1] in {"key", "enabled"})}
    for problem in found:
        if any(problem.path[: len(path)] == path for path in spoilt):
            continue
        if "plugins" in shaky and problem.path[:1] != ("roles",):
            continue
        if "roles" in shaky and problem.path[:1] == ("people",):
            continue
        if shaky & set(PLUGIN_SECTIONS) and problem.path[:1] in {(name,) for name in PLUGIN_SECTIONS}:
            continue
        yield problem


def _unkept(blueprint: Blueprint, checks: Sequence[BlueprintCheck]) -> Iterator[BlueprintProblem]:
    kept = {section for check in checks for section in check.sections}
    for section in PLUGIN_SECTIONS:
        if getattr(blueprint, section) and section not in kept:
            yield BlueprintProblem(
                (section,), N_("No plugin that is switched on keeps this. Switch it on, or leave it out.")
            )


def _profile(blueprint: Blueprint, _: Known) -> Iterator[BlueprintProblem]:
    for problem in profile_problems(blueprint.profile):
        yield _told(tuple(problem.field.split(".")), problem)


def _plugins(blueprint: Blueprint, known: Known) -> Iterator[BlueprintProblem]:
    for number, plugin in enumerate(blueprint.plugins.enabled):
        path = ("plugins", "enabled", number)
        if plugin not in known.host.by_id:
            yield unknown(
                path, plugin, known.host.by_id, N_("The plugin {name} is not installed."),
                N_("The plugin {name} is not installed. Did you mean {meant}?"),
            )  # fmt: skip
        elif problem := known.host.by_id[plugin].problem:
            yield BlueprintProblem(path, problem, known.host.by_id[plugin].problem_params)


def _plan(blueprint: Blueprint, known: Known) -> Iterator[BlueprintProblem]:
    if blueprint.plan and blueprint.plan not in known.plans:
        yield unknown(
            ("plan",), blueprint.plan, known.plans, N_("There is no plan {name}."),
            N_("There is no plan {name}. Did you mean {meant}?"),
        )  # fmt: skip


def _settings(blueprint: Blueprint, known: Known) -> Iterator[BlueprintProblem]:
    kinds = settings_types(known.host)
    for plugin, values in blueprint.settings.items():
        path = ("settings", plugin)
        if plugin not in known.host.by_id:
            yield unknown(
                path, plugin, known.host.by_id, N_("The plugin {name} is not installed."),
                N_("The plugin {name} is not installed. Did you mean {meant}?"),
            )  # fmt: skip
        elif plugin not in known.plugins:
            yield BlueprintProblem(
                path, N_("The plugin {name} is not switched on: add it to plugins.enabled."), {"name": plugin}
            )
        elif plugin not in kinds:
            yield BlueprintProblem(path, N_("The plugin {name} has no settings."), {"name": plugin})
        else:
            for fault in find_faults(values, kinds[plugin], path):
                yield BlueprintProblem(fault.path, fault.message, fault.params)
            yield from _secrets(kinds[plugin], values, path)


def _secrets(kind: type[msgspec.Struct], values: dict[str, Any], path: Path) -> Iterator[BlueprintProblem]:
    for name in secret_fields(kind):
        given = values.get(name)
        if isinstance(given, dict) and SECRET_FORM.fullmatch(str(given.get("secret"))):
            try:
                take_secret(given["secret"])
            except Invalid as problem:
                yield _told((*path, name), problem)


def _roles(blueprint: Blueprint, known: Known) -> Iterator[BlueprintProblem]:
    yield from _twice("roles", "key", [role.key for role in blueprint.roles])
    permissions = [
        one.id for group in permission_groups(known.host, known.plugins) for one in group.permissions
    ]
    patterns = {name.rpartition(".")[0] + ".*" for name in permissions}
    for number, role in enumerate(blueprint.roles):
        for place, wanted in enumerate(role.permissions):
            if wanted != "*" and not any(covers([wanted], one) for one in permissions):
                yield unknown(
                    ("roles", number, "permissions", place), wanted, [*permissions, *patterns],
                    N_("No installed plugin and no page knows the permission {name}."),
                    N_("No installed plugin and no page knows the permission {name}. Did you mean {meant}?"),
                )  # fmt: skip


def _flows(blueprint: Blueprint, known: Known) -> Iterator[BlueprintProblem]:
    for subject, entry in blueprint.flow.items():
        yield from flow_problems(known.steps, subject, entry, known.plugins)


def _people(blueprint: Blueprint, known: Known) -> Iterator[BlueprintProblem]:
    roles = {role.key: role for role in blueprint.roles}
    groups = permission_groups(known.host, known.plugins)
    logins: list[str] = []
    for number, person in enumerate(blueprint.people):
        try:
            logins.append(fold_login(person.login))
        except Invalid as problem:
            logins.append(person.login)
            yield _told(("people", number, "login"), problem)
        for place, key in enumerate(person.roles):
            path = ("people", number, "roles", place)
            if key not in roles:
                yield unknown(
                    path, key, roles, N_("The role {name} is not defined."),
                    N_("The role {name} is not defined. Did you mean {meant}?"),
                )  # fmt: skip
            elif person.kind == "customer" and not for_customers(roles[key].permissions, groups):
                yield _staff_only(path, roles[key])
    yield from _twice("people", "login", logins)


def _staff_only(path: Path, role: RoleEntry) -> BlueprintProblem:
    return BlueprintProblem(
        path, N_("The role {name} allows what only the distributor's staff may; a customer cannot have it."),
        {"name": role.key},
    )  # fmt: skip


RULES: tuple[Callable[[Blueprint, Known], Iterator[BlueprintProblem]], ...] = (
    _profile, _plugins, _plan, _settings, _roles, _flows, _people,
)  # fmt: skip


def _told(path: Path, problem: Invalid) -> BlueprintProblem:
    return BlueprintProblem(
        path, problem.message, {name: str(value) for name, value in problem.params.items()}
    )


def _twice(section: str, field: str, names: Sequence[str]) -> Iterator[BlueprintProblem]:
    for number, name in enumerate(names):
        if name in names[:number]:
            yield BlueprintProblem(
                (section, number, field), N_("{name} is here twice. Leave one out."), {"name": name}
            )
