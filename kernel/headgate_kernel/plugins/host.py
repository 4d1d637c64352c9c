"""Holds the installed plugins, all that they registered, and a hook table for each set of active ones."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec
import pluggy
from headgate_sdk import hooks as specs
from headgate_sdk.events import EventType, Observer
from headgate_sdk.i18n import N_
from headgate_sdk.jobs import JobType, Schedule
from headgate_sdk.manifest import Permission
from headgate_sdk.web import NavItem, Slot
from headgate_sdk.workflow import StepType, SubjectType
from litestar.types import ControllerRouterHandler

from headgate_kernel.events.declared import check_events, observer_jobs
from headgate_kernel.jobs.declared import check_jobs
from headgate_kernel.plugins.discovery import InstalledPlugin, discover
from headgate_kernel.workflow.catalogue import StepCatalogue

log = logging.getLogger(__name__)


class Implementation(msgspec.Struct, frozen=True):
    """One plugin's function for one hook."""

    plugin: str
    function: Callable[..., Any]
    argument_names: tuple[str, ...]


HookTable = dict[str, tuple[Implementation, ...]]


class Surfaces(msgspec.Struct):
    """Everything that plugins registered, each with the plugin's id, so that one gate can close it."""

    routes: list[tuple[str, ControllerRouterHandler]] = []
    nav: list[tuple[str, NavItem]] = []
    slots: list[tuple[str, Slot]] = []
    subject_types: list[tuple[str, SubjectType]] = []
    step_types: list[tuple[str, StepType]] = []
    commands: list[tuple[str, click.Command]] = []
    jobs: list[tuple[str, JobType[Any]]] = []
    schedules: list[tuple[str, Schedule]] = []
    events: list[tuple[str, EventType[Any]]] = []
    observers: list[tuple[str, Observer]] = []
    permissions: list[tuple[str, Permission]] = []


class PluginHost:
    """The installed plugins of this process.

    A plugin that cannot be registered is kept with its problem, and so is what requires it; the others go on.

    Args:
        plugins: found ones, in order of requirement; by default those of the entry points.
    """

    def __init__(self, plugins: Sequence[InstalledPlugin] | None = None) -> None:
        found = discover() if plugins is None else plugins
        self._manager = pluggy.PluginManager("headgate")
        self._manager.add_hookspecs(specs)
        self._order = {plugin.manifest.id: rank for rank, plugin in enumerate(found)}
        self._tables: dict[frozenset[str], HookTable] = {}
        self.surfaces = Surfaces()
        self.by_id: dict[str, InstalledPlugin] = {}
        for plugin in found:
            self.by_id[plugin.manifest.id] = plugin if plugin.problem else self._admit(plugin)
        self.installed = tuple(self.by_id.values())

    def table(self, active: frozenset[str]) -> HookTable:
        """Give the hook table for a set of active plugins; made once for each set that occurs."""
        table = self._tables.get(active)
        if table is None:
            table = self._tables[active] = {
                name: tuple(i for i in self.implementations(name) if i.plugin in active)
                for name, info in hook_infos().items()
                if info.scope == "tenant"
            }
        return table

    def implementations(self, name: str) -> list[Implementation]:
        """Give all implementations of a hook, required plugins first, ties by id."""
        caller: pluggy.HookCaller = getattr(self._manager.hook, name)
        found = [Implementation(i.plugin_name, i.function, tuple(i.argnames)) for i in caller.get_hookimpls()]
        return sorted(found, key=lambda i: self._order[i.plugin])

    def _admit(self, plugin: InstalledPlugin) -> InstalledPlugin:
        """Register a plugin and take over what it declares: all of it, or nothing."""
        lacking = [n for n in plugin.manifest.requires if n not in self.by_id or self.by_id[n].problem]
        if lacking:
            return msgspec.structs.replace(
                plugin,
                problem=N_("It needs the plugin {plugins}, which is not installed or does not work."),
                problem_params={"plugins": ", ".join(lacking)},
            )
        try:
            _refuse_specname(plugin)
            if plugin.manifest.settings is not None:
                plugin.manifest.settings()  # every setting has a default
            self._manager.register(plugin.module, name=plugin.manifest.id)
            self._manager.check_pending()
            declared = self._declared_by(plugin)
            StepCatalogue.of(
                (step for _, step in (*self.surfaces.step_types, *declared.step_types)),
                (subject for _, subject in (*self.surfaces.subject_types, *declared.subject_types)),
            )
            check_jobs(plugin.manifest.id, declared.jobs, declared.schedules)
            observers = [observer for _, observer in declared.observers]
            check_events(plugin.manifest.id, [event for _, event in declared.events], observers)
            declared.jobs += [
                (plugin.manifest.id, job) for job in observer_jobs(plugin.manifest.id, observers)
            ]
        except Exception as error:
            log.exception("plugin %s cannot be registered", plugin.manifest.id)
            if self._manager.has_plugin(plugin.manifest.id):
                self._manager.unregister(name=plugin.manifest.id)
            return msgspec.structs.replace(
                plugin,
                problem=N_("It could not be registered: {reason}"),
                problem_params={"reason": str(error) or type(error).__name__},
            )
        for name in Surfaces.__struct_fields__:
            getattr(self.surfaces, name).extend(getattr(declared, name))
        return plugin

    def _declared_by(self, plugin: InstalledPlugin) -> Surfaces:
        plugin_id = plugin.manifest.id

        def declared(name: str) -> list[tuple[str, Any]]:
            own = [i for i in self.implementations(name) if i.plugin == plugin_id]
            return [(plugin_id, item) for i in own for item in i.function()]

        return Surfaces(
            routes=declared("headgate_routes"),
            nav=declared("headgate_nav"),
            slots=declared("headgate_slots"),
            subject_types=declared("headgate_subject_types"),
            step_types=declared("headgate_step_types"),
            commands=declared("headgate_commands"),
            jobs=declared("headgate_jobs"),
            schedules=declared("headgate_schedules"),
            events=declared("headgate_events"),
            observers=declared("headgate_observers"),
            permissions=[(plugin_id, permission) for permission in plugin.manifest.permissions],
        )


def hook_infos() -> dict[str, specs.HookInfo]:
    """Give every hook of the SDK with how it is called."""
    return {
        name: function.headgate_info
        for name, function in vars(specs).items()
        if name.startswith("headgate_") and hasattr(function, "headgate_info")
    }


def _refuse_specname(plugin: InstalledPlugin) -> None:
    """A hook under another name escapes a gate that goes by name (pluggy 1.6 and 1.7), so there is none."""
    for name, member in vars(plugin.module).items():
        options = getattr(member, "headgate_impl", None)
        if isinstance(options, dict) and options.get("specname"):
            raise TypeError(f"{name} uses specname=, which is not allowed; name it as its hook")
