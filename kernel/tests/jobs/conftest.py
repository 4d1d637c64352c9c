"""A queue that is empty before and after each test: workers take whatever there is, of any tenant."""

import pytest


@pytest.fixture(autouse=True)
async def empty_queue(kernel):
    async def empty():
        async with kernel.databases.platform_scope() as db:
            await db.execute("DELETE FROM job")
            await db.execute("DELETE FROM job_schedule")

    await empty()
    yield
    await empty()
