"""Logs to be sealed, verified and tampered with."""

from collections.abc import AsyncIterator

import asyncpg
import pytest
from headgate_kernel.database.pool import connect


@pytest.fixture
async def owner(kernel) -> AsyncIterator[asyncpg.Connection]:
    """Somebody with the rights of the tables' owner, who can do what no role of the program may."""
    connection = await connect(kernel.databases.server.admin)
    yield connection
    await connection.close()
