"""What became of a job, and how long it rests before it is tried again."""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_

from headgate_kernel.jobs.claims import Claim

FIRST = timedelta(seconds=5)
LONGEST_AFTER_FAULT = timedelta(hours=1)
LONGEST_UNTIL_READY = timedelta(minutes=15)


class ErrorWords(msgspec.Struct, frozen=True):
    """Why a job did not succeed, such that it can be told in every reader's language.

    Args:
        code: of the error's class.
        message: English msgid.
        params: of the message.
    """

    code: str
    message: str
    params: dict[str, str] = {}

    def fill(self, text: str) -> str:
        """Fill the message, or a translation of it."""
        error = HeadgateError(self.message)
        error.params = dict(self.params)
        return error.fill(text)


class Outcome(msgspec.Struct, frozen=True):
    """What became of a claim.

    Args:
        claim: of the job.
        state: `done` takes it out of the queue.
        rests: before it is due again, where its state is ready.
        excused: whether this attempt does not count.
        not_ready: whether it was put off because its far side was not ready.
        error: why; None leaves what was said before.
    """

    claim: Claim
    state: Literal["done", "ready", "waiting", "dead"]
    rests: timedelta = timedelta(0)
    excused: bool = False
    not_ready: bool = False
    error: ErrorWords | None = None


def done(claim: Claim) -> Outcome:
    """It succeeded."""
    return Outcome(claim, "done")


def given_back(claim: Claim) -> Outcome:
    """It was not run to its end, by no fault of its own."""
    return Outcome(claim, "ready", excused=True)


def waiting(claim: Claim) -> Outcome:
    """Its plugin is off, or its tenant suspended."""
    return Outcome(claim, "waiting", excused=True)


def not_ready(claim: Claim, error: ErrorWords) -> Outcome:
    """Its far side is not ready; that is no fault."""
    rests = _jittered(FIRST * 2 ** min(claim.postponed, 12), LONGEST_UNTIL_READY)
    return Outcome(claim, "ready", rests, excused=True, not_ready=True, error=error)


def failed(claim: Claim, error: ErrorWords, *, max_attempts: int) -> Outcome:
    """It failed, and is tried again unless it has been often enough."""
    if claim.attempts >= max_attempts:
        return dead(claim, error)
    return Outcome(
        claim, "ready", _jittered(FIRST * 3 ** min(claim.attempts - 1, 12), LONGEST_AFTER_FAULT), error=error
    )


def dead(claim: Claim, error: ErrorWords) -> Outcome:
    """It is given up; the operator may have it tried again."""
    return Outcome(claim, "dead", error=error)


def words_of(error: BaseException) -> ErrorWords:
    """Put an error into words.

    Ours are written to be read. What others say may hold anything, a password too: of those only the kind and
    the place are kept, and the log has the rest.
    """
    if isinstance(error, HeadgateError):
        params: Mapping[str, object] = {"field": error.field, "row": error.row, **error.params}
        problems = getattr(error, "problems", ())
        message = " ".join([error.message, *(str(problem) for problem in problems)])
        return ErrorWords(error.code, message, {name: str(value) for name, value in params.items()})
    return ErrorWords(
        "unexpected",
        N_("It broke with {kind} at {place}. The log has the details."),
        {"kind": type(error).__name__, "place": _place(error)},
    )


def _place(error: BaseException) -> str:
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return "?"
    path = last.tb_frame.f_code.co_filename.replace("\\", "/").split("/")
    return f"{'/'.join(path[-2:])}:{last.tb_lineno}"


def _jittered(rests: timedelta, longest: timedelta) -> timedelta:
    """Spread what failed together, so that it is not tried again together."""
    return min(rests, longest) * random.uniform(0.5, 1.5)  # noqa: S311 (nobody gains from guessing it)
