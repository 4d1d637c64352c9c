"""The shared state of a tenant's requests: whatever workers do, the plan's figures are never passed."""

import pytest
from headgate_kernel.limits.state import Ask, Grant, Hold, Shared, reserved_slots, take
from headgate_kernel.tenancy.plan_terms import CRITICAL_SHARE, RequestLimits
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

WORKERS = [f"w{number}" for number in range(8)]
LIMITS = RequestLimits(per_second=10, burst=50, at_once=20)


class Requests(RuleBasedStateMachine):
    """Eight workers that take, spend, give back, die and come back, beside what each of them truly has."""

    @initialize(
        per_second=st.integers(1, 100), burst=st.integers(1, 300), at_once=st.integers(1, 60),
    )  # fmt: skip
    def begin(self, per_second, burst, at_once):
        self.limits = RequestLimits(per_second=per_second, burst=max(burst, per_second), at_once=at_once)
        self.shared = Shared(float(self.limits.burst), 0.0)
        self.now = 0.0
        self.tokens = dict.fromkeys(WORKERS, 0)
        self.slots = dict.fromkeys(WORKERS, 0)
        self.used = dict.fromkeys(WORKERS, 0)
        self.critical = dict.fromkeys(WORKERS, 0)
        self.dead: set[str] = set()
        self.begun: list[float] = []

    @rule(seconds=st.floats(0, 5))
    def wait(self, seconds):
        self.now += seconds

    @rule(
        worker=st.sampled_from(WORKERS), tokens=st.integers(0, 40), slots=st.integers(0, 10),
        spare=st.integers(0, 5), critical=st.integers(0, 5), give_back=st.booleans(),
    )  # fmt: skip
    def ask(self, worker, tokens, slots, spare, critical, give_back):
        kept = 0 if give_back else self.tokens[worker]
        keep_slots = self.used[worker] if give_back else self.slots[worker]
        ask = Ask(
            tokens=kept, returned=self.tokens[worker] - kept, slots=keep_slots,
            critical=self.critical[worker], want_tokens=tokens, want_slots=slots, spare_slots=spare,
            want_critical=critical,
        )  # fmt: skip
        alive = [name for name in WORKERS if name not in self.dead]
        self.dead.discard(worker)
        self.shared, grant = take(self.shared, self.limits, worker, ask, alive=[*alive, worker], now=self.now)
        self.tokens[worker] = kept + grant.tokens
        self.slots[worker] = grant.slots
        self.critical[worker] += grant.critical
        self.begun += [self.now] * grant.critical
        assert grant.slots >= keep_slots

    @rule(worker=st.sampled_from(WORKERS), requests=st.integers(1, 10))
    def begin_requests(self, worker, requests):
        going = min(requests, self.tokens[worker], self.slots[worker] - self.used[worker])
        if worker not in self.dead and going > 0:
            self.tokens[worker] -= going
            self.used[worker] += going
            self.begun += [self.now] * going

    @rule(worker=st.sampled_from(WORKERS))
    def end_requests(self, worker):
        self.used[worker] = self.critical[worker] = 0

    @rule(worker=st.sampled_from(WORKERS))
    def kill(self, worker):
        self.dead.add(worker)
        self.tokens[worker] = self.slots[worker] = self.used[worker] = self.critical[worker] = 0

    @precondition(lambda self: hasattr(self, "limits"))
    @invariant()
    def no_window_lets_more_through_than_burst_and_rate(self):
        for index, first in enumerate(self.begun):
            if index == 0 or self.begun[index - 1] != first:
                most = self.limits.burst + self.limits.per_second * (self.now - first)
                assert len(self.begun) - index <= most + 1e-6

    @precondition(lambda self: hasattr(self, "limits"))
    @invariant()
    def no_more_than_the_slots_are_under_way(self):
        ordinary, critical = sum(self.slots.values()), sum(self.critical.values())
        assert ordinary + critical <= self.limits.at_once
        assert ordinary <= self.limits.at_once - reserved_slots(self.limits)

    @precondition(lambda self: hasattr(self, "limits"))
    @invariant()
    def what_is_left_and_what_is_held_are_no_more_than_a_burst(self):
        assert self.shared.tokens >= 0
        assert self.shared.tokens + sum(self.tokens.values()) <= self.limits.burst + 1e-6


TestRequests = Requests.TestCase
TestRequests.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)


def one(
    ask: Ask, shared: Shared | None = None, *, now=0.0, worker="a", alive=("a", "b")
) -> tuple[Shared, Grant]:
    return take(shared or Shared(50.0, 0.0), LIMITS, worker, ask, alive=alive, now=now)


def test_ordinary_requests_stop_at_the_reserve_and_critical_ones_take_it():
    shared, grant = one(Ask(want_tokens=100))
    assert grant.tokens == 40
    shared, grant = one(Ask(tokens=40, want_tokens=1, want_critical=10), shared)
    assert (grant.tokens, grant.critical) == (0, 10)
    assert grant.wait == pytest.approx(1.1)  # the reserve fills up first
    _, grant = one(Ask(tokens=40, critical=10, want_critical=1), shared)
    assert grant.critical == 0


def test_critical_requests_find_slots_when_all_others_are_taken():
    shared, grant = one(Ask(want_tokens=30, want_slots=30))
    assert grant.slots == 16
    assert grant.short
    shared, grant = one(Ask(tokens=30, slots=16, want_critical=10), shared)
    assert grant.critical == 4


def test_spare_slots_are_given_only_while_there_are_plenty():
    shared, grant = one(Ask(want_slots=1, spare_slots=20))
    assert grant.slots == 8
    _, grant = one(Ask(want_slots=1, spare_slots=20), shared, worker="b")
    assert grant.slots == 1


def test_what_a_dead_worker_held_is_free_again():
    shared, _ = one(Ask(want_tokens=40, want_slots=16))
    _, grant = one(Ask(want_tokens=1, want_slots=1), shared, worker="b")
    assert (grant.tokens, grant.slots) == (0, 0)
    shared, grant = one(Ask(want_tokens=1, want_slots=1), shared, worker="b", now=1.0, alive=("b",))
    assert (grant.tokens, grant.slots) == (1, 1)
    assert set(shared.holds) == {"b"}


def test_a_worker_that_wants_nothing_any_more_is_forgotten():
    shared, _ = one(Ask(want_tokens=5, want_slots=2))
    shared, _ = one(Ask(returned=5), shared)
    assert (shared.tokens, shared.holds) == (50.0, {})


def test_a_clock_that_goes_back_gives_nothing():
    shared, _ = one(Ask(want_tokens=40), now=100.0)
    shared, grant = one(Ask(tokens=40, want_tokens=5), shared, now=50.0)
    assert grant.tokens == 0
    _, grant = one(Ask(tokens=40, want_tokens=5), shared, now=100.0)
    assert grant.tokens == 0


@given(st.integers(1, 1000))
def test_one_slot_is_left_for_ordinary_requests(at_once):
    reserve = reserved_slots(RequestLimits(per_second=1, burst=1, at_once=at_once))
    assert 0 <= reserve < at_once
    assert at_once < 5 or reserve >= CRITICAL_SHARE * at_once
    assert Hold() == Hold(0, 0, 0)
