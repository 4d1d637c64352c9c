"""The command as a person runs it: `headgate demo --json` in a process of its own."""

import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

START_SECONDS = 180
STOP_SECONDS = 30


class Person(msgspec.Struct, frozen=True):
    """Somebody to sign in as."""

    role: str
    name: str
    login: str
    password: str
    url: str


class Demo(msgspec.Struct, frozen=True):
    """What the demo prints once it serves."""

    console: str
    people: list[Person]

    def person(self, tenant: str, role: str, nth: int = 0) -> Person:
        """Give the nth person of a role at a tenant, named by the first label of its address."""
        return [one for one in self.people if one.role == role and f"//{tenant}." in one.url][nth]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running_demo(folder: Path) -> Iterator[Demo]:
    """Start the demo in an empty folder, wait until it serves, stop it at the end."""
    command = Path(sys.executable).parent / "headgate"
    options = ["--json", "--port", str(free_port()), "--data-dir", str(folder / "data")]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
    environment["HEADGATE_OIDC_ALLOW_PRIVATE"] = "on"  # the identity provider of the tests is on this machine
    told = folder / "errors.txt"
    with (
        told.open("wb") as errors,
        subprocess.Popen(
            [command, "demo", *options], stdout=subprocess.PIPE, stderr=errors, env=environment
        ) as process,
    ):
        try:
            yield msgspec.json.decode(_first_line(process, told), type=Demo)
        finally:
            _stop(process)


def _first_line(process: "subprocess.Popen[bytes]", told: Path) -> bytes:
    assert process.stdout is not None
    until = time.monotonic() + START_SECONDS
    text = b""
    while not text.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(until - time.monotonic(), 0))
        part = os.read(process.stdout.fileno(), 65536) if ready else b""
        if not part:
            raise AssertionError(f"The demo did not start:\n{told.read_text(errors='replace')[-4000:]}")
        text += part
    return text


def _stop(process: "subprocess.Popen[bytes]") -> None:
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
