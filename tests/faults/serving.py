"""Headgate as it is run, in processes of its own, to be stopped and killed."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import httpx
from headgate_kernel.database.server import DatabaseServer
from headgate_sdk.testing.server import TEST_SECRET_KEY

from tests.bench.serving import free_port

READY_SECONDS = 60


class Served:
    """A server that runs.

    Args:
        process: of the program; its workers are below it.
        port: on this machine.
    """

    def __init__(self, process: subprocess.Popen[bytes], port: int) -> None:
        self.process = process
        self.port = port

    def get(self, path: str, host: str = "console.localhost", **options) -> httpx.Response:
        """Ask for a page over a connection of its own."""
        headers = {"host": host, **options.pop("headers", {})}
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", headers=headers, timeout=30, **options)


@contextmanager
def served(
    database: DatabaseServer, *, workers: int = 1, environment: Mapping[str, str] | None = None
) -> Iterator[Served]:
    """Serve an installation as `headgate serve` does, until it is stopped or the block ends."""
    port = free_port()
    # the app's and the platform's addresses only: nothing is migrated, and workers start at once
    variables = {
        "HEADGATE_APP_DATABASE_URL": database.app,
        "HEADGATE_PLATFORM_DATABASE_URL": database.platform,
        "HEADGATE_SECRET_KEY": TEST_SECRET_KEY.decode() + "." * 32,
        "HEADGATE_JOBS": "off",  # its workers would take the jobs of other tests' tenants
        **(environment or {}),
    }
    code = "from headgate_kernel.cli import main; main()"
    command = [sys.executable, "-c", code, "serve", "--port", str(port), "--workers", str(workers)]
    process = subprocess.Popen(command, env={**os.environ, **variables}, stderr=subprocess.PIPE)
    server = Served(process, port)
    try:
        _wait_until_alive(server)
        yield server
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        if process.stderr is not None:
            process.stderr.close()


def _wait_until_alive(server: Served) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if server.process.poll() is not None:
            raise RuntimeError(f"the server ended at once: {server.process.stderr.read().decode()}")
        try:
            if server.get("/health/live").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise RuntimeError("the server did not come up")
