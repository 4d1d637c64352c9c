"""Finding and admitting plugins: what does not work is skipped or kept with its reason, and stops nobody."""

import logging
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest
from headgate_kernel.plugins.discovery import InstalledPlugin, closure, discover
from headgate_kernel.plugins.host import PluginHost, hook_infos
from headgate_sdk import hooks as specs
from headgate_sdk.hooks import hookimpl
from headgate_sdk.manifest import Manifest
from headgate_sdk.web import NavItem
from headgate_sdk.workflow import FlowSettings, Phase, StepType, SubjectType


def plugin(name, *implementations, **manifest):
    """Make a plugin of functions; they are implementations of the hooks that they are named for."""
    module = ModuleType(f"made_{name}")
    for function in implementations:
        setattr(module, function.__name__, hookimpl(function))
    values = {"id": name, "name": name.title(), "description": "", "version": "1", "package": "headgate_lone"}
    module.manifest = Manifest(**(values | manifest))
    return InstalledPlugin(module.manifest, module)


class Entry:
    """An entry point that gives what it was made with."""

    def __init__(self, name, gives):
        self.name = name
        self._gives = gives

    def load(self):
        if isinstance(self._gives, BaseException):
            raise self._gives
        return self._gives


def entry(name, **manifest):
    return Entry(name, plugin(name, **manifest).module)


def problems(found):
    return {p.manifest.id: p.problem.format(**p.problem_params) for p in found}


# -- discovery ---------------------------------------------------------------------------------------------


def test_plugins_come_in_order_of_requirement_ties_by_id():
    found = discover([entry("a", requires=("z",)), entry("b"), entry("z"), entry("m", requires=("a", "b"))])
    assert [p.manifest.id for p in found] == ["b", "z", "a", "m"]
    assert not any(p.problem for p in found)


@pytest.mark.parametrize("error", [ImportError("no such module"), RuntimeError("boom"), SyntaxError("bad")])
def test_a_plugin_that_cannot_be_imported_is_skipped_with_a_line_in_the_log(error, caplog):
    with caplog.at_level(logging.ERROR):
        found = discover([Entry("bad", error), entry("good")])
    assert [p.manifest.id for p in found] == ["good"]
    assert "plugin bad cannot be loaded and is skipped" in caplog.text


def test_a_real_entry_point_to_nothing_is_skipped(caplog):
    found = discover([EntryPoint("ghost", "no_such_package.plugin", "headgate.plugins")])
    assert found == []
    assert "ghost" in caplog.text


@pytest.mark.parametrize("manifest", ["a text", None, {"id": "bad"}])
def test_a_module_without_a_manifest_is_skipped(manifest, caplog):
    module = ModuleType("bare")
    if manifest:
        module.manifest = manifest
    assert [p.manifest.id for p in discover([Entry("bad", module), entry("good")])] == ["good"]


@pytest.mark.parametrize("sdk", [("0.2", "0.3"), ("9", "10"), ("0.0.1", "0.1")])
def test_a_plugin_for_another_sdk_is_kept_with_its_reason(sdk):
    found = discover([entry("old", sdk=sdk), entry("good")])
    assert problems(found)["good"] == ""
    assert problems(found)["old"].startswith(f"It works with SDK {sdk[0]} up to but not including {sdk[1]};")


def test_a_name_that_differs_from_the_manifest_is_told():
    assert problems(discover([Entry("alias", plugin("real").module)])) == {
        "real": "Its entry point is called alias but its manifest says real."
    }


def test_a_plugin_cannot_take_anothers_place_by_its_name(caplog):
    good = entry("real")
    found = discover([Entry("aaa", plugin("real").module), good])
    assert problems(found) == {"real": ""}
    assert found[0].module is good.load()


def test_what_requires_something_absent_is_kept_with_its_reason_and_so_is_what_requires_that():
    found = discover([entry("top", requires=("middle",)), entry("middle", requires=("gone",)), entry("good")])
    assert problems(found) == {
        "good": "",
        "middle": "It needs the plugin gone, which is not installed or does not work.",
        "top": "It needs the plugin middle, which is not installed or does not work.",
    }


def test_a_circle_stops_only_its_members():
    found = discover(
        [entry("a", requires=("b",)), entry("b", requires=("a",)), entry("c", requires=("a",)), entry("good")]
    )
    told = problems(found)
    assert told["good"] == ""
    assert told["a"] == told["b"] == "It needs itself, by way of others."
    assert told["c"].startswith("It needs the plugin a,")
    assert found[0].manifest.id == "good"


def test_the_closure_has_all_that_is_required():
    plugins = [plugin("a", requires=("b",)), plugin("b", requires=("c",)), plugin("c"), plugin("d")]
    assert closure(["a"], plugins) == {"a", "b", "c"}
    assert closure([], plugins) == frozenset()


# -- registration ------------------------------------------------------------------------------------------


def headgate_nav():
    return [NavItem(label="X", href="/x", face="workbench", icon="x", permission="signed-in")]


def failing_nav():
    raise KeyError("menu")


failing_nav.__name__ = "headgate_nav"


def test_what_a_plugin_declares_is_kept_with_its_id():
    host = PluginHost([plugin("a", headgate_nav), plugin("b", headgate_nav)])
    assert [(owner, item.href) for owner, item in host.surfaces.nav] == [("a", "/x"), ("b", "/x")]


def test_another_name_for_a_hook_is_refused():
    sly = plugin("sly")

    @hookimpl(specname="headgate_nav")
    def headgate_menu():
        return headgate_nav()

    sly.module.headgate_menu = headgate_menu
    host = PluginHost([sly, plugin("good", headgate_nav)])
    assert "specname=" in host.by_id["sly"].problem_params["reason"]
    assert [owner for owner, _ in host.surfaces.nav] == ["good"]


def unknown_hook():
    return []


unknown_hook.__name__ = "headgate_no_such_hook"


async def wrong_arguments(ctx, nonsense):
    return []


wrong_arguments.__name__ = "headgate_check_orders"


def no_list():
    return 5


no_list.__name__ = "headgate_slots"


@pytest.mark.parametrize("function", [failing_nav, unknown_hook, wrong_arguments, no_list])
def test_a_plugin_that_cannot_be_registered_is_kept_with_its_reason_and_stops_nobody(function, caplog):
    bad = plugin("bad", headgate_nav if function is not failing_nav else failing_nav, function)
    host = PluginHost([bad, plugin("leaning", requires=("bad",)), plugin("good", headgate_nav)])
    assert host.by_id["bad"].problem == "It could not be registered: {reason}"
    assert host.by_id["bad"].problem_params["reason"]
    assert host.by_id["leaning"].problem.startswith("It needs the plugin")
    assert [owner for owner, _ in host.surfaces.nav] == ["good"]
    assert all(i.plugin != "bad" for name in hook_infos() for i in host.implementations(name))
    assert "plugin bad cannot be registered" in caplog.text


def test_a_step_for_an_unknown_subject_or_a_second_owner_of_an_id_is_refused(caplog):
    def headgate_step_types():
        return [StepType(id="x.step", name="X", subject="x.thing", phases=("p",), permission="x.y")]

    def headgate_subject_types():
        return [
            SubjectType(
                id="x.thing", name="X", phases=(Phase("p", "done", "P"),), default_flow=FlowSettings()
            )
        ]

    host = PluginHost([
        plugin("early", headgate_step_types), plugin("owner", headgate_subject_types, headgate_step_types),
        plugin("thief", headgate_subject_types),
    ])  # fmt: skip
    assert [p.manifest.id for p in host.installed if not p.problem] == ["owner"]
    assert "declared twice" in host.by_id["thief"].problem_params["reason"]
    assert [owner for owner, _ in host.surfaces.step_types] == ["owner"]


def test_a_plugin_with_a_problem_registers_nothing():
    found = discover([entry("old", sdk=("9", "10"))])
    found[0].module.headgate_nav = hookimpl(headgate_nav)
    assert PluginHost(found).surfaces.nav == []


# -- hook tables -------------------------------------------------------------------------------------------


def decider(answer):
    async def headgate_check_orders(ctx, drafts):
        return answer

    return headgate_check_orders


def test_the_table_has_only_active_plugins_in_order_of_requirement():
    host = PluginHost(discover([
        Entry(p.manifest.id, p.module)
        for p in (plugin("z", decider(1)), plugin("a", decider(2), requires=("z",)), plugin("m", decider(3)))
    ]))  # fmt: skip
    table = host.table(frozenset({"a", "z", "unknown"}))
    assert [i.plugin for i in table["headgate_check_orders"]] == ["z", "a"]
    assert host.table(frozenset({"z", "a", "unknown"})) is table
    assert host.table(frozenset())["headgate_check_orders"] == ()


def test_platform_hooks_are_in_no_tenants_table():
    table = PluginHost([plugin("a", headgate_nav)]).table(frozenset({"a"}))
    assert "headgate_nav" not in table
    assert set(table) == {name for name, info in hook_infos().items() if info.scope == "tenant"}


def test_every_hook_of_the_sdk_says_how_it_is_called():
    declared = {name for name in vars(specs) if name.startswith("headgate_")}
    assert declared == set(hook_infos())
    for name, info in hook_infos().items():
        assert getattr(specs, name).__doc__
        assert (info.scope == "platform") == (info.kind in {"declares", "checks"})
