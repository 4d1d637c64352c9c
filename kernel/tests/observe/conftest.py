"""Clients of an application made for one test."""

import httpx
import pytest


@pytest.fixture
async def browse_app():
    """Opens clients of an application at a host."""
    opened = []

    def browse(application, host):
        client = httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url=f"http://{host}")
        opened.append(client)
        return client

    yield browse
    for client in opened:
        await client.aclose()
