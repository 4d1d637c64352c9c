"""How many jobs to take ahead of time: what is begun within a moment, and none where jobs are slow."""

import time

AHEAD_SECONDS = 0.015
MOST_AHEAD = 150
_WEIGHT = 0.1


class Pace:
    """Remembers how long jobs took lately.

    Args:
        slots: how many run at a time.
    """

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._seconds = 0.05
        self._last = 0.0

    def note(self, seconds: float) -> None:
        """Take note of a job's time."""
        self._seconds += (seconds - self._seconds) * _WEIGHT
        self._last = time.monotonic()

    def ahead(self) -> int:
        """Tell how many jobs will find a place within a moment. None, when no job has ended for a while."""
        if time.monotonic() - self._last > 10 * AHEAD_SECONDS:
            return 0
        return min(int(self._slots * AHEAD_SECONDS / max(self._seconds, 1e-5)), MOST_AHEAD)
