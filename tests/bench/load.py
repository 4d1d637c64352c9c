"""A load of HTTP requests over kept connections, light enough to share a machine with what it measures."""

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress

import msgspec


class Load(msgspec.Struct):
    """What came of it.

    Args:
        seconds: from the first request to the last answer.
        latencies: of each request, in seconds.
        refused: answers above 399, by status, with one body each.
    """

    seconds: float
    latencies: list[float]
    refused: dict[int, bytes]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def quantile(self, share: float) -> float:
        """Give the latency that this share of the requests stayed below, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def request(
    method: str, path: str, host: str, *, token: str = "", body: bytes = b"", headers: str = ""
) -> bytes:
    """Write one request."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}"]
    if token:
        lines.append(f"Authorization: Bearer {token}")
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return ("\r\n".join(lines) + "\r\n" + headers + "\r\n").encode() + body


class _Connection(asyncio.Protocol):
    """Sends one request at a time and takes its answer in."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._length = -1
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    async def ask(self, content: bytes) -> tuple[int, bytes]:
        self._buffer.clear()
        self._length = -1
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(content)
        return await self._answer

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._length < 0:
            end = self._buffer.find(b"\r\n\r\n")
            if end < 0:
                return
            head = bytes(self._buffer[:end]).lower()
            start = head.find(b"content-length:")
            length = int(head[start + 15 :].split(b"\r\n", 1)[0]) if start >= 0 else 0
            self._length = end + 4 + length
        if len(self._buffer) >= self._length and self._answer is not None and not self._answer.done():
            body = bytes(self._buffer[self._buffer.find(b"\r\n\r\n") + 4 : self._length])
            self._answer.set_result((int(self._buffer[9:12]), body))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server closed the connection"))


async def connect(port: int) -> _Connection:
    """Open a connection to a server on this machine."""
    _, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    return connection


async def ask_once(port: int, content: bytes) -> tuple[int, bytes]:
    """Send one request and give status and body."""
    transport, connection = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", port)
    try:
        return await connection.ask(content)
    finally:
        transport.close()


async def drive(port: int, make: Callable[[int], bytes], *, clients: int, seconds: float) -> Load:
    """Keep some clients busy, each with one request at a time.

    Args:
        port: of the server on this machine.
        make: gives the next request of a client, by its number.
        clients: how many.
        seconds: how long.
    """
    load = Load(0, [], {})
    began = time.perf_counter()

    async def run(number: int) -> None:
        transport, connection = await asyncio.get_running_loop().create_connection(
            _Connection, "127.0.0.1", port
        )
        with suppress(asyncio.CancelledError):
            while (sent := time.perf_counter()) - began < seconds:
                status, body = await connection.ask(make(number))
                load.latencies.append(time.perf_counter() - sent)
                if status >= 400:
                    load.refused[status] = body
        transport.close()

    await asyncio.gather(*(run(number) for number in range(clients)))
    load.seconds = time.perf_counter() - began
    if load.refused:
        raise RuntimeError(f"requests were refused: {load.refused}")
    return load
