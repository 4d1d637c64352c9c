"""Tell whoever started long work how far it is; silence when nobody asked."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Reporter = Callable[[str, int, int | None], None]
"""`(label, done, total)`; total is None where it is not known."""

_reporter: ContextVar[Reporter | None] = ContextVar("headgate_progress", default=None)


@contextmanager
def reporting(reporter: Reporter) -> Iterator[None]:
    """Have progress of the work inside told to `reporter`."""
    token = _reporter.set(reporter)
    try:
        yield
    finally:
        _reporter.reset(token)


def report(label: str, done: int, total: int | None = None) -> None:
    """Say how far the work is.

    Args:
        label: English msgid of what is being done.
        done: units finished.
        total: units in all, if known.
    """
    reporter = _reporter.get()
    if reporter is not None:
        reporter(label, done, total)
