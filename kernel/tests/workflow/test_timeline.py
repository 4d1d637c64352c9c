from datetime import timedelta
from uuid import UUID

from headgate_kernel.workflow import commands
from headgate_kernel.workflow.compiler import compile_flow
from headgate_kernel.workflow.events import Stamp
from headgate_kernel.workflow.fold import apply, fold
from headgate_kernel.workflow.impact import move
from headgate_kernel.workflow.timeline import draw

from .samples import CATALOGUE, CLERK, DEFAULT, NOON, PLUGINS, STAMP, flow

ID = UUID(int=1)
DEFINITIONS = {
    1: compile_flow(CATALOGUE, "t.order", DEFAULT, PLUGINS),
    2: compile_flow(CATALOGUE, "t.order", flow(pre_release="sales finance payment"), PLUGINS),
}
LATER = Stamp(CLERK, NOON + timedelta(hours=1), "price is wrong")


def run(*commands_to_take):
    state = fold(DEFINITIONS, commands.start(DEFINITIONS[1], 1, {}, STAMP))
    for command in commands_to_take:
        for event in command(state):
            state = apply(DEFINITIONS, state, event)
    return state


def sales_done(state):
    return commands.resolve(DEFINITIONS, state, "t.sales", "done", STAMP)


def finance_rejects(state):
    return commands.reject(DEFINITIONS, state, "t.finance", LATER)


def nobody(step, plugin):
    return ""


def test_a_finished_step_shows_who_did_it_since_when_it_waited_and_when():
    step = draw(ID, DEFINITIONS[1], run(sales_done), nobody).steps[0]
    assert (step.state, step.name, step.actor_name, step.actor_role) == ("done", "Sales", "Wang Li", "Sales")
    assert (step.opened_at, step.at) == (NOON, NOON)


def test_a_waiting_step_shows_the_role_that_is_expected():
    drawn = draw(ID, DEFINITIONS[1], run(), nobody)
    assert [(step.state, step.actor_role) for step in drawn.steps[:2]] == [
        ("open", "sales clerk"),
        ("waiting", "finance clerk"),
    ]


def test_decisions_of_an_earlier_round_stay_visible_apart():
    drawn = draw(ID, DEFINITIONS[1], run(sales_done, finance_rejects), nobody)
    assert [(step.step, step.state, step.round) for step in drawn.steps[:2]] == [
        ("t.sales", "open", 2),
        ("t.finance", "waiting", 2),
    ]
    assert [(step.step, step.state, step.note) for step in drawn.earlier] == [
        ("t.sales", "done", ""),
        ("t.finance", "rejected", "price is wrong"),
    ]


def test_a_step_of_a_plugin_that_is_off_is_shown_as_blocked():
    drawn = draw(ID, DEFINITIONS[1], run(), lambda step, plugin: plugin)
    assert [(step.step, step.blocked) for step in drawn.blocked] == [("t.sales", "t")]


def test_a_cancelled_instance_shows_what_was_done_and_waits_for_nothing():
    drawn = draw(
        ID, DEFINITIONS[1], run(sales_done, lambda state: commands.cancel(DEFINITIONS, state, LATER)), nobody
    )
    assert [step.state for step in drawn.steps] == ["done"]
    assert drawn.cancelled is not None
    assert (drawn.cancelled.note, drawn.cancelled.at) == ("price is wrong", LATER.at)


def test_a_step_that_came_into_a_closed_phase_is_not_shown_as_waiting():
    released = run(lambda state: commands.complete(DEFINITIONS, state, STAMP, until="released"))
    for event in move(DEFINITIONS, released, 2, LATER):
        released = apply(DEFINITIONS, released, event)
    drawn = draw(ID, DEFINITIONS[2], released, nobody)
    assert "t.payment" not in {step.step for step in drawn.steps}
