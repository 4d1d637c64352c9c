"""`headgate plans`, and the plans that a new installation begins with."""

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner
from headgate_kernel.cli import CommandLine, build_cli
from headgate_kernel.tenancy.plan_commands import changes_in_words, first_plans
from headgate_kernel.tenancy.plan_terms import encode_plan
from headgate_kernel.tenancy.plans import PlanChanges, list_plans
from headgate_sdk.errors import HeadgateError

SHIPPED = Path(__file__).parents[3] / "tenants"


@pytest.fixture
def headgate(kernel, tmp_path):
    """Runs the command line on the tests' database; it has an event loop of its own."""
    server = kernel.databases.server
    environment = {
        "HEADGATE_APP_DATABASE_URL": server.app,
        "HEADGATE_PLATFORM_DATABASE_URL": server.platform,
        "HEADGATE_DATA_DIR": str(tmp_path),
    }

    async def run(*arguments):
        line = CommandLine(kernel.host)
        return await asyncio.to_thread(
            CliRunner().invoke, build_cli(kernel.host), arguments, obj=line, env=environment
        )

    return run


@pytest.fixture
async def file_of_all(kernel, tenant, give_plan, tmp_path):
    """Writes a file with all plans that there are, and more."""
    await give_plan(tenant)
    async with kernel.databases.platform_scope() as db:
        present = [one.plan for one in await list_plans(db)]

    def write(more: str) -> str:
        path = tmp_path / "plans.toml"
        text = "".join(_toml(encode_plan(plan)) for plan in present) + more
        path.write_text(text, encoding="utf-8")
        return str(path)

    return write


def _toml(plan: str) -> str:
    """Write a plan as TOML: JSON's strings, numbers and lists are TOML's too."""
    import json

    def value(one) -> str:
        if isinstance(one, dict):
            return (
                "{ "
                + ", ".join(f"{key} = {value(inner)}" for key, inner in one.items() if inner is not None)
                + " }"
            )
        return json.dumps(one, ensure_ascii=False)

    return "[[plans]]\n" + "".join(f"{key} = {value(one)}\n" for key, one in json.loads(plan).items()) + "\n"


NEW = """
[[plans]]
key = "by-file"
name = { en = "By file", zh_CN = "文件" }
plugins = ["sample", "far-away"]
"""


async def test_apply_shows_first_and_then_does(kernel, headgate, file_of_all):
    path = file_of_all(NEW)
    looked = await headgate("plans", "apply", path, "--check")
    assert "by-file: would be added" in looked.output
    assert "Not installed here: far-away." in looked.output
    async with kernel.databases.platform_scope() as db:
        assert "by-file" not in [one.plan.key for one in await list_plans(db)]
    assert "by-file: added" in (await headgate("plans", "apply", path)).output
    assert (await headgate("plans", "apply", path)).output.startswith("The plans are as the file says.")
    listed = (await headgate("plans", "list")).output
    assert "by-file" in listed
    assert "(unless given another)" in listed.splitlines()[0]


async def test_a_distributor_is_put_on_a_plan(kernel, headgate, tenant, other_tenant, give_plan):
    plan = await give_plan(other_tenant)
    done = await headgate("plans", "give", plan.key, tenant.info.slug)
    assert done.output == f"{tenant.info.slug} is on {plan.key} now.\n"
    again = await headgate("plans", "give", plan.key, tenant.info.slug)
    assert "already" in again.output
    wrong = await headgate("plans", "give", "none-such", tenant.info.slug)
    assert isinstance(wrong.exception, HeadgateError)
    assert "There is no plan called none-such" in str(wrong.exception)


async def test_a_wrong_file_changes_nothing(kernel, headgate, file_of_all):
    wrong = await headgate("plans", "apply", file_of_all(NEW.replace("plugins", "plugin")))
    assert isinstance(wrong.exception, HeadgateError)
    assert "Did you mean plugins?" in str(wrong.exception)


async def test_a_new_installation_begins_with_the_shipped_plans(kernel, monkeypatch):
    """Here there are tenants, so it is looked at in a transaction without them, and undone."""
    monkeypatch.setenv("HEADGATE_TENANTS_DIR", str(SHIPPED))
    async with kernel.databases.platform_scope() as db:
        before = [one.plan.key for one in await list_plans(db)]
    await first_plans(kernel)
    async with kernel.databases.platform_scope() as db:
        has_tenants = await db.fetch_value("SELECT count(*) FROM tenant")
        after = [one.plan.key for one in await list_plans(db)]
    assert after == (before if has_tenants or before else ["free", "standard", "professional", "enterprise"])


def test_nothing_to_do_and_what_was_done_are_told():
    assert changes_in_words(PlanChanges(), check=False) == ["The plans are as the file says."]
    assert changes_in_words(PlanChanges(("a",), ("b",), ("c",), 3), check=True) == [
        "a: would be added", "b: would be changed", "c: would be removed", "Distributors concerned: 3",
    ]  # fmt: skip
