"""How fast guesses are answered: so many at once, then one every so often, for whatever is guessed at.

One row for each bucket says when its tries so far are paid off (the generic cell rate algorithm), so that the
count needs no sweeping and many tries at once cannot all pass as the first.
"""

import hashlib
import math
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_

if TYPE_CHECKING:
    from headgate_sdk.database import Database


class TooManyTries(HeadgateError):
    """This was tried too often; says how long to wait."""

    code = "too_many_tries"
    status = 429


class Pace(msgspec.Struct, frozen=True):
    """A pace.

    Args:
        kind: of what is tried; keeps buckets apart.
        burst: tries that pass at once.
        every: after that, one in each such time.
        words: English msgid for who is refused, with `{seconds}`.
    """

    kind: str
    burst: int
    every: timedelta
    words: str = N_("Too many tries. Please wait {seconds} seconds.")


async def admit(db: "Database", pace: Pace, now: datetime, *about: object) -> None:
    """Count a try, or refuse it.

    Args:
        db: a platform scope, committed whatever comes of the try.
        pace: how fast.
        now: when.
        about: what is tried at: a login, an address, a person.

    Raises:
        TooManyTries: says how many seconds to wait.
    """
    bucket, latest = _bucket(pace, about), now + pace.every * (pace.burst - 1)
    counted = await db.fetch_value(_COUNT, bucket, now, pace.every, latest)
    if counted is None:
        until = await db.fetch_value("SELECT until FROM guess_pace WHERE bucket = $1", bucket)
        seconds = (until - latest).total_seconds() if until else 0
        raise TooManyTries(pace.words, seconds=max(1, math.ceil(seconds)))


async def refund(db: "Database", pace: Pace, *about: object) -> None:
    """Take a try out of the count: it was right."""
    await db.execute(
        "UPDATE guess_pace SET until = until - $2::interval WHERE bucket = $1",
        _bucket(pace, about), pace.every,
    )  # fmt: skip


def _bucket(pace: Pace, about: tuple[object, ...]) -> bytes:
    text = "\0".join((pace.kind, *(str(part) for part in about)))
    return hashlib.sha256(text.encode()).digest()


_COUNT = """
INSERT INTO guess_pace (bucket, until) VALUES ($1, $2::timestamptz + $3::interval)
ON CONFLICT (bucket) DO UPDATE SET until = greatest(guess_pace.until, $2) + $3
WHERE guess_pace.until <= $4
RETURNING until
"""
