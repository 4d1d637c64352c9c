"""The first steps of a new distributor: told by facts, kept before the owner until done or put away."""

import io

from headgate_kernel.tenancy.checklist import checklist, open_checklist
from headgate_kernel.workflow.flows import current_flow, publish_flow
from PIL import Image


def logo():
    content = io.BytesIO()
    Image.new("RGB", (30, 10), "green").save(content, "PNG")
    return {"logo": ("logo.png", content.getvalue(), "image/png")}


async def done(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        return {item.key: item.done for item in await checklist(ctx, kernel.steps)}


async def test_items_of_kernel_and_plugins_come_in_order(kernel, tenant, new_tenant):
    assert list(await done(kernel, tenant)) == [
        "headgate.logo",
        "sample.note",
        "headgate.flow",
        "headgate.staff",
    ]
    assert list(await done(kernel, await new_tenant("lone"))) == ["headgate.logo", "headgate.staff"]


async def test_a_plugin_that_fails_is_left_out(kernel, tenant, monkeypatch, caplog):
    async def broken(ctx):
        raise RuntimeError("no list today")

    hooks = kernel.host.table(tenant.plugins)
    (own,) = hooks["headgate_checklist"]
    monkeypatch.setitem(hooks, "headgate_checklist", (type(own)(own.plugin, broken, own.argument_names),))
    assert list(await done(kernel, tenant)) == ["headgate.logo", "headgate.flow", "headgate.staff"]
    assert "no list today" in caplog.text


async def test_what_is_done_is_told_by_facts(kernel, client_for, tenant):
    before = await done(kernel, tenant)
    assert (before["headgate.logo"], before["sample.note"], before["headgate.flow"]) == (False, False, False)
    owner = await client_for(tenant, "owner")
    await owner.post("/sample/notes", data={"text": "first"})
    assert (await owner.post("/settings/logo", files=logo())).status_code == 303
    async with kernel.context(tenant) as ctx:
        subject = next(iter(kernel.steps.subject_types))
        settings = (await current_flow(ctx, kernel.steps, subject)).settings
        await publish_flow(ctx, kernel.steps, subject, settings)
    assert (await done(kernel, tenant))["headgate.flow"] is False  # set up by the system, not looked at
    page = (await owner.get("/settings/flow")).text
    version = page.partition('name="base_version" value="')[2].partition('"')[0]
    await owner.post("/settings/flow", data={"base_version": version})
    assert all((await done(kernel, tenant)).values())


async def test_a_new_owner_starts_there_until_all_is_done_or_it_is_put_away(kernel, client_for, tenant):
    owner, reader = await client_for(tenant, "owner"), await client_for(tenant, "reader")
    assert (await owner.get("/")).headers["location"] == "/sample/notes"
    async with kernel.context(tenant) as ctx:
        await open_checklist(ctx)
    assert (await owner.get("/")).headers["location"] == "/settings/checklist"
    assert (await reader.get("/")).headers["location"] == "/sample/notes"
    assert "Do not start here any more" in (await owner.get("/settings/checklist")).text
    away = await owner.post("/settings/checklist", data={"state": "closed"})
    assert (away.status_code, away.headers["location"]) == (303, "/")
    assert (await owner.get("/")).headers["location"] == "/sample/notes"
    assert "Do not start here any more" not in (await owner.get("/settings/checklist")).text


async def test_the_logo_stands_in_the_bar_and_can_be_taken_away(kernel, client_for, tenant):
    owner = await client_for(tenant, "owner")
    await owner.post("/settings/logo", files=logo())
    page = (await owner.get("/sample/notes")).text
    address = page.partition('<img class="logo" src="')[2].partition('"')[0]
    picture = await (await client_for(tenant, "buyer")).get(address)
    assert (picture.status_code, picture.headers["content-type"]) == (200, "image/webp")
    assert (await owner.post("/settings/logo", data={"remove": "yes"}, files={"x": b""})).status_code == 303
    assert '<img class="logo"' not in (await owner.get("/sample/notes")).text


async def test_what_is_no_picture_is_refused_in_words_and_the_logo_stays(kernel, client_for, tenant):
    owner = await client_for(tenant, "owner")
    await owner.post("/settings/logo", files=logo())
    refused = await owner.post("/settings/logo", files={"logo": ("logo.png", b"no picture", "image/png")})
    assert refused.status_code == 422
    assert 'id="e-logo"' in refused.text
    assert '<img class="logo"' in (await owner.get("/sample/notes")).text


async def test_who_may_not_set_up_does_not_see_it(client_for, tenant):
    reader = await client_for(tenant, "reader")
    assert (await reader.get("/settings/checklist")).status_code == 403
    assert (await reader.post("/settings/logo", files=logo())).status_code == 403
    assert "/settings/checklist" not in (await reader.get("/sample/notes")).text
