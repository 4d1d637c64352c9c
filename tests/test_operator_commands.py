"""Commands of operators, as they are typed in a shell, beside a server that runs."""

import asyncio
import os
import re
import sys
from pathlib import Path

import pytest
from headgate_sdk.testing.server import TEST_SECRET_KEY

HEADGATE = Path(sys.executable).parent / "headgate"


@pytest.fixture
def headgate(kernel, tmp_path):
    """Runs a command on the database of the tests; gives its exit code and what it printed."""

    async def run(*arguments: str) -> tuple[int, str]:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
        environment |= {
            "HEADGATE_DATABASE_URL": kernel.databases.server.admin,
            "HEADGATE_SECRET_KEY": TEST_SECRET_KEY.decode(),
            "HEADGATE_DATA_DIR": str(tmp_path),
        }
        process = await asyncio.create_subprocess_exec(
            HEADGATE, *arguments, env=environment,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        told, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, told.decode()

    return run


async def test_a_distributor_is_suspended_and_resumed(headgate, client_for, tenant):
    owner, slug = await client_for(tenant, "owner"), tenant.info.slug
    assert (await owner.get("/desk/orders")).status_code == 200
    code, told = await headgate("tenant", "suspend", slug, "--reason", "unpaid", "--notice", "please pay")
    assert code == 0, told
    await asyncio.sleep(1)
    page = await owner.get("/desk/orders")
    assert page.status_code == 503
    assert "please pay" in page.text
    code, told = await headgate("tenant", "resume", slug)
    assert code == 0, told
    await asyncio.sleep(1)
    assert (await owner.get("/desk/orders")).status_code == 200
    code, told = await headgate("tenant", "resume", "nobody")
    assert code == 1
    assert told == "headgate: There is no tenant called nobody.\n"


async def test_an_operator_is_added_and_listed(headgate):
    code, told = await headgate("operator", "add", "first@shell.example", "--name", "Ma Li")
    assert code == 0, told
    assert re.search(r"http://console\.localhost\S*/reset/\S{20,}", told)
    _, told = await headgate("operator", "list")
    assert "first@shell.example\tMa Li" in told
    code, told = await headgate("operator", "remove", "nobody@shell.example")
    assert code == 1
    assert "no operator called nobody@shell.example" in told
