"""`headgate tenant`: what people read, what scripts get as exit codes, and that nothing happens unasked."""

import asyncio
import json

import pytest
from click.testing import CliRunner
from headgate_kernel.cli import CommandLine, build_cli
from headgate_kernel.tenancy.blueprints import InvalidBlueprint
from headgate_kernel.tenancy.plugin_settings import save_settings
from headgate_sdk.errors import Invalid, NotFound


@pytest.fixture
def headgate(kernel, tmp_path):
    """Runs the command line on the tests' database; it has an event loop of its own."""
    server = kernel.databases.server
    environment = {
        "HEADGATE_APP_DATABASE_URL": server.app,
        "HEADGATE_PLATFORM_DATABASE_URL": server.platform,
        "HEADGATE_DATA_DIR": str(tmp_path / "data"),
        "HEADGATE_TENANTS_DIR": str(tmp_path),  # where no plans are
    }

    async def run(*arguments, says=""):
        line = CommandLine(kernel.host)
        return await asyncio.to_thread(
            CliRunner().invoke, build_cli(kernel.host), ("tenant", *map(str, arguments)), obj=line,
            env=environment, input=says,
        )  # fmt: skip

    return run


async def test_a_plan_ends_with_two_while_there_is_something_to_change(headgate, write, slug):
    folder = write()
    planned = await headgate("plan", folder)
    assert planned.exit_code == 2
    assert f"Blue ({slug}), a new distributor" in planned.output
    for line in (
        "plugins\n  + sample\n  + sample-extra  (needs sample)", "  + owner                        Owner, *",
        "  + sample.ticket                sample-extra.photo, sample.check",
    ):  # fmt: skip
        assert line in planned.output
    applied = await headgate("apply", "--yes", folder)
    assert (applied.exit_code, f"Address: {slug}.localhost" in applied.output) == (0, True)
    assert "changes applied." in applied.output
    again = await headgate("plan", folder)
    assert (again.exit_code, again.output.splitlines()[-1]) == (0, "Nothing to change.")


async def test_applying_asks_first_and_a_no_changes_nothing(headgate, kernel, write, slug):
    folder = write()
    refused = await headgate("apply", folder, says="n\n")
    assert (refused.exit_code, "Apply this? [y/N]: n" in refused.output) == (1, True)
    with pytest.raises(NotFound):
        await kernel.tenant(slug)
    assert (await headgate("apply", folder, says="y\n")).output.splitlines()[-2] == "Applied."
    assert (await kernel.tenant(slug)).info.name == "Blue"
    changed = write(('name = "Clerk"', 'name = "Helper"'), ('"sample.notes.*", ', ""))
    told = await headgate("apply", changed, says="y\n")
    assert "roles  (2 unchanged)\n  ~ clerk\n" in told.output
    assert "      name                     Clerk -> Helper\n" in told.output
    assert "      permissions              - sample.notes.*\n" in told.output
    assert (await headgate("apply", changed)).output.splitlines()[-1] == "Nothing to change."


async def test_invitations_are_printed_with_their_links(headgate, write, slug):
    told = await headgate("apply", "--yes", "--invite", write())
    links = [line for line in told.output.splitlines() if "/invitation/" in line]
    assert [line.split()[0] for line in links] == [f"boss@{slug}.example", f"buyer@{slug}.example"]


async def test_what_was_changed_live_is_told_exported_and_patched(headgate, kernel, write, slug, tmp_path):
    folder = write()
    await headgate("apply", "--yes", folder)
    same = await headgate("diff", folder)
    assert (same.exit_code, same.output) == (0, "The distributor is as the blueprint says.\n")
    async with kernel.context(await kernel.tenant(slug)) as ctx:
        await save_settings(kernel, ctx, "sample", {"lines": 33})
    told = await headgate("diff", folder)
    assert told.exit_code == 2
    assert "settings\n  + sample                       33\n" in told.output
    exported = await headgate("export", slug)
    assert "[settings.sample]\nlines = 33\n" in exported.output
    patched = await headgate("export", "--patch", folder)
    assert f"{folder}/tenant.toml is as the distributor is." in patched.output
    assert (await headgate("diff", folder)).exit_code == 0
    written = await headgate("export", slug, "--to", tmp_path / "new")
    assert written.output == f"{tmp_path / 'new' / 'tenant.toml'}\n"
    assert (tmp_path / "new" / "tenant.toml").read_text() == exported.output


async def test_errors_are_told_in_words(headgate, write, tmp_path):
    wrong = await headgate("plan", write(('name = "Blue"', "nmae = 1")))
    assert isinstance(wrong.exception, InvalidBlueprint)
    assert isinstance((await headgate("plan", tmp_path / "nowhere")).exception, NotFound)
    assert isinstance((await headgate("export", "no-such-one")).exception, NotFound)
    assert isinstance((await headgate("export")).exception, Invalid)


async def test_the_list_and_the_schema_tell_what_there_is(headgate, write, slug):
    await headgate("apply", "--yes", write())
    listed = (await headgate("list")).output
    assert [line.split() for line in listed.splitlines() if line.startswith(slug)] == [
        [slug, "active", f"{slug}.localhost", "Blue"]
    ]
    schema = json.loads((await headgate("schema")).output)
    assert schema["properties"]["settings"]["properties"].keys() == {"sample"}
    assert schema["$defs"]["SampleSettings"]["properties"]["key"]["required"] == ["secret"]
