"""The page on which a distributor chooses about a plugin: fields by type, refusals at their fields."""

import pytest
from headgate_kernel.tenancy.plugin_settings import save_settings
from headgate_sample.plugin import SampleSettings

PATH = "/settings/plugins/sample/settings"


@pytest.fixture
async def owner(client_for, tenant):
    return await client_for(tenant, "owner")


async def kept(kernel, tenant):
    async with kernel.context(await kernel.tenant(tenant.info.slug)) as ctx:
        return ctx.settings(SampleSettings)


async def test_fields_stand_with_what_is_kept_or_as_it_comes(owner):
    page = (await owner.get(PATH)).text
    assert '<option value="white" selected>' in page
    assert 'value="10"' in page
    assert 'value="2.5"' in page
    assert f'href="{PATH}"' in (await owner.get("/settings/plugins/sample")).text


async def test_what_is_chosen_is_kept_and_works_at_once(owner, kernel, tenant):
    answer = await owner.post(PATH, data={"paper": "yellow", "lines": "20", "margin": "3.50"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{PATH}?saved=1")
    found = await kept(kernel, tenant)
    assert (found.paper, found.lines, str(found.margin)) == ("yellow", 20, "3.50")
    assert '<option value="yellow" selected>' in (await owner.get(PATH)).text


async def test_what_does_not_fit_is_told_at_its_field_and_stands_as_typed(owner, kernel, tenant):
    answer = await owner.post(PATH, data={"paper": "blue", "lines": "many", "margin": "wide"})
    assert answer.status_code == 422
    for words in ("Write a whole number here.", "Write a decimal number", 'value="many"', 'value="wide"'):
        assert words in answer.text
    assert await kept(kernel, tenant) == SampleSettings()


async def test_a_secret_is_neither_shown_nor_lost(owner, kernel, tenant, monkeypatch):
    monkeypatch.setenv("HG_PAGE_KEY", "open sesame")
    async with kernel.context(tenant) as ctx:
        await save_settings(kernel, ctx, "sample", {"key": {"secret": "env:HG_PAGE_KEY"}})
    monkeypatch.delenv("HG_PAGE_KEY")
    page = (await owner.get(PATH)).text
    assert "sesame" not in page
    assert "HG_PAGE_KEY" not in page
    assert (
        await owner.post(PATH, data={"paper": "yellow", "lines": "10", "margin": "2.5"})
    ).status_code == 303
    found = await kept(kernel, tenant)
    assert (found.paper, found.key.reveal()) == ("yellow", "open sesame")


@pytest.mark.parametrize("plugin", ["sample-extra", "lone", "nothing"])
async def test_there_is_no_such_page_for_plugins_without_settings_or_switched_off(owner, plugin):
    assert (await owner.get(f"/settings/plugins/{plugin}/settings")).status_code == 404


async def test_only_who_may_switch_plugins_chooses(client_for, tenant):
    reader = await client_for(tenant, "reader")
    assert (await reader.get(PATH)).status_code == 403
    assert (await reader.post(PATH, data={"lines": "20"})).status_code == 403
