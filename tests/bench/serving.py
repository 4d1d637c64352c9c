"""Servers of their own processes: Headgate as it is run, and a bare Litestar."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from headgate_kernel.database.server import DatabaseServer
from headgate_sdk.testing.server import TEST_SECRET_KEY

READY_SECONDS = 30


class Server:
    """A server that runs.

    Args:
        process: of the program that was started; its workers are below it.
        port: on this machine.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self._process = process
        self.port = port

    def cpu_seconds(self) -> float:
        """Add up the processor time that the server has used so far, in all its processes (Linux)."""
        return sum(cpu_seconds(pid) for pid in _family(self._process.pid))

    def memory_bytes(self) -> int:
        """Give the largest resident memory of one of its processes (Linux)."""
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in _family(self._process.pid)]
        return max(pages) * os.sysconf("SC_PAGE_SIZE")


@contextmanager
def headgate(database: DatabaseServer, *, workers: int = 1, limits: bool = True) -> Iterator[Server]:
    """Serve an installation as `headgate serve` does; without limits nothing is metered either."""
    port = free_port()
    environment = {
        "HEADGATE_APP_DATABASE_URL": database.app,
        "HEADGATE_PLATFORM_DATABASE_URL": database.platform,
        "HEADGATE_SECRET_KEY": TEST_SECRET_KEY.decode() + "." * 32,
        "HEADGATE_LIMITS": "on" if limits else "off",
    }
    code = "from headgate_kernel.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port), "--workers", str(workers)]
    with _running(command, port, environment, "/health") as server:
        yield server


@contextmanager
def bare(body_file: Path) -> Iterator[Server]:
    """Serve the content of a JSON file from a Litestar with nothing around it."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port),
        "--workers", "1", "--log-level", "warning", "tests.bench.bare:create_application",
    ]  # fmt: skip
    with _running(command, port, {"HEADGATE_BENCH_BODY": str(body_file)}, "/") as server:
        yield server


@contextmanager
def _running(command: list[str], port: int, environment: Mapping[str, str], path: str) -> Iterator[Server]:
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}")
        yield Server(process, port)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the server did not come up at {url}") from None
            time.sleep(0.1)


def free_port() -> int:
    """Find a port that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in _family(int(child)))]


def cpu_seconds(pid: int) -> float:
    """Give the processor time that a process has used so far (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
