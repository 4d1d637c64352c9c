"""Permissions of an actor, and clocks that can be set."""

from datetime import UTC, datetime, timedelta

import pytest
from headgate_sdk.clock import ManualClock, SystemClock
from headgate_sdk.context import ANONYMOUS, SYSTEM, Actor
from headgate_sdk.progress import report, reporting


@pytest.mark.parametrize(
    ("held", "asked", "allowed"),
    [
        ("*", "trade.orders.read", True),
        ("trade.orders.read", "trade.orders.read", True),
        ("trade.orders.*", "trade.orders.read", True),
        ("trade.*", "trade.orders.read", True),
        ("trade.*", "trader.orders.read", False),
        ("trade.*", "trade", False),
        ("trade.orders", "trade.orders.read", False),
        ("trade.orders.r*", "trade.orders.read", False),
        ("*.read", "trade.orders.read", False),
        ("", "trade.orders.read", False),
        ("trade.orders.read", "trade.orders.*", False),
    ],
)
def test_permissions_and_patterns(held, asked, allowed):
    assert Actor("staff", permissions=frozenset({held})).allowed(asked) is allowed


def test_the_system_may_do_all_and_nobody_nothing():
    assert SYSTEM.allowed("anything.at.all")
    assert not ANONYMOUS.allowed("anything.at.all")


def test_clocks_tell_aware_times():
    assert SystemClock().now().tzinfo is UTC
    clock = ManualClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now() == datetime(2026, 1, 1, tzinfo=UTC)
    clock.moment += timedelta(days=1)
    assert clock.now().day == 2


def test_progress_reaches_whoever_asked_and_nobody_else():
    told = []
    report("nobody listens", 1)
    with reporting(lambda *what: told.append(what)):
        report("reading", 1, 2)
        with reporting(lambda *_: None):
            report("hidden", 1)
        report("reading", 2, 2)
    report("after", 1)
    assert told == [("reading", 1, 2), ("reading", 2, 2)]


def test_an_impersonation_is_denied_what_its_patterns_cover():
    actor = Actor("staff", permissions=frozenset({"trade.*"}), denied=frozenset({"trade.orders.approve"}))
    assert actor.allowed("trade.orders.read")
    assert not actor.allowed("trade.orders.approve")


def test_a_tokens_scopes_never_allow_more_than_its_owner_may():
    actor = Actor("staff", permissions=frozenset({"trade.orders.read"}), scopes=frozenset({"trade.*"}))
    assert actor.allowed("trade.orders.read")
    assert not actor.allowed("trade.orders.approve")
    narrow = Actor("staff", permissions=frozenset({"*"}), scopes=frozenset({"trade.orders.read"}))
    assert narrow.allowed("trade.orders.read")
    assert not narrow.allowed("trade.orders.approve")
