"""Counts and durations for Prometheus, added up over all worker processes.

Labels are few on purpose: routes by their template, never an address; tenants are not labels, since there
are hundreds: how each is served is kept by the minute in the database (`traffic.py`).

The library decides when it is first imported whether numbers are shared between processes, so it is imported
by the worker, after the server has said where, and nowhere else.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DIRECTORY = "PROMETHEUS_MULTIPROC_DIR"
SECONDS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


class Metrics:
    """Numbers of this process."""

    def __init__(self) -> None:
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: PLC0415 (see above)

        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "headgate_request_seconds", "Time to answer a request.", ["method", "route", "status"],
            buckets=SECONDS, registry=self._registry,
        )  # fmt: skip
        self._answered: dict[tuple[str, str, int], Histogram] = {}
        self.in_flight = Gauge(
            "headgate_requests_in_flight", "Requests being answered now.",
            multiprocess_mode="livesum", registry=self._registry,
        )  # fmt: skip
        self.connections = Gauge(
            "headgate_database_connections", "Connections that are open, by pool and use.", ["pool", "use"],
            multiprocess_mode="livesum", registry=self._registry,
        )  # fmt: skip
        self.plugin_faults = Counter(
            "headgate_plugin_faults", "Failures in plugins' code.", ["plugin"], registry=self._registry
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request.

        Args:
            method: HTTP verb.
            route: template of the path, such as `/mall/skus/{sku_id}`.
            status: of the answer.
            seconds: it took.
        """
        key = (method, route, status)
        child = self._answered.get(key)
        if child is None:
            child = self._answered[key] = self._requests.labels(method, route, str(status))
        child.observe(seconds)

    def exposition(self) -> bytes:
        """Give the numbers of all processes in Prometheus' text format."""
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415 (see above)
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415 (see above)

        folder = os.environ.get(DIRECTORY)
        if not folder:
            return generate_latest(self._registry)
        _forget_dead(Path(folder))
        everybody = CollectorRegistry()
        MultiProcessCollector(everybody)  # type: ignore[no-untyped-call]
        return generate_latest(everybody)


@contextmanager
def shared_between_processes() -> Iterator[None]:
    """Have the processes that are started inside keep their numbers in files that add up.

    The numbers begin anew with each start of the server.
    """
    folder = tempfile.mkdtemp(prefix="headgate-metrics-")
    os.environ[DIRECTORY] = folder
    try:
        yield
    finally:
        os.environ.pop(DIRECTORY, None)
        shutil.rmtree(folder, ignore_errors=True)


def _forget_dead(folder: Path) -> None:
    """Leave out the gauges of a worker that was killed: it has no requests in flight any more."""
    from prometheus_client.multiprocess import mark_process_dead  # noqa: PLC0415 (see above)

    for pid in {int(path.stem.rpartition("_")[2]) for path in folder.glob("gauge_live*_*.db")}:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            mark_process_dead(pid, str(folder))  # type: ignore[no-untyped-call]
        except PermissionError:
            continue
