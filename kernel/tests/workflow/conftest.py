import itertools
import os
from collections.abc import AsyncIterator
from pathlib import Path

import headgate_kernel
import pytest
from headgate_kernel.database.database import Databases
from headgate_kernel.database.migrations import MigrationSource, migrate_server
from headgate_sdk.testing.server import postgres_server
from hypothesis import HealthCheck, settings

from .house import House

settings.register_profile("default", max_examples=200, stateful_step_count=60, deadline=None)
settings.register_profile(
    "ci",
    max_examples=500,
    stateful_step_count=80,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

SOURCES = [MigrationSource(name="kernel", folder=Path(headgate_kernel.__file__).parent / "migrations")]
_tenants = itertools.count(501)


@pytest.fixture(scope="session")
async def databases() -> AsyncIterator[Databases]:
    """A migrated database for the tests of this room."""
    async with postgres_server() as server:
        await migrate_server(server, SOURCES)
        opened = await Databases.connect(server, SOURCES, most=4, most_platform=1)
        yield opened
        await opened.app.close()
        await opened.platform.close()


@pytest.fixture
def house(databases) -> House:
    """A tenant that no other test has used, with the sample subject and its effects written down."""
    return House(databases, next(_tenants))


@pytest.fixture
def other_house(databases) -> House:
    return House(databases, next(_tenants))
