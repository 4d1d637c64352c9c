"""No word of another distributor in what is written besides answers: logs, messages, jobs, files."""

import io
import logging
import zipfile

import pytest
from headgate_kernel.observe.logs import configure_logging
from headgate_kernel.portability.exports import export_chunks

from .arguments import CALLS, request_of
from .conftest import own_ids
from .test_routes import OPEN


@pytest.fixture
def log():
    """Everything that is logged, as it would be written."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    configure_logging("json", "DEBUG")
    written = io.StringIO()
    root.handlers[0].setStream(written)
    yield written
    for handler in root.handlers[:]:
        root.removeHandler(handler)
    for handler in handlers:
        root.addHandler(handler)
    root.setLevel(level)


async def test_the_log_of_a_request_names_its_own_distributor_and_no_other(house, log):
    """Each route asked with the other's ids, by people who may: what goes wrong is logged too."""
    for (method, path), calls in CALLS.items():
        if OPEN[method, path].get("face") == "console":
            continue
        for call in calls:
            client = await house.client(house.mine, "owner" if call.by == "operator" else call.by)
            await client.request(**request_of(method, path, call, own_ids(house.theirs)))
    lines = log.getvalue()
    assert house.theirs.canary not in lines
    assert house.theirs.secret not in lines
    assert f'"tenant": "{house.theirs.tenant.info.slug}"' not in lines


async def test_messages_and_jobs_hold_no_word_of_another(kernel, house):
    async with kernel.databases.platform_scope() as db:
        for shop, other in ((house.mine, house.theirs), (house.theirs, house.mine)):
            for table in ("job", "sent_message", "audit_entry", "stored_file"):
                rows = await db.fetch(
                    f"SELECT x::text FROM {table} x WHERE tenant_id = $1", shop.tenant.info.id
                )
                text = "\n".join(row[0] for row in rows)
                assert other.canary not in text, table
                assert other.secret not in text, table


async def test_an_export_holds_no_word_of_another(kernel, house):
    content = b"".join([chunk async for chunk in export_chunks(kernel, house.mine.tenant.info.slug)])
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist())
    assert house.mine.canary.encode() in text
    assert house.theirs.canary.encode() not in text
    assert house.theirs.secret.encode() not in text
