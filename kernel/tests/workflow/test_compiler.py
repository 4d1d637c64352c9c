from uuid import UUID

import msgspec
import pytest
from headgate_kernel.workflow.catalogue import StepCatalogue
from headgate_kernel.workflow.compiler import arrange, compile_flow, default_flow, find_faults, switch_off
from headgate_kernel.workflow.definition import decode, encode, fingerprint
from headgate_sdk.errors import NotFound
from headgate_sdk.workflow import (
    ApprovalPolicy,
    FlowInvalid,
    FlowSettings,
    PhaseSettings,
    StepSetting,
    Tier,
)

from .samples import CATALOGUE, DEFAULT, MILESTONES, PLUGINS, STEPS, SUBJECT, flow, step_type


def faults(settings, plugins=PLUGINS):
    return [
        (fault.check, fault.card, fault.field)
        for fault in find_faults(CATALOGUE, "t.order", settings, plugins)
    ]


def one_step(**settings):
    return FlowSettings((PhaseSettings("pre_release", ((StepSetting("t.sales", **settings),),)),))


def test_a_good_flow_has_no_faults():
    assert faults(DEFAULT) == []


def test_phases_known():
    assert faults(FlowSettings((PhaseSettings("pre_lunch"),))) == [("phases_known", "pre_lunch", "phase")]


def test_phases_once():
    twice = FlowSettings((PhaseSettings("pre_release"), PhaseSettings("pre_release")))
    assert faults(twice) == [("phases_once", "pre_release", "phase")]


def test_steps_known_names_a_step_of_a_plugin_that_is_off():
    settings = FlowSettings((PhaseSettings("pre_receipt", ((StepSetting("camera.photo"),),)),))
    assert faults(settings) == []
    assert faults(settings, frozenset({"t"})) == [("steps_known", "camera.photo", "step")]


def test_a_step_of_a_plugin_that_is_off_may_stay_switched_off_and_keeps_its_place():
    settings = FlowSettings((PhaseSettings("pre_receipt", ((StepSetting("camera.photo", enabled=False),),)),))
    definition = compile_flow(CATALOGUE, "t.order", settings, frozenset({"t"}))
    step = definition.step("camera.photo")
    assert step is not None
    assert not step.enabled


def test_steps_once():
    assert faults(flow(pre_release="sales push", pre_issue="push")) == [("steps_once", "t.push", "step")]


def test_phases_legal():
    assert faults(flow(pre_close="sales")) == [("phases_legal", "t.sales", "phase")]


def test_guards_run_refuses_a_condition_rather_than_ignoring_it():
    assert faults(one_step(guard="amount > 100")) == [("guards_run", "t.sales", "guard")]


def test_tiers_run_refuses_tiers_rather_than_ignoring_them():
    policy = ApprovalPolicy((Tier(from_amount=0, approver="role:finance"),))
    assert faults(one_step(policy=policy)) == [("tiers_run", "t.sales", "policy")]


def test_deadlines_run_refuses_a_deadline_rather_than_ignoring_it():
    assert faults(one_step(deadline_hours=24)) == [("deadlines_run", "t.sales", "deadline_hours")]


def test_all_faults_are_told_at_once_with_card_and_field():
    with pytest.raises(FlowInvalid) as caught:
        compile_flow(CATALOGUE, "t.order", one_step(guard="x", deadline_hours=1), PLUGINS)
    assert [finding.check for finding in caught.value.findings] == ["guards_run", "deadlines_run"]
    assert [problem.field for problem in caught.value.problems] == ["t.sales.guard", "t.sales.deadline_hours"]


def test_a_definition_gives_its_settings_back():
    settings = flow(pre_release="sales|finance -push", pre_issue="outbound", pre_receipt="", pre_close="")
    assert compile_flow(CATALOGUE, "t.order", settings, PLUGINS).settings() == settings


def test_the_document_carries_tiers_guards_and_deadlines():
    policy = ApprovalPolicy((Tier(from_amount=0, approver="role:finance", mode="n_of", count=2),))
    definition = compile_flow(CATALOGUE, "t.order", DEFAULT, PLUGINS)
    phase = definition.phases[0]
    step = msgspec.structs.replace(phase.groups[0][0], policy=policy, guard="amount > 5", deadline_hours=4)
    carried = msgspec.structs.replace(
        definition, phases=(msgspec.structs.replace(phase, groups=((step,),)), *definition.phases[1:])
    )
    assert decode(encode(carried)) == carried


def test_the_fingerprint_differs_when_the_flow_does():
    one = encode(compile_flow(CATALOGUE, "t.order", DEFAULT, PLUGINS))
    other = encode(compile_flow(CATALOGUE, "t.order", flow(pre_release="sales"), PLUGINS))
    assert fingerprint(one) != fingerprint(other)
    assert len(fingerprint(one)) == 64


def test_the_milestones_stand_even_when_no_step_does():
    assert compile_flow(CATALOGUE, "t.order", FlowSettings(), PLUGINS).milestones() == MILESTONES


def test_a_step_that_the_settings_do_not_mention_is_offered_switched_off():
    offered = arrange(CATALOGUE, "t.order", DEFAULT, PLUGINS, switch_on_new=False)
    receipt = next(phase for phase in offered.phases if phase.phase == "pre_receipt")
    assert receipt.groups[-1] == (StepSetting("camera.photo", enabled=False),)


def test_the_default_flow_has_only_steps_of_active_plugins_and_follows_default_on():
    assert faults(default_flow(CATALOGUE, SUBJECT, frozenset({"t"})), frozenset({"t"})) == []
    eager = StepCatalogue.of([*STEPS, step_type("stamp", "pre_issue", plugin="camera")], [SUBJECT])
    definition = compile_flow(eager, "t.order", default_flow(eager, SUBJECT, PLUGINS), PLUGINS)
    assert [step.step for step in definition.enabled_steps()][:5] == [
        "t.sales", "t.finance", "t.push", "t.outbound", "camera.stamp",
    ]  # fmt: skip


def test_switching_off_keeps_places():
    off = switch_off(DEFAULT, frozenset({"t.finance"}))
    assert off.phases[0].groups == ((StepSetting("t.sales"),), (StepSetting("t.finance", enabled=False),))


def test_a_catalogue_refuses_doubles_and_phases_that_do_not_exist():
    with pytest.raises(ValueError, match="declared twice"):
        StepCatalogue.of([*STEPS, STEPS[0]], [SUBJECT])
    with pytest.raises(ValueError, match="needs phases"):
        StepCatalogue.of([step_type("lunch", "pre_lunch")], [SUBJECT])
    with pytest.raises(ValueError, match="no plugin declares"):
        StepCatalogue.of(STEPS, [])


def test_an_unknown_subject_is_not_found():
    with pytest.raises(NotFound):
        CATALOGUE.subject(str(UUID(int=1)))


def test_a_step_blocks_when_its_plugin_is_off_or_its_code_is_gone():
    assert CATALOGUE.blocking_plugin("camera.photo", "camera", PLUGINS) == ""
    assert CATALOGUE.blocking_plugin("camera.photo", "camera", frozenset({"t"})) == "camera"
    assert CATALOGUE.blocking_plugin("gone.step", "gone", PLUGINS | {"gone"}) == "gone"
