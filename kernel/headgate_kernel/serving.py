"""Serve the application with granian, in one or more processes."""

import errno
import os
import signal
import socket
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from granian import Granian
from granian.constants import Interfaces
from granian.log import LogLevels
from headgate_sdk.errors import Conflict
from headgate_sdk.i18n import N_

from headgate_kernel.config import Settings
from headgate_kernel.database.embedded import EmbeddedServer
from headgate_kernel.observe.metrics import shared_between_processes
from headgate_kernel.observe.readiness import Draining, drain_marker

READY_SECONDS = 60
DRAIN_SECONDS = 5
"""How long open connections may hold a worker back when the process is told to stop."""


def check_port(address: str, port: int) -> None:
    """Make sure that the port is free before anything long is begun.

    Raises:
        Conflict: somebody listens there, or it may not be used; says what to do.
    """
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                raise Conflict(
                    N_(
                        "Port {port} is in use by another program. "
                        "Stop it, or choose another port with --port."
                    ),
                    port=port,
                ) from None
            raise Conflict(
                N_(
                    "Port {port} at {address} cannot be used: {reason}. "
                    "Choose another with --port or --address."
                ),
                port=port, address=address, reason=error.strerror,
            ) from None  # fmt: skip


def serve_until_stopped(
    settings: Settings, *, address: str, port: int, workers: int, when_ready: Callable[[], None] | None = None
) -> None:
    """Serve until the process is told to stop.

    Args:
        settings: handed to the workers by the environment.
        address: to listen on.
        port: to listen on.
        workers: processes.
        when_ready: called once the first request is answered.
    """
    os.environ["HEADGATE_DATA_DIR"] = str(settings.data_dir)
    if not settings.secure_cookies:  # no proxy stands before it: messages name this port
        os.environ.setdefault("HEADGATE_PUBLIC_PORT", str(port))
    server = Granian(
        "headgate_kernel.asgi:create_application",
        factory=True,
        address=address,
        port=port,
        interface=Interfaces.ASGI,
        workers=workers,
        respawn_failed_workers=True,
        workers_kill_timeout=DRAIN_SECONDS,
        log_level=LogLevels.warning,
        websockets=False,
    )
    if when_ready is not None:
        threading.Thread(target=_call_when_ready, args=(address, port, when_ready), daemon=True).start()
    with _embedded_database(settings), shared_between_processes(), drain_marker():
        draining = Draining(settings.drain_seconds, server.signal_handler_interrupt)
        server.on_startup(lambda: signal.signal(signal.SIGTERM, draining.handle))
        server.serve()


@contextmanager
def _embedded_database(settings: Settings) -> Iterator[None]:
    """Keep the embedded server, if that is the database, running for the workers until the last is gone."""
    if settings.database_url or settings.app_database_url:
        yield
        return
    embedded = EmbeddedServer(settings.data_dir / "database", binaries=settings.pg_bin)
    embedded.start()
    try:
        yield
    finally:
        embedded.stop()


def _call_when_ready(address: str, port: int, when_ready: Callable[[], None]) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(f"http://{address}:{port}/health", timeout=5):
                pass
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
            continue
        when_ready()
        return
