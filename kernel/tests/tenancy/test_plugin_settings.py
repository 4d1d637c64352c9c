"""Settings of plugins: read with the tenant, checked by type, secrets sealed and never in a file."""

from decimal import Decimal

import pytest
from headgate_kernel.plugins.discovery import InstalledPlugin
from headgate_kernel.plugins.host import PluginHost
from headgate_kernel.tenancy.blueprints import apply_blueprint, plan_blueprint
from headgate_kernel.tenancy.blueprints.exporting import export_tenant
from headgate_kernel.tenancy.plugin_settings import read_settings, save_settings
from headgate_sample.plugin import SampleSettings, manifest
from headgate_sdk.errors import Conflict, Invalid, InvalidFields
from headgate_sdk.manifest import Manifest
from headgate_sdk.secrets import Secret


async def settings_of(kernel, tenant):
    async with kernel.context(await kernel.tenant(tenant.info.slug)) as ctx:
        return ctx.settings(SampleSettings)


async def test_settings_are_as_they_come_until_somebody_chooses(kernel, tenant):
    assert await settings_of(kernel, tenant) == SampleSettings()
    async with kernel.context(tenant) as ctx:
        assert (await save_settings(kernel, ctx, "sample", {"lines": 20, "margin": "2.50"})).values
    assert await settings_of(kernel, tenant) == SampleSettings(lines=20)
    async with kernel.context(tenant) as ctx:
        assert await read_settings(ctx) == {"sample": {"lines": 20}}  # what is as it comes is not kept


async def test_a_request_reads_them_without_a_query_and_other_workers_hear_of_a_change(kernel, tenant):
    host = f"{tenant.info.slug}.localhost"
    before = await kernel.directory.by_host(host)
    async with kernel.context(tenant) as ctx:
        await save_settings(kernel, ctx, "sample", {"paper": "yellow"})
    kernel.directory.forget(tenant.info.id)
    after = await kernel.directory.by_host(host)
    assert after.revision > before.revision
    async with kernel.context(after) as ctx:
        assert ctx.settings(SampleSettings).paper == "yellow"
        assert ctx.db._connection is None  # nothing was asked
        assert ctx.acting_as(ctx.actor).settings(SampleSettings).paper == "yellow"


async def test_saving_the_same_again_leaves_no_trace(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        await save_settings(kernel, ctx, "sample", {"lines": 20})
    revision = (await kernel.tenant(tenant.info.slug)).revision
    async with kernel.context(tenant) as ctx:
        saved = await save_settings(kernel, ctx, "sample", {"lines": 20, "paper": "white"})
    assert (saved.values, saved.secrets) == (False, False)
    assert (await kernel.tenant(tenant.info.slug)).revision == revision


async def test_settings_that_do_not_fit_are_told_by_field_and_not_kept(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        with pytest.raises(InvalidFields) as caught:
            await save_settings(kernel, ctx, "sample", {"lines": 0, "paper": "blue", "colour": "red"})
        assert sorted(problem.field for problem in caught.value.problems) == ["colour", "lines", "paper"]
        with pytest.raises(Conflict, match="has no settings"):
            await save_settings(kernel, ctx, "sample-extra", {})
        assert await read_settings(ctx) == {}


async def test_a_value_that_a_later_version_cannot_read_falls_back_to_the_default(kernel, tenant, caplog):
    async with kernel.context(tenant) as ctx:
        await save_settings(kernel, ctx, "sample", {"lines": 20, "margin": "3"})
        await ctx.db.execute(
            """UPDATE plugin_settings SET "values" = "values" || '{"lines": "many", "gone": 1}'
            WHERE tenant_id = $1""",
            ctx.tenant.id,
        )
    assert await settings_of(kernel, tenant) == SampleSettings(margin=Decimal(3))
    assert "SampleSettings.lines is not used as it is kept" in caplog.text


async def test_one_distributors_settings_are_not_anothers(kernel, tenant, other_tenant):
    async with kernel.context(tenant) as ctx:
        await save_settings(kernel, ctx, "sample", {"lines": 20})
    assert await settings_of(kernel, other_tenant) == SampleSettings()


def test_a_plugin_whose_settings_lack_a_default_is_not_taken_in():
    import types

    import msgspec

    class Needy(msgspec.Struct):
        address: str

    module = types.ModuleType("needy")
    module.manifest = Manifest(
        id="needy", name="Needy", description="Needs.", version="1", package="headgate_sample", settings=Needy
    )
    host = PluginHost([InstalledPlugin(module.manifest, module)])
    assert "address" in host.installed[0].problem_params["reason"]


# -- secrets -------------------------------------------------------------------------------------------------

WITH_SECRET = ("[plugins]", '[settings.sample]\nkey = { secret = "env:HG_SAMPLE_KEY" }\n\n[plugins]')


async def test_a_secret_is_taken_from_where_the_blueprint_says_and_kept_sealed(
    kernel, write, slug, monkeypatch
):
    monkeypatch.setenv("HG_SAMPLE_KEY", "open sesame 7781")
    folder = write(WITH_SECRET)
    await apply_blueprint(kernel, folder)
    tenant = await kernel.tenant(slug)
    assert tenant.settings[SampleSettings].key == Secret("open sesame 7781")
    assert "sesame" not in repr(tenant)
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            "SELECT t::text, secrets FROM plugin_settings t WHERE tenant_id = $1", tenant.info.id
        )
        audit = await db.fetch("SELECT details::text FROM audit_entry WHERE tenant_id = $1", tenant.info.id)
    assert "sesame" not in row[0]
    assert b"sesame" not in row[1]
    assert not [entry for entry in audit if "sesame" in entry[0]]
    text = (await export_tenant(kernel, slug)).text
    assert 'key = { secret = "env:HG_SAMPLE_KEY" }' in text
    assert "sesame" not in text
    assert not (await plan_blueprint(kernel, folder)).is_change


async def test_a_secret_that_changed_where_it_is_taken_from_is_noticed(kernel, write, slug, tmp_path):
    place = tmp_path / "key"
    place.write_text("first\n")
    folder = write((WITH_SECRET[0], WITH_SECRET[1].replace("env:HG_SAMPLE_KEY", f"file:{place}")))
    await apply_blueprint(kernel, folder)
    place.write_text("second\n")
    planned = await plan_blueprint(kernel, folder)
    assert (planned.changes, planned.secrets) == ((), ("sample",))
    assert (await kernel.tenant(slug)).settings[SampleSettings].key.reveal() == "first"
    await apply_blueprint(kernel, folder)
    assert (await kernel.tenant(slug)).settings[SampleSettings].key.reveal() == "second"


async def test_a_secret_that_is_not_there_is_told_by_field(kernel, tenant, monkeypatch):
    monkeypatch.delenv("HG_SAMPLE_KEY", raising=False)
    async with kernel.context(tenant) as ctx:
        with pytest.raises(Invalid, match="The environment has no HG_SAMPLE_KEY") as caught:
            await save_settings(kernel, ctx, "sample", {"key": {"secret": "env:HG_SAMPLE_KEY"}})
    assert caught.value.field == "key"


async def test_a_sealed_secret_moved_to_another_distributor_stays_closed(
    kernel, tenant, other_tenant, monkeypatch, caplog
):
    monkeypatch.setenv("HG_SAMPLE_KEY", "open sesame")
    async with kernel.context(tenant) as ctx:
        await save_settings(kernel, ctx, "sample", {"key": {"secret": "env:HG_SAMPLE_KEY"}})
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO plugin_settings SELECT $2, plugin, version, "values", secrets, changed_at, changed_by
            FROM plugin_settings WHERE tenant_id = $1
            """,
            tenant.info.id, other_tenant.info.id,
        )  # fmt: skip
    assert (await settings_of(kernel, tenant)).key.reveal() == "open sesame"
    assert not (await settings_of(kernel, other_tenant)).key
    assert "stay closed" in caplog.text


def test_the_sample_plugin_names_its_settings():
    assert manifest.settings is SampleSettings
