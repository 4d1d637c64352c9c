from datetime import timedelta

import msgspec
import pytest
from headgate_kernel.workflow import commands
from headgate_kernel.workflow.compiler import compile_flow
from headgate_kernel.workflow.events import Moved, Reopened, Stamp, Withdrawn
from headgate_kernel.workflow.fold import apply, fold
from headgate_kernel.workflow.impact import MoveEffect, Progress, move, preview_move
from headgate_kernel.workflow.timeline import draw
from headgate_sdk.errors import Conflict

from .samples import CATALOGUE, CLERK, DEFAULT, NOON, PLUGINS, STAMP, SUBJECT, flow

LATER = Stamp(CLERK, NOON + timedelta(hours=2), "finance approval switched off")


def compiled(settings):
    return compile_flow(CATALOGUE, "t.order", settings, PLUGINS)


DEFAULTS = compiled(DEFAULT)
WITHOUT_FINANCE = compiled(
    flow(
        pre_release="sales -finance",
        pre_issue="push outbound",
        pre_receipt="ship receive",
        pre_close="payment",
    )
)
AT_FINANCE = Progress(frozenset({"t.sales"}), ())


def run_to_finance():
    definitions = {1: DEFAULTS, 2: WITHOUT_FINANCE}
    state = fold(definitions, commands.start(DEFAULTS, 1, {}, STAMP))
    for event in commands.resolve(definitions, state, "t.sales", "done", STAMP):
        state = apply(definitions, state, event)
    return definitions, state


def moved(definitions, state, version, stamp=LATER):
    for event in move(definitions, state, version, stamp):
        state = apply(definitions, state, event)
    return state


def test_an_order_that_waits_at_a_step_that_goes_off_would_advance():
    preview = preview_move(DEFAULTS, WITHOUT_FINANCE, AT_FINANCE)
    assert preview.effect is MoveEffect.ADVANCES
    assert (preview.closes, preview.opens, preview.milestones) == (("t.finance",), ("t.push",), ("released",))


def test_an_order_that_is_past_the_step_is_unaffected():
    behind = Progress(frozenset({"t.sales", "t.finance"}), ("released",))
    assert preview_move(DEFAULTS, WITHOUT_FINANCE, behind).effect is MoveEffect.UNAFFECTED


def test_an_order_before_the_step_only_has_another_way_ahead():
    assert preview_move(DEFAULTS, WITHOUT_FINANCE, Progress(frozenset(), ())).effect is MoveEffect.AHEAD


def test_a_step_that_is_switched_on_in_the_open_phase_makes_the_order_wait():
    old = compiled(flow(pre_release="-sales finance"))
    new = compiled(flow(pre_release="sales finance"))
    preview = preview_move(old, new, Progress(frozenset(), ()))
    assert preview.effect is MoveEffect.WAITS
    assert (preview.closes, preview.opens) == (("t.finance",), ("t.sales",))


def test_a_step_that_is_switched_on_in_a_closed_phase_does_not_come_back():
    old = compiled(flow(pre_release="sales", pre_issue="outbound"))
    new = compiled(flow(pre_release="sales finance", pre_issue="outbound"))
    preview = preview_move(old, new, Progress(frozenset({"t.sales"}), ("released",)))
    assert preview.effect is MoveEffect.UNAFFECTED


def test_a_flow_without_a_milestone_that_was_reached_cannot_carry_the_order():
    shorter = msgspec.structs.replace(DEFAULTS, phases=DEFAULTS.phases[1:])
    behind = Progress(frozenset({"t.sales", "t.finance"}), ("released",))
    assert preview_move(DEFAULTS, shorter, behind).effect is MoveEffect.BLOCKED
    definitions, state = run_to_finance()
    for event in commands.resolve(definitions, state, "t.finance", "done", STAMP):
        state = apply(definitions, state, event)
    with pytest.raises(Conflict, match="lacks a milestone"):
        move(definitions | {3: shorter}, state, 3, LATER)


def test_a_move_withdraws_the_open_step_and_shows_it_as_withdrawn():
    definitions, state = run_to_finance()
    bodies = [event.body for event in move(definitions, state, 2, LATER)]
    assert bodies[:2] == [Withdrawn("t.finance"), Moved(2)]
    drawn = draw(SUBJECT.id, WITHOUT_FINANCE, moved(definitions, state, 2), lambda *_: "")
    assert [(step.step, step.state) for step in drawn.steps[:3]] == [
        ("t.sales", "done"),
        ("t.finance", "withdrawn"),
        ("t.push", "open"),
    ]


def test_a_withdrawn_step_is_asked_for_again_after_moving_back_while_its_phase_is_open():
    new = compiled(flow(pre_release="sales -finance push"))
    definitions = {1: compiled(flow(pre_release="sales finance push")), 2: new}
    state = fold(definitions, commands.start(definitions[1], 1, {}, STAMP))
    for event in commands.resolve(definitions, state, "t.sales", "done", STAMP):
        state = apply(definitions, state, event)
    state = moved(definitions, state, 2)
    assert tuple(state.open) == ("t.push",)
    back = [event.body for event in move(definitions, state, 1, LATER)]
    assert back == [Reopened("t.finance"), Moved(1)]
    assert tuple(moved(definitions, state, 1).open) == ("t.finance",)


def test_a_step_that_stays_open_through_a_move_keeps_the_time_since_when_it_waits():
    definitions = {1: DEFAULTS, 2: WITHOUT_FINANCE}
    state = fold(definitions, commands.start(DEFAULTS, 1, {}, STAMP))
    assert moved(definitions, state, 2).open == {"t.sales": STAMP.at}


def test_what_has_ended_does_not_move():
    definitions, state = run_to_finance()
    for event in commands.cancel(definitions, state, LATER):
        state = apply(definitions, state, event)
    with pytest.raises(Conflict, match="has ended"):
        move(definitions, state, 2, LATER)
