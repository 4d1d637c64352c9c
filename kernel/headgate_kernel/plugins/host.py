"""Holds the installed plugins, everything that they registered, and a hook table for each set of active ones."""

from collections.abc import Callable, Sequence
from typing import Any

import click
import msgspec
import pluggy
from headgate_sdk import hooks as specs
from headgate_sdk.manifest import Permission
from headgate_sdk.web import NavItem, Slot
from headgate_sdk.workflow import StepType, SubjectType
from litestar.types import ControllerRouterHandler

from headgate_kernel.plugins.discovery import InstalledPlugin, discover


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
    permissions: list[tuple[str, Permission]] = []


class PluginHost:
    """The installed plugins of this process.

    Args:
        plugins: found ones, in order of requirement; by default those of the entry points.
    """

    def __init__(self, plugins: Sequence[InstalledPlugin] | None = None) -> None:
        self.installed = tuple(discover() if plugins is None else plugins)
        self.by_id = {plugin.manifest.id: plugin for plugin in self.installed}
        self._manager = pluggy.PluginManager("headgate")
        self._manager.add_hookspecs(specs)
        self._order = {plugin.manifest.id: rank for rank, plugin in enumerate(self.installed)}
        for plugin in self.installed:
            if not plugin.problem:
                _refuse_specname(plugin)
                self._manager.register(plugin.module, name=plugin.manifest.id)
        self._manager.check_pending()
        self._tables: dict[frozenset[str], HookTable] = {}
        self.surfaces = self._collect()

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

    def _declared(self, name: str) -> list[tuple[str, Any]]:
        return [(i.plugin, item) for i in self.implementations(name) for item in i.function()]

    def _collect(self) -> Surfaces:
        return Surfaces(
            routes=self._declared("headgate_routes"),
            nav=self._declared("headgate_nav"),
            slots=self._declared("headgate_slots"),
            subject_types=self._declared("headgate_subject_types"),
            step_types=self._declared("headgate_step_types"),
            commands=self._declared("headgate_commands"),
            permissions=[
                (plugin.manifest.id, permission)
                for plugin in self.installed
                if not plugin.problem
                for permission in plugin.manifest.permissions
            ],
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
            raise TypeError(f"{plugin.manifest.id}: {name} uses specname=, which is not allowed; name it as its hook")
