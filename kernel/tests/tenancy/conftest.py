"""A blueprint for the sample plugins, and a fixture that writes it with changes."""

import itertools
import os

import pytest

_numbers = itertools.count(1)

TEXT = """
[profile]
slug = "{slug}"
name = "Blue"
currency = "CNY"
timezone = "Asia/Shanghai"
locale = "en"

[plugins]
enabled = ["sample-extra"]

[[roles]]
key = "owner"
name = "Owner"
permissions = ["*"]

[[roles]]
key = "clerk"
name = "Clerk"
permissions = ["sample.notes.*", "headgate.people.read"]

[[roles]]
key = "buyer"
name = "Buyer"
permissions = []

[flow."sample.ticket"]
steps = ["sample-extra.photo", "sample.check"]

[[people]]
login = "Boss@{slug}.example"
name = "Boss"
kind = "staff"
roles = ["owner", "clerk"]

[[people]]
login = "buyer@{slug}.example"
name = "Buyer"
kind = "customer"
roles = ["buyer"]
"""


@pytest.fixture
def slug():
    return f"b{os.getpid()}-{next(_numbers)}"


@pytest.fixture
def write(tmp_path, slug):
    def put(*replaced, text=TEXT):
        text = text.replace("{slug}", slug)
        for old, new in replaced:
            assert old in text
            text = text.replace(old, new)
        (tmp_path / "tenant.toml").write_text(text)
        return tmp_path

    return put


TABLES = (
    "role", "membership", "membership_role", "plugin_activation", "plugin_settings", "workflow_definition",
    "sample_note", "tenant_revision",
)  # fmt: skip


@pytest.fixture
def contents(kernel, slug):
    """Gives all rows of the tenant, in words."""
    return lambda: _contents(kernel, slug)


async def _contents(kernel, slug):
    tenant = await kernel.tenant(slug)
    found = {}
    async with kernel.context(tenant) as ctx:
        for table in TABLES:
            rows = await ctx.db.fetch(
                f"SELECT t::text AS row FROM {table} t WHERE tenant_id = $1", tenant.info.id
            )
            found[table] = sorted(row["row"] for row in rows)
        found["audit_entry"] = await ctx.db.fetch_value(
            "SELECT count(*) FROM audit_entry WHERE tenant_id = $1", tenant.info.id
        )
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT l.login, p::text FROM person_login l JOIN person p ON p.id = l.person_id"
            " WHERE l.login LIKE $1",
            f"%@{slug}.example",
        )
        found["people"] = sorted(tuple(row) for row in rows)
        found["tenant"] = await db.fetch_value("SELECT t::text FROM tenant t WHERE slug = $1", slug)
        found["hosts"] = [
            row["host"]
            for row in await db.fetch("SELECT host FROM tenant_host WHERE tenant_id = $1", tenant.info.id)
        ]
    return found
