"""`python -m tests.bench.flood PORT HOST RATE`: sends requests at a pace until it is ended."""

import asyncio
import sys
import time

from tests.bench.load import connect, request

CONNECTIONS = 32


async def flood(port: int, host: str, rate: float) -> None:
    """Send requests for the sign-in page."""
    content = request("GET", "/sign-in", host)
    began, sent = time.perf_counter(), 0

    async def keep_sending() -> None:
        nonlocal sent
        connection = await connect(port)
        while True:
            if sent < (time.perf_counter() - began) * rate:
                sent += 1
                await connection.ask(content)
            else:
                await asyncio.sleep(0.002)

    await asyncio.gather(*(keep_sending() for _ in range(CONNECTIONS)))


if __name__ == "__main__":
    asyncio.run(flood(int(sys.argv[1]), sys.argv[2], float(sys.argv[3])))
