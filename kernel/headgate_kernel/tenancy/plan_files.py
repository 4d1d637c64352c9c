"""Read `plans.toml`: everything that is wrong with it at once, each with line and column."""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path as FilePath
from typing import Annotated, Any

import msgspec
from headgate_sdk.errors import InvalidFields, NotFound
from headgate_sdk.i18n import N_
from msgspec import Meta

from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.blueprints.positions import Position, Positions
from headgate_kernel.tenancy.blueprints.problems import BlueprintError, path_text
from headgate_kernel.tenancy.plan_terms import Plan
from headgate_kernel.tenancy.shape import Fault, find_faults

FILE_NAME = "plans.toml"


class PlanFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Plans of an installation, in their order; the first is that of distributors who were given no other."""

    plans: Annotated[tuple[Plan, ...], Meta(min_length=1)]


def plans_schema() -> dict[str, Any]:
    """Give the JSON Schema of the file."""
    schema = msgspec.json.schema(PlanFile)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "Headgate plans"} | schema


def read_plans(path: FilePath, host: PluginHost) -> tuple[Plan, ...]:
    """Read and check the plans.

    Args:
        path: of the file.
        host: the installed plugins.

    Raises:
        NotFound: there is no such file.
        InvalidFields: everything that is wrong in it.
    """
    try:
        text = path.read_text("utf-8").replace("\r\n", "\n")
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        raise NotFound(N_("There are no plans at {path}."), path=str(path)) from None
    except UnicodeDecodeError:
        told = BlueprintError(N_("This is not UTF-8. Save the file as UTF-8."), where=str(path))
        raise InvalidFields([told]) from None
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        told = BlueprintError(N_("This is not TOML: {reason}."), where=str(path), reason=str(error))
        raise InvalidFields([told]) from None
    faults = find_faults(document, PlanFile)
    if not faults:
        plans = msgspec.convert(document, PlanFile).plans
        faults = list(_contradictions(plans, host))
        if not faults:
            return plans
    raise InvalidFields(_located(path, text, faults))


def not_installed(plans: Sequence[Plan], host: PluginHost) -> list[str]:
    """Give the plugins that plans name and this installation does not have: meant for later, or a slip."""
    named = {plugin for plan in plans if plan.plugins != "*" for plugin in plan.plugins}
    return sorted(named - host.by_id.keys())


def _contradictions(plans: Sequence[Plan], host: PluginHost) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, plan in enumerate(plans):
        path: tuple[str | int, ...] = ("plans", number)
        if plan.key in seen:
            yield Fault((*path, "key"), N_("There are two plans with the key {key}."), {"key": plan.key})
        seen.add(plan.key)
        for meter in plan.limits.__struct_fields__:
            limit = plan.limit(meter)
            if limit.soft is not None and limit.hard is not None and limit.soft > limit.hard:
                yield Fault((*path, "limits", meter), N_("The soft limit is above the hard one."))
        if plan.requests is not None and plan.requests.burst < plan.requests.per_second:
            yield Fault(
                (*path, "requests", "burst"),
                N_("A burst below the rate would never let that rate through."),
            )
        for plugin in sorted(host.by_id) if plan.plugins != "*" else ():
            for needed in host.by_id[plugin].manifest.requires:
                if plan.allows(plugin) and not plan.allows(needed):
                    yield Fault(
                        (*path, "plugins"), N_("{plugin} needs {needed}, which the plan does not allow."),
                        {"plugin": plugin, "needed": needed},
                    )  # fmt: skip


def _place(positions: Positions, fault: Fault) -> Position:
    about_name = bool(fault.path) and fault.params.get("name") == fault.path[-1]
    return positions.of_key(fault.path) if about_name else positions.of(fault.path)


def _located(path: FilePath, text: str, faults: Sequence[Fault]) -> list[BlueprintError]:
    positions = Positions(text)
    placed = [(_place(positions, fault), fault) for fault in faults]
    placed.sort(key=lambda one: (one[0].line, one[0].column))
    return [
        BlueprintError(
            fault.message, where=f"{path}:{at.line}:{at.column}", field=path_text(fault.path), **fault.params
        )
        for at, fault in placed
    ]
