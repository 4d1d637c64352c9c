"""Dealing a limit out: whatever has happened before, the slots together never have more than it."""

from headgate_kernel.quotas.slots import deal
from hypothesis import given
from hypothesis import strategies as st

USED = st.lists(st.integers(0, 1000), min_size=1, max_size=16)


@given(USED, st.integers(1, 500), st.integers(0, 20_000))
def test_more_is_counted_exactly_when_the_limit_has_room(used, amount, hard):
    dealt = deal(used, amount, hard)
    assert (dealt is None) == (sum(used) + amount > hard)
    if dealt is not None:
        assert sum(dealt.used) == sum(used) + amount
        assert sum(dealt.share) == hard
        assert all(one <= share for one, share in zip(dealt.used, dealt.share, strict=True))


@given(USED, st.integers(1, 20_000), st.one_of(st.none(), st.integers(0, 20_000)))
def test_giving_back_is_never_refused_and_never_leaves_less_than_nothing(used, amount, hard):
    dealt = deal(used, -amount, hard)
    assert dealt is not None
    assert sum(dealt.used) == max(0, sum(used) - amount)
    assert min(dealt.used) >= 0
    if hard is not None:
        assert sum(dealt.share) == max(hard, sum(dealt.used))


@given(USED, st.integers(1, 500))
def test_without_a_limit_no_share_has_an_end(used, amount):
    dealt = deal(used, amount, None)
    assert set(dealt.share) == {None}
    assert sum(dealt.used) == sum(used) + amount


@given(USED, st.integers(0, 15_999))
def test_a_limit_below_what_was_used_gives_nothing_more(used, below):
    hard = min(below, max(0, sum(used) - 1))
    assert sum(used) == 0 or deal(used, 1, hard) is None
