"""Find installed plugins by entry points, read their manifests, refuse what cannot work, order the rest."""

import graphlib
import logging
from collections.abc import Iterable, Sequence
from importlib.metadata import EntryPoint, entry_points, version
from types import ModuleType

import msgspec
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import Manifest

GROUP = "headgate.plugins"
log = logging.getLogger(__name__)


class InstalledPlugin(msgspec.Struct, frozen=True):
    """A plugin whose code is here.

    Args:
        manifest: how it introduces itself.
        module: its `plugin.py`.
        problem: why it cannot run with this kernel; empty when it can.
        problem_params: values for the problem.
    """

    manifest: Manifest
    module: ModuleType
    problem: str = ""
    problem_params: dict[str, str] = {}


def discover(found: Iterable[EntryPoint] | None = None) -> list[InstalledPlugin]:
    """Load plugins from entry points, in order of requirement, ties by id.

    A plugin that cannot be imported or does not fit is skipped with a log line or kept with its problem; it
    never stops the others.
    """
    plugins: dict[str, InstalledPlugin] = {}
    sdk = version("headgate-sdk")
    for entry in sorted(found if found is not None else entry_points(group=GROUP), key=lambda e: e.name):
        try:
            module = entry.load()
            manifest: Manifest = module.manifest
        except Exception:  # noqa: BLE001 (foreign code: anything may happen, and only this plugin is lost)
            log.exception("plugin %s cannot be loaded and is skipped", entry.name)
            continue
        problem, params = _problem(manifest, entry.name, sdk)
        plugins[manifest.id] = InstalledPlugin(manifest, module, problem, params)
    return _in_order(_without_broken_requirements(plugins))


def _problem(manifest: Manifest, entry_name: str, sdk: str) -> tuple[str, dict[str, str]]:
    if manifest.id != entry_name:
        return N_("Its entry point is called {entry} but its manifest says {id}."), {
            "entry": entry_name, "id": manifest.id,
        }  # fmt: skip
    low, below = manifest.sdk
    if not _key(low) <= _key(sdk) < _key(below):
        return N_("It works with SDK {low} up to but not including {below}; this is {sdk}."), {
            "low": low, "below": below, "sdk": sdk,
        }  # fmt: skip
    return "", {}


def _key(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split(".") if part.isdigit())


def _without_broken_requirements(plugins: dict[str, InstalledPlugin]) -> dict[str, InstalledPlugin]:
    """Mark plugins whose requirements are absent or broken themselves, until nothing changes."""
    changed = True
    while changed:
        changed = False
        for plugin_id, plugin in plugins.items():
            missing = [
                need for need in plugin.manifest.requires if need not in plugins or plugins[need].problem
            ]
            if missing and not plugin.problem:
                plugins[plugin_id] = msgspec.structs.replace(
                    plugin,
                    problem=N_("It needs the plugin {plugins}, which is not installed or does not work."),
                    problem_params={"plugins": ", ".join(missing)},
                )
                changed = True
    return plugins


def _in_order(plugins: dict[str, InstalledPlugin]) -> list[InstalledPlugin]:
    graph = {
        plugin_id: [need for need in sorted(plugin.manifest.requires) if need in plugins]
        for plugin_id, plugin in sorted(plugins.items())
    }
    return [plugins[plugin_id] for plugin_id in graphlib.TopologicalSorter(graph).static_order()]


def closure(wanted: Iterable[str], plugins: Sequence[InstalledPlugin]) -> frozenset[str]:
    """Give the wanted plugins with all that they require."""
    by_id = {plugin.manifest.id: plugin for plugin in plugins}
    result: set[str] = set()
    waiting = list(wanted)
    while waiting:
        plugin_id = waiting.pop()
        if plugin_id in result:
            continue
        result.add(plugin_id)
        if plugin_id in by_id:
            waiting.extend(by_id[plugin_id].manifest.requires)
    return frozenset(result)
