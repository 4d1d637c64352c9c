from datetime import timedelta

import pytest
from headgate_kernel.workflow import commands
from headgate_kernel.workflow.commands import check_sequence
from headgate_kernel.workflow.compiler import compile_flow
from headgate_kernel.workflow.events import MilestoneReached, Resolved, Stamp
from headgate_kernel.workflow.fold import apply, fold
from headgate_sdk.errors import Invalid
from headgate_sdk.workflow import CannotCancel, StaleSequence, StepNotOpen, UnknownStep

from .samples import CATALOGUE, CLERK, DEFAULT, MILESTONES, NOON, PLUGINS, STAMP, flow

DEFAULTS = {1: compile_flow(CATALOGUE, "t.order", DEFAULT, PLUGINS)}
LATER = Stamp(CLERK, NOON + timedelta(hours=2), "later")


def started(definitions=DEFAULTS):
    state = fold(definitions, commands.start(definitions[1], 1, {"amount": 5, "group": None}, STAMP))
    assert state is not None
    return state


def after(state, events, definitions=DEFAULTS):
    for event in events:
        state = apply(definitions, state, event)
    return state


def test_the_last_step_of_a_phase_reaches_its_milestone_in_the_same_command():
    state = after(started(), commands.resolve(DEFAULTS, started(), "t.sales", "done", STAMP))
    events = commands.resolve(DEFAULTS, state, "t.finance", "done", LATER)
    assert [event.body for event in events] == [Resolved("t.finance", "done"), MilestoneReached("released")]
    assert after(state, events).open == {"t.push": LATER.at}


def test_a_one_step_flow_is_legal():
    definitions = {1: compile_flow(CATALOGUE, "t.order", flow(pre_close="payment"), PLUGINS)}
    state = started(definitions)
    assert tuple(state.reached) == MILESTONES[:3]
    done = after(state, commands.resolve(definitions, state, "t.payment", "done", STAMP), definitions)
    assert done.state == "completed"


def test_a_rejection_asks_the_whole_phase_again_and_counts_a_new_round():
    state = started()
    state = after(state, commands.resolve(DEFAULTS, state, "t.sales", "done", STAMP))
    state = after(state, commands.reject(DEFAULTS, state, "t.finance", LATER))
    assert state.round == 2
    assert state.open == {"t.sales": LATER.at}
    assert [(key, record.outcome, record.void) for key, record in state.records.items()] == [
        (("t.sales", 1), "done", True),
        (("t.finance", 1), "rejected", True),
    ]


def test_a_step_that_is_rejected_while_it_is_the_first_one_opens_anew():
    state = after(started(), commands.reject(DEFAULTS, started(), "t.sales", LATER))
    assert state.open == {"t.sales": LATER.at}


def test_a_step_before_its_turn_is_refused_with_the_reason():
    with pytest.raises(StepNotOpen, match="not yet the turn"):
        commands.resolve(DEFAULTS, started(), "t.finance", "done", STAMP)


def test_a_finished_step_is_refused_with_the_reason():
    state = after(started(), commands.resolve(DEFAULTS, started(), "t.sales", "done", STAMP))
    with pytest.raises(StepNotOpen, match="already been completed"):
        commands.resolve(DEFAULTS, state, "t.sales", "done", STAMP)


def test_a_step_that_the_pinned_flow_lacks_is_unknown():
    with pytest.raises(UnknownStep):
        commands.resolve(DEFAULTS, started(), "camera.photo", "done", STAMP)


def test_a_task_cannot_be_rejected():
    state = after(started(), commands.complete(DEFAULTS, started(), STAMP, until="released"))
    with pytest.raises(Invalid, match="task cannot be rejected"):
        commands.reject(DEFAULTS, state, "t.push", LATER)


def test_a_rejection_and_a_cancellation_need_a_reason():
    with pytest.raises(Invalid, match="reason for the rejection"):
        commands.reject(DEFAULTS, started(), "t.sales", STAMP)
    with pytest.raises(Invalid, match="reason for the cancellation"):
        commands.cancel(DEFAULTS, started(), STAMP)


def test_it_can_be_cancelled_after_release_but_not_after_issue():
    released = after(started(), commands.complete(DEFAULTS, started(), STAMP, until="released"))
    assert after(released, commands.cancel(DEFAULTS, released, LATER)).state == "cancelled"
    issued = after(released, commands.complete(DEFAULTS, released, LATER, until="issued"))
    with pytest.raises(CannotCancel, match="return instead"):
        commands.cancel(DEFAULTS, issued, LATER)


def test_nothing_happens_to_a_cancelled_instance_any_more():
    state = after(started(), commands.cancel(DEFAULTS, started(), LATER))
    assert state.open == {}
    with pytest.raises(CannotCancel):
        commands.cancel(DEFAULTS, state, LATER)
    with pytest.raises(StepNotOpen, match="cancelled"):
        commands.resolve(DEFAULTS, state, "t.sales", "done", LATER)
    with pytest.raises(StepNotOpen, match="cancelled"):
        commands.complete(DEFAULTS, state, LATER)


def test_times_of_milestones_may_not_run_backwards():
    times = {"released": NOON + timedelta(days=2), "issued": NOON + timedelta(days=1)}
    with pytest.raises(Invalid, match="cannot lie before"):
        commands.complete(DEFAULTS, started(), LATER, until="issued", times=times)


def test_completing_to_an_unknown_milestone_is_refused():
    with pytest.raises(Invalid, match="no milestone"):
        commands.complete(DEFAULTS, started(), LATER, until="delivered")


def test_completing_what_is_complete_records_nothing():
    state = after(started(), commands.complete(DEFAULTS, started(), STAMP))
    assert commands.complete(DEFAULTS, state, LATER) == ()


def test_an_expected_sequence_that_has_passed_is_stale():
    check_sequence(started(), 1)
    with pytest.raises(StaleSequence):
        check_sequence(started(), 0)


def test_a_history_with_a_gap_is_not_folded():
    events = commands.resolve(DEFAULTS, started(), "t.sales", "done", STAMP)
    with pytest.raises(ValueError, match="does not follow"):
        fold(DEFAULTS, events)
