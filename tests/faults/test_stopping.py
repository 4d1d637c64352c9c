"""A server that is told to stop first says that it is not ready, finishes what it has begun, then ends."""

import signal
import socket
import time
from urllib.parse import urlencode

from tests.faults.serving import served


def test_it_says_not_ready_then_drains_then_stops(kernel):
    with served(kernel.databases.server, workers=2, environment={"HEADGATE_DRAIN_SECONDS": "3"}) as server:
        assert server.get("/health/ready").status_code == 200
        server.process.send_signal(signal.SIGTERM)
        _until(lambda: server.get("/health/ready").status_code == 503)
        assert server.get("/sign-in").status_code == 200, "requests are answered while it drains"
        assert server.get("/health/live").status_code == 200
        assert server.process.wait(30) == 0


def test_requests_under_way_are_finished(kernel):
    """Hashing passwords takes a while: the answers must still come after the signal."""
    body = urlencode({"login": "nobody@headgate.example", "password": "not the password"}).encode()
    head = (
        "POST /sign-in HTTP/1.1\r\nHost: console.localhost\r\nConnection: close\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    with served(kernel.databases.server) as server:
        callers = [socket.create_connection(("127.0.0.1", server.port), timeout=30) for _ in range(20)]
        for caller in callers:
            caller.sendall(head + body)
        time.sleep(0.1)
        server.process.send_signal(signal.SIGTERM)
        answers = [_read_all(caller) for caller in callers]
        assert server.process.wait(30) == 0
    assert [answer for answer in answers if not answer.startswith(b"HTTP/1.1 4")] == []


def test_metrics_add_up_over_all_workers(kernel):
    token = {"authorization": "Bearer for tests"}
    environment = {"HEADGATE_METRICS_TOKEN": "for tests"}
    with served(kernel.databases.server, workers=2, environment=environment) as server:
        for _ in range(20):
            server.get("/sign-in")
        told = [server.get("/metrics", headers=token).text for _ in range(6)]
    wanted = 'headgate_request_seconds_count{method="GET",route="/sign-in",status="200"} 20.0'
    assert all(wanted in text for text in told)


def _until(condition, seconds: float = 2.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "it did not come about in time"
        time.sleep(0.02)


def _read_all(caller: socket.socket) -> bytes:
    with caller:
        return b"".join(iter(lambda: caller.recv(65_536), b""))
