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
    entries = sorted(found if found is not None else entry_points(group=GROUP), key=lambda e: e.name)
    loaded = [plugin for entry in entries if (plugin := _load(entry, sdk)) is not None]
    # those that fit come first: one that borrows another's name must not take its place
    for plugin in sorted(loaded, key=lambda plugin: bool(plugin.problem)):
        if plugin.manifest.id in plugins:
            log.error("a second plugin called %s is skipped", plugin.manifest.id)
            continue
        plugins[plugin.manifest.id] = plugin
    return _in_order(_without_broken_requirements(plugins))


def _load(entry: EntryPoint, sdk: str) -> InstalledPlugin | None:
    try:
        module = entry.load()
        manifest = _manifest_of(module)
        problem, params = _problem(manifest, entry.name, sdk)
    except Exception:
        log.exception("plugin %s cannot be loaded and is skipped", entry.name)
        return None
    return InstalledPlugin(manifest, module, problem, params)


def _manifest_of(module: ModuleType) -> Manifest:
    manifest = module.manifest
    if not isinstance(manifest, Manifest):
        raise TypeError(f"its `manifest` is not a headgate_sdk.manifest.Manifest but {type(manifest)}")
    return manifest


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
    """Mark plugins whose requirements are absent, broken or circular, until nothing changes."""
    for plugin_id, plugin in plugins.items():
        needs = closure(plugin.manifest.requires, list(plugins.values()))
        if plugin_id in needs and not plugin.problem:
            plugins[plugin_id] = msgspec.structs.replace(
                plugin, problem=N_("It needs itself, by way of others.")
            )
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
    working = {plugin_id: plugin for plugin_id, plugin in sorted(plugins.items()) if not plugin.problem}
    order: list[str] = []
    sorter = graphlib.TopologicalSorter({i: plugin.manifest.requires for i, plugin in working.items()})
    sorter.prepare()
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return [plugins[i] for i in (*order, *sorted(plugins.keys() - working.keys()))]


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
