"""Whether this process should be sent requests: it reaches its database, and was not told to stop.

A stop goes: not ready, then a while for the balancer to notice, then no new connections, then the end of
the requests under way.
"""

import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

MARKER = "HEADGATE_DRAIN_MARKER"


def is_draining() -> bool:
    """Tell whether the server was told to stop."""
    marker = os.environ.get(MARKER)
    return marker is not None and Path(marker).exists()


class Draining:
    """Puts a while of not being ready between the signal to stop and the stop.

    Args:
        seconds: the while; none stops at once.
        stop: begins the stop.
    """

    def __init__(self, seconds: float, stop: Callable[[], object]) -> None:
        self._seconds = seconds
        self._stop = stop
        self._marker = Path(os.environ[MARKER])
        self._begun = False

    def handle(self, signum: int, frame: FrameType | None) -> None:
        """Handle a signal to stop; Ctrl+C, and a second signal, stop at once."""
        if self._begun or signum == signal.SIGINT or self._seconds <= 0:
            self._stop()
            return
        self._begun = True
        self._marker.touch()
        timer = threading.Timer(self._seconds, self._stop)
        timer.daemon = True
        timer.start()


@contextmanager
def drain_marker() -> Iterator[None]:
    """Agree with the processes that are started inside on a file whose being there says: not ready."""
    with tempfile.TemporaryDirectory(prefix="headgate-run-") as folder:
        os.environ[MARKER] = str(Path(folder) / "draining")
        try:
            yield
        finally:
            os.environ.pop(MARKER, None)
