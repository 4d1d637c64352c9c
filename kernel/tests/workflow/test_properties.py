"""Random flows, edits and commands: what must hold whatever a distributor and its people do."""

from collections import Counter
from datetime import timedelta
from uuid import UUID

import pytest
from headgate_kernel.workflow import commands, impact
from headgate_kernel.workflow.compiler import compile_flow
from headgate_kernel.workflow.definition import decode, encode
from headgate_kernel.workflow.events import (
    Event,
    MilestoneReached,
    Moved,
    Rejected,
    Reopened,
    Resolved,
    Stamp,
    Started,
    Withdrawn,
    decode_body,
    encode_body,
)
from headgate_kernel.workflow.fold import apply, fold
from headgate_kernel.workflow.state import State
from headgate_kernel.workflow.timeline import draw as draw_timeline
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.workflow import CannotCancel, FlowSettings, StaleSequence, StepNotOpen, UnknownStep
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from .reference import Paper, places
from .samples import CATALOGUE, CLERK, MILESTONES, NOON, PLUGINS, STEPS
from .strategies import flows

STEP_IDS = [step.id for step in STEPS]
APPROVALS = {step.id for step in STEPS if step.kind == "approval"}
SUBJECT = UUID(int=7)


class Run:
    """One instance as the engine has it, its whole history, and the same on paper."""

    def __init__(self, events: tuple[Event, ...], state: State, paper: Paper) -> None:
        self.events = list(events)
        self.state = state
        self.paper = paper


class Flows(RuleBasedStateMachine):
    """A distributor that publishes flows, and orders that run through them."""

    def __init__(self) -> None:
        super().__init__()
        self.settings: dict[int, FlowSettings] = {}
        self.definitions = {}
        self.runs: list[Run] = []
        self.moment = NOON

    def stamp(self, note: str = "") -> Stamp:
        self.moment += timedelta(minutes=1)
        return Stamp(CLERK, self.moment, note)

    def pick(self, data: st.DataObject) -> Run | None:
        return data.draw(st.sampled_from(self.runs)) if self.runs else None

    def take(self, run: Run, events: tuple[Event, ...]) -> None:
        for event in events:
            run.state = apply(self.definitions, run.state, event)
        run.events.extend(events)

    @rule(settings=flows())
    def publish(self, settings):
        version = len(self.settings) + 1
        self.settings[version] = settings
        self.definitions[version] = compile_flow(CATALOGUE, "t.order", settings, PLUGINS)

    @rule()
    def start(self):
        if not self.settings or len(self.runs) >= 5:
            return
        version = len(self.settings)
        events = commands.start(
            self.definitions[version], version, {"amount": 100, "group": None}, self.stamp()
        )
        state = fold(self.definitions, events)
        assert state is not None
        paper = Paper(self.settings[version])
        paper.close_what_is_finished()
        self.runs.append(Run(events, state, paper))

    @rule(data=st.data(), outcome=st.sampled_from(["done", "overridden"]))
    def resolve_an_open_step(self, data, outcome):
        run = self.pick(data)
        if run is None or not run.paper.open():
            return
        step = data.draw(st.sampled_from(sorted(run.paper.open())))
        self.take(run, commands.resolve(self.definitions, run.state, step, outcome, self.stamp()))
        run.paper.resolve(step)

    @rule(data=st.data(), step=st.sampled_from(STEP_IDS))
    def a_step_that_is_not_open_is_refused(self, data, step):
        run = self.pick(data)
        if run is None or step in run.paper.open():
            return
        with pytest.raises((StepNotOpen, UnknownStep)):
            commands.resolve(self.definitions, run.state, step, "done", self.stamp())

    @rule(data=st.data())
    def reject(self, data):
        run = self.pick(data)
        if run is None or not run.paper.open():
            return
        step = data.draw(st.sampled_from(sorted(run.paper.open())))
        if step not in APPROVALS:
            with pytest.raises(Invalid):
                commands.reject(self.definitions, run.state, step, self.stamp("too dear"))
            return
        with pytest.raises(Invalid):
            commands.reject(self.definitions, run.state, step, self.stamp(" "))
        self.take(run, commands.reject(self.definitions, run.state, step, self.stamp("too dear")))
        run.paper.reject()

    @rule(data=st.data())
    def cancel(self, data):
        run = self.pick(data)
        if run is None:
            return
        if run.state.state != "open" or run.paper.closed >= 2:
            with pytest.raises(CannotCancel):
                commands.cancel(self.definitions, run.state, self.stamp("no longer wanted"))
            return
        self.take(run, commands.cancel(self.definitions, run.state, self.stamp("no longer wanted")))
        run.paper.ended = True

    @rule(data=st.data(), until=st.sampled_from([*MILESTONES, None]))
    def complete(self, data, until):
        run = self.pick(data)
        if run is None or run.paper.ended:
            return
        self.take(run, commands.complete(self.definitions, run.state, self.stamp(), until=until))
        run.paper.complete(MILESTONES.index(until) + 1 if until else len(MILESTONES))
        if until is None:
            assert run.state.state == "completed"

    @rule(data=st.data())
    def move(self, data):
        run = self.pick(data)
        if run is None:
            return
        version = data.draw(st.sampled_from(sorted(self.settings)))
        if run.state.state != "open":
            assert version == run.state.version or self.is_refused(run, version)
            return
        before = run.state
        told = impact.preview_move(
            self.definitions[before.version],
            self.definitions[version],
            impact.Progress(before.resolved(), tuple(before.reached)),
        )
        self.take(run, impact.move(self.definitions, run.state, version, self.stamp()))
        run.paper.move(self.settings[version])
        self.the_preview_told_what_happened(told, before, run.state)

    def is_refused(self, run: Run, version: int) -> bool:
        try:
            impact.move(self.definitions, run.state, version, self.stamp())
        except HeadgateError:
            return True
        return False

    def the_preview_told_what_happened(self, told, before: State, after: State) -> None:
        assert set(told.closes) == set(before.open) - set(after.open)
        assert set(told.opens) == set(after.open) - set(before.open)
        assert told.milestones == tuple(item for item in after.reached if item not in before.reached)
        if told.effect in {"unaffected", "ahead"}:
            assert set(before.open) == set(after.open)

    @rule(data=st.data())
    def moving_to_the_same_version_changes_nothing(self, data):
        run = self.pick(data)
        if run is not None:
            assert impact.move(self.definitions, run.state, run.state.version, self.stamp()) == ()

    @rule(data=st.data())
    def moving_there_and_back_restores_the_frontier(self, data):
        run = self.pick(data)
        if run is None or run.state.state != "open":
            return
        home, before = run.state.version, run.state
        version = data.draw(st.sampled_from(sorted(self.settings)))
        self.take(run, impact.move(self.definitions, run.state, version, self.stamp()))
        run.paper.move(self.settings[version])
        if run.state.state == "open":
            self.take(run, impact.move(self.definitions, run.state, home, self.stamp()))
            run.paper.move(self.settings[home])
            if tuple(run.state.reached) == tuple(before.reached):
                assert set(run.state.open) == set(before.open)
                assert run.state.resolved() == before.resolved()

    @rule(data=st.data(), behind=st.integers(1, 3))
    def a_decision_on_an_older_state_is_refused(self, data, behind):
        run = self.pick(data)
        if run is not None:
            commands.check_sequence(run.state, run.state.seq)
            with pytest.raises(StaleSequence):
                commands.check_sequence(run.state, run.state.seq - behind)

    @invariant()
    def the_engine_agrees_with_the_paper(self):
        for run in self.runs:
            assert set(run.state.open) == run.paper.open()
            assert tuple(run.state.reached) == MILESTONES[: run.paper.closed]
            assert run.state.resolved() == run.paper.behind

    @invariant()
    def no_order_is_stuck(self):
        for run in self.runs:
            assert (run.state.state == "open") == bool(run.state.open)

    @invariant()
    def a_replay_gives_the_same_state(self):
        for run in self.runs:
            written = [
                Event(event.seq, event.stamp, decode_body(encode_body(event.body))) for event in run.events
            ]
            assert fold(self.definitions, written) == run.state
            assert [event.seq for event in run.events] == list(range(1, len(run.events) + 1))

    @invariant()
    def the_timeline_shows_what_is_open(self):
        for run in self.runs:
            drawn = draw_timeline(SUBJECT, self.definitions[run.state.version], run.state, lambda *_: "")
            assert {step.step for step in drawn.open_steps} == set(run.state.open)
            assert drawn.reached == tuple(run.state.reached)
            assert {s.step for s in drawn.steps if s.state in {"done", "overridden"}} == run.state.resolved()
            assert len({step.step for step in drawn.steps}) == len(drawn.steps)

    @invariant()
    def histories_keep_the_rules(self):
        for run in self.runs:
            self.check_history(run.events)

    def check_history(self, events: list[Event]) -> None:
        """Read a history as an auditor would, from the events and settings alone."""
        flow: FlowSettings = FlowSettings()
        fired: list[str] = []
        current_round = 1
        resolved_in: Counter[tuple[str, int]] = Counter()
        behind: set[str] = set()
        for event in events:
            match event.body:
                case Started(version) | Moved(version):
                    flow = self.settings[version]
                case Resolved(step):
                    assert step in places(flow)
                    assert places(flow)[step][0] == len(fired), "only steps of the open phase are resolved"
                    assert step not in behind
                    resolved_in[step, current_round] += 1
                    behind.add(step)
                case Withdrawn(step):
                    assert step not in behind
                case Reopened(step):
                    assert step not in behind
                case Rejected(step):
                    assert resolved_in[step, current_round] == 0
                    current_round += 1
                    behind -= {s for s, place in places(flow).items() if place[0] == len(fired)}
                case MilestoneReached(milestone):
                    required = {s for s, place in places(flow).items() if place[0] == len(fired)}
                    assert required <= behind, "a milestone passed a switched-on step by"
                    assert milestone == MILESTONES[len(fired)], "milestones fire once and in order"
                    fired.append(milestone)
        assert all(times == 1 for times in resolved_in.values()), "a step was resolved twice in a round"


TestFlows = Flows.TestCase


@given(flows())
def test_the_canonical_form_is_stable_and_readable(settings):
    definition = compile_flow(CATALOGUE, "t.order", settings, PLUGINS)
    document = encode(definition)
    assert encode(decode(document)) == document
    assert decode(document) == definition
    again = compile_flow(CATALOGUE, "t.order", definition.settings(), PLUGINS)
    assert encode(again) == document


@given(flows(), flows(), st.data())
def test_an_order_keeps_its_way_whatever_is_published_after_it_started(mine, published_later, data):
    pinned = compile_flow(CATALOGUE, "t.order", mine, PLUGINS)
    later = compile_flow(CATALOGUE, "t.order", published_later, PLUGINS)
    alone, beside = {1: pinned}, {1: pinned, 2: later}
    state = fold(beside, commands.start(pinned, 1, {}, Stamp(CLERK, NOON)))
    taken = []
    while state is not None and state.open:
        step = data.draw(st.sampled_from(sorted(state.open)))
        events = commands.resolve(beside, state, step, "done", Stamp(CLERK, NOON))
        assert events == commands.resolve(alone, state, step, "done", Stamp(CLERK, NOON))
        taken.append(step)
        for event in events:
            state = apply(beside, state, event)
    assert state is not None
    assert state.state == "completed"
    assert sorted(taken) == sorted(places(mine))


@given(flows())
def test_completing_reaches_every_milestone_at_its_own_time(settings):
    definition = compile_flow(CATALOGUE, "t.order", settings, PLUGINS)
    definitions = {1: definition}
    state = fold(definitions, commands.start(definition, 1, {}, Stamp(CLERK, NOON)))
    assert state is not None
    times = {
        milestone: NOON + timedelta(days=number)
        for number, milestone in enumerate(MILESTONES)
        if milestone not in state.reached
    }
    events = commands.complete(definitions, state, Stamp(CLERK, NOON + timedelta(days=9)), times=times)
    for event in events:
        state = apply(definitions, state, event)
    assert state.state == "completed"
    assert {milestone: state.reached[milestone] for milestone in times} == times
