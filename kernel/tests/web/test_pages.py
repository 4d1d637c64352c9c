"""Pages around plugins: menus, places that plugins fill, the settings of plugins and people, pictures."""

import io

from headgate_kernel.i18n import Catalogue
from PIL import Image


async def test_the_menu_shows_what_the_person_may_open(client_for, tenant):
    page = (await (await client_for(tenant, "reader")).get("/sample/notes")).text
    assert 'href="/sample/notes" aria-current="page"' in page
    assert "/settings/plugins" not in page
    page = (await (await client_for(tenant, "owner")).get("/sample/notes")).text
    assert "/settings/plugins" in page
    assert "/settings/flow" in page


async def test_the_menu_shows_a_number_and_survives_one_that_fails(client_for, tenant, caplog):
    client = await client_for(tenant, "writer")
    await client.post("/sample/notes", data={"text": "first"})
    assert 'data-badge="/sample/notes">1</span>' in (await client.get("/sample/notes")).text
    await client.post("/sample/notes", data={"text": "broken badge"})
    page = await client.get("/sample/notes")
    assert page.status_code == 200
    assert 'data-badge="/sample/notes" hidden' in page.text


async def test_plugins_that_are_on_fill_places_in_order(client_for, new_tenant):
    without = await client_for(await new_tenant("sample"), "owner")
    assert '<div id="place"></div>' in (await without.get("/sample/notes")).text
    with_it = await client_for(await new_tenant("sample-extra"), "owner")
    assert '<div id="place"><p>from extra</p><p>later</p></div>' in (await with_it.get("/sample/notes")).text


async def test_a_place_that_fails_leaves_a_box_and_not_a_broken_page(client_for, new_tenant, caplog):
    client = await client_for(await new_tenant("sample-extra"), "writer")
    page = await client.get("/sample/notes?slot=crash")
    assert page.status_code == 200
    assert "The plugin Extra could not be shown here." in page.text
    assert "no_such_column" not in page.text
    assert "<p>later</p>" in page.text
    assert "no_such_column" in caplog.text


async def test_a_place_that_refuses_says_why_and_its_words_are_escaped(client_for, new_tenant):
    client = await client_for(await new_tenant("sample-extra"), "writer")
    page = await client.get("/sample/notes?slot=refuse")
    assert "The box &lt;b&gt;rests&lt;/b&gt; today." in page.text


async def test_pages_speak_the_plugins_language(client_for, tenant):
    client = await client_for(tenant, "reader")
    client.cookies.set("headgate_locale", "zh_CN")
    page = (await client.get("/sample/notes")).text
    assert "<h1>便条</h1>" in page
    assert '<html lang="zh-CN">' in page


async def test_the_page_of_plugins_lists_them_with_their_states(client_for, tenant):
    page = await (await client_for(tenant, "owner")).get("/settings/plugins")
    assert page.status_code == 200
    for name in ("Sample", "Extra", "Lone"):
        assert name in page.text
    assert (await (await client_for(tenant, "reader")).get("/settings/plugins")).status_code == 403


async def test_a_plugins_page_tells_what_appears(client_for, tenant):
    client = await client_for(tenant, "owner")
    page = (await client.get("/settings/plugins/sample-extra")).text
    assert "What appears when it is on" in page
    assert "/extra/page" in page
    assert "Photo" in page
    assert (await client.get("/settings/plugins/none")).status_code == 404


async def test_a_switch_opens_and_closes_the_plugins_pages_at_once(client_for, tenant):
    client = await client_for(tenant, "owner")
    assert (await client.get("/extra/page")).status_code == 404
    on = await client.post("/settings/plugins/sample-extra", data={"state": "on"})
    assert on.status_code == 303
    assert (await client.get("/extra/page")).status_code == 200
    off = await client.post("/settings/plugins/sample-extra", data={"state": "off"})
    assert off.status_code == 303
    assert (await client.get("/extra/page")).status_code == 404


async def test_a_refused_switch_tells_why_on_the_page(client_for, new_tenant):
    client = await client_for(await new_tenant("sample-extra"), "owner")
    answer = await client.post("/settings/plugins/sample", data={"state": "off"})
    assert answer.status_code == 409
    assert "Extra need Sample. Switch them off first." in answer.text
    assert (await client.get("/sample/anybody")).status_code == 200


async def test_a_switch_takes_only_on_and_off(client_for, tenant):
    client = await client_for(tenant, "owner")
    answer = await client.post("/settings/plugins/lone", data={"state": "purple"})
    assert answer.status_code == 422
    assert (await client.get("/lone")).status_code == 404


async def test_the_page_of_people_lists_members_with_roles(client_for, tenant):
    client = await client_for(tenant, "owner")
    for view, roles in (("staff", ("owner", "reader", "writer")), ("customers", ("buyer",))):
        page = (await client.get("/settings/people", params={"view": view})).text
        assert [f"{role}@{tenant.info.slug}.example" in page for role in roles] == [True] * len(roles)


async def test_a_picture_is_sent_to_its_own_tenant_only(kernel, client_for, tenant, other_tenant):
    content = io.BytesIO()
    Image.new("RGB", (20, 10), "red").save(content, "PNG")
    async with kernel.context(tenant) as ctx:
        picture = await ctx.store_file(content.getvalue(), purpose="product")
    mine = await (await client_for(tenant, "buyer")).get(f"/files/{picture}")
    assert (mine.status_code, mine.headers["content-type"]) == (200, "image/webp")
    assert Image.open(io.BytesIO(mine.content)).size == (20, 10)
    theirs = await (await client_for(other_tenant, "owner")).get(f"/files/{picture}")
    assert theirs.status_code == 404


async def test_static_files_are_sent_at_any_host_and_may_be_kept(browse, client_for, tenant):
    page = (await (await client_for(tenant)).get("/sign-in")).text
    address = page.partition('<link rel="stylesheet" href="')[2].partition('"')[0]
    answer = await browse("console.localhost").get(address)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert (await browse("console.localhost").get("/static/../pyproject.toml")).status_code == 404


async def test_the_style_guide_is_for_those_who_are_signed_in(client_for, tenant):
    assert (await (await client_for(tenant)).get("/_kit")).status_code == 303
    assert (await (await client_for(tenant, "owner")).get("/_kit")).status_code == 200


async def test_the_page_of_the_flow_shows_steps_of_plugins_that_are_on(client_for, new_tenant):
    page = (await (await client_for(await new_tenant("sample"), "owner")).get("/settings/flow")).text
    assert "Check" in page
    assert "Photo" not in page
    page = (await (await client_for(await new_tenant("sample-extra"), "owner")).get("/settings/flow")).text
    assert "Photo" in page


def test_what_is_not_translated_stays_english():
    assert (
        Catalogue(["headgate_kernel"]).translate("zh_CN", "No such words anywhere")
        == "No such words anywhere"
    )
