"""Identifiers are made in order of time and never twice."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import RFC_4122, UUID

from headgate_sdk.ids import new_id


def test_identifiers_are_uuids_of_version_seven():
    made = new_id()
    assert type(made) is UUID
    assert (made.version, made.variant) == (7, RFC_4122)


def test_they_carry_the_time_and_grow_with_it():
    before = int(datetime.now(UTC).timestamp() * 1000)
    made = [new_id() for _ in range(2000)]
    after = int(datetime.now(UTC).timestamp() * 1000)
    times = [one.int >> 80 for one in made]
    assert before <= times[0] <= times[-1] <= after
    assert times == sorted(times)


def test_they_differ_also_between_threads():
    with ThreadPoolExecutor(8) as pool:
        made = [one for many in pool.map(lambda _: [new_id() for _ in range(500)], range(8)) for one in many]
    assert len(set(made)) == 4000
