from headgate_kernel.workflow.compiler import compile_flow
from headgate_kernel.workflow.frontier import due_milestones, frontier, steps_ahead

from .samples import CATALOGUE, DEFAULT, MILESTONES, PLUGINS, flow


def compiled(**phases):
    return compile_flow(CATALOGUE, "t.order", flow(**phases), PLUGINS)


def test_the_first_group_of_the_first_phase_is_open_at_the_start():
    definition = compile_flow(CATALOGUE, "t.order", DEFAULT, PLUGINS)
    assert frontier(definition, frozenset(), ()) == ("t.sales",)


def test_members_of_a_group_are_open_together_and_the_next_group_waits_for_all_of_them():
    definition = compiled(pre_release="sales|finance push")
    assert frontier(definition, frozenset(), ()) == ("t.sales", "t.finance")
    assert frontier(definition, {"t.sales"}, ()) == ("t.finance",)
    assert frontier(definition, {"t.sales", "t.finance"}, ()) == ("t.push",)


def test_a_step_that_is_switched_off_is_never_open():
    definition = compiled(pre_release="-sales finance")
    assert frontier(definition, frozenset(), ()) == ("t.finance",)


def test_nothing_opens_in_a_phase_whose_milestone_has_not_fired_before_it():
    definition = compiled(pre_release="sales", pre_issue="outbound")
    assert frontier(definition, {"t.sales"}, ()) == ()
    assert frontier(definition, {"t.sales"}, ("released",)) == ("t.outbound",)


def test_a_phase_without_steps_lets_its_milestone_fire_at_once():
    definition = compiled(pre_issue="outbound")
    assert due_milestones(definition, frozenset(), ()) == ("released",)


def test_a_flow_without_steps_reaches_all_milestones_in_order():
    assert due_milestones(compiled(), frozenset(), ()) == MILESTONES


def test_a_closed_phase_asks_for_nothing_more():
    definition = compiled(pre_release="sales finance", pre_issue="outbound")
    assert steps_ahead(definition, {"t.sales"}, ("released",)) == ("t.outbound",)


def test_the_frontier_is_empty_at_the_end():
    assert frontier(compiled(pre_release="sales"), {"t.sales"}, MILESTONES) == ()
