"""Signing in and out by forms and by the API, at a tenant's host and at the operator's console."""

import pytest

PASSWORD = "correct horse battery"


def form(tenant, role="owner", password=PASSWORD, **more):
    return {"login": f"{role}@{tenant.info.slug}.example", "password": password} | more


async def test_a_person_signs_in_and_lands_where_they_work(client_for, tenant):
    client = await client_for(tenant)
    answer = await client.post("/sign-in", data=form(tenant))
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await client.get("/")).headers["location"] == "/sample/notes"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "domain=" not in cookie
    buyer = await client_for(tenant)
    await buyer.post("/sign-in", data=form(tenant, "buyer"))
    nothing = await buyer.get("/")
    assert nothing.status_code == 404
    assert "Nothing is switched on for you here" in nothing.text


async def test_a_wrong_password_is_told_without_saying_which_part_is_wrong(client_for, tenant):
    client = await client_for(tenant)
    wrong = await client.post("/sign-in", data=form(tenant, password="wrong password"))
    unknown = await client.post("/sign-in", data=form(tenant, role="nobody", password="wrong password"))
    assert wrong.status_code == unknown.status_code == 422
    assert "set-cookie" not in wrong.headers
    assert wrong.text.replace("owner@", "nobody@") == unknown.text
    assert "wrong password" not in wrong.text


@pytest.mark.parametrize(
    ("wanted", "gone_to"),
    [
        ("/sample/notes?a=1", "/sample/notes?a=1"),
        ("", "/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("/\\evil.example/", "/"),
        ("/a\\..\\evil", "/"),
        ("\\/evil.example", "/"),
        ("/\t/evil.example", "/"),
        ("/\n/evil.example", "/"),
        (" /sample/notes", "/"),
        ("javascript:alert(1)", "/"),
        ("evil.example", "/"),
    ],
)
async def test_the_way_on_stays_on_this_host(client_for, tenant, wanted, gone_to):
    answer = await (await client_for(tenant)).post("/sign-in", data=form(tenant, next=wanted))
    assert (answer.status_code, answer.headers["location"]) == (303, gone_to)


async def test_the_form_keeps_the_way_on(client_for, tenant):
    page = await (await client_for(tenant)).get("/sign-in?next=%2Fsample%2Fnotes")
    assert 'name="next" value="/sample/notes"' in page.text


async def test_who_is_signed_in_needs_no_form(client_for, tenant):
    assert (await (await client_for(tenant, "owner")).get("/sign-in")).status_code == 303


async def test_signing_out_ends_the_session_at_once(client_for, browse, tenant):
    client = await client_for(tenant, "reader")
    token = client.cookies["headgate_session"]
    assert (await client.get("/sample/notes")).status_code == 200
    answer = await client.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    thief = browse(f"{tenant.info.slug}.localhost", authorization=f"Bearer {token}")
    assert (await thief.get("/api/v1/sample/notes")).status_code == 401


async def test_signing_in_again_ends_the_session_before(client_for, browse, tenant):
    client = await client_for(tenant)
    await client.post("/sign-in", data=form(tenant))
    before = client.cookies["headgate_session"]
    await client.post("/sign-in", data=form(tenant))
    thief = browse(f"{tenant.info.slug}.localhost", authorization=f"Bearer {before}")
    assert (await thief.get("/api/v1/me")).status_code == 401


async def test_a_program_gets_a_token_and_gives_it_back(browse, tenant):
    client = browse(f"{tenant.info.slug}.localhost")
    opened = await client.post("/api/v1/sessions", json=form(tenant, "reader"))
    assert opened.status_code == 201
    client.headers["authorization"] = f"Bearer {opened.json()['token']}"
    me = (await client.get("/api/v1/me")).json()
    assert me == {"name": "Reader", "kind": "staff", "permissions": ["sample.notes.read"],
                  "tenant": tenant.info.name, "currency": "CNY"}  # fmt: skip
    assert (await client.delete("/api/v1/sessions/current")).status_code == 204
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_program_with_a_wrong_password_gets_none(browse, tenant):
    client = browse(f"{tenant.info.slug}.localhost")
    answer = await client.post("/api/v1/sessions", json=form(tenant, password="wrong password"))
    assert (answer.status_code, answer.json()["field"]) == (422, "password")


async def test_the_console_is_for_operators(browse, tenant, operator):
    console = browse("console.localhost")
    assert (await console.get("/console/")).headers["location"] == "/sign-in?next=%2Fconsole"
    refused = await console.post("/sign-in", data=form(tenant, "owner"))
    assert refused.status_code == 422
    welcome = await console.post("/sign-in", data={"login": operator, "password": PASSWORD})
    assert welcome.status_code == 303
    assert (await console.get("/")).headers["location"] == "/console/"
    page = await console.get("/console/", params={"q": tenant.info.slug})
    assert page.status_code == 200
    assert tenant.info.name in page.text
    assert f"http://{tenant.info.slug}.localhost/" in page.text


async def test_an_operator_is_nobody_at_a_tenants_host(client_for, tenant, operator):
    client = await client_for(tenant)
    answer = await client.post("/sign-in", data={"login": operator, "password": PASSWORD})
    assert answer.status_code == 422


async def test_a_tenants_session_is_worth_nothing_at_the_console(browse, tenant, token_for):
    console = browse("console.localhost", authorization=f"Bearer {await token_for(tenant, 'owner')}")
    assert (await console.get("/console/")).status_code == 303


async def test_the_operators_session_is_worth_nothing_at_a_tenants_host(browse, tenant, operator):
    console = browse("console.localhost")
    await console.post("/sign-in", data={"login": operator, "password": PASSWORD})
    token = console.cookies["headgate_session"]
    there = browse(f"{tenant.info.slug}.localhost", authorization=f"Bearer {token}")
    assert (await there.get("/api/v1/me")).status_code == 401


async def test_a_session_of_one_tenant_is_worth_nothing_at_another(browse, tenant, other_tenant, token_for):
    token = await token_for(tenant, "owner")
    host = f"{other_tenant.info.slug}.localhost"
    bearer = await browse(host, authorization=f"Bearer {token}").get("/api/v1/me")
    cookie = await browse(host, cookie=f"headgate_session={token}").get("/api/v1/me")
    home = await browse(f"{tenant.info.slug}.localhost", cookie=f"headgate_session={token}").get("/api/v1/me")
    assert (bearer.status_code, cookie.status_code, home.status_code) == (401, 401, 200)


async def test_a_chosen_language_is_kept_and_leads_back_to_the_page(client_for, tenant):
    client = await client_for(tenant)
    answer = await client.post(
        "/locale", data={"locale": "zh_CN"}, headers={"referer": "http://x.localhost/sign-in?a=1"}
    )
    assert answer.headers["location"] == "/sign-in?a=1"
    assert "登录" in (await client.get("/sign-in")).text
    await client.post("/locale", data={"locale": "en"})
    assert "Sign in" in (await client.get("/sign-in")).text


async def test_an_unknown_language_is_not_kept(client_for, tenant):
    answer = await (await client_for(tenant)).post("/locale", data={"locale": "tlh"})
    assert answer.status_code == 303
    assert "set-cookie" not in answer.headers


@pytest.mark.parametrize("referer", ["http://x.localhost//evil.example/", "http://x.localhost/\\evil", ""])
async def test_choosing_a_language_leads_nowhere_else(client_for, tenant, referer):
    answer = await (await client_for(tenant)).post(
        "/locale", data={"locale": "en"}, headers={"referer": referer}
    )
    assert answer.headers["location"] == "/"


async def test_the_colour_of_the_tenant_is_a_style_sheet(client_for, tenant):
    answer = await (await client_for(tenant)).get("/brand.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "--brand: #0b6e4f" in answer.text


async def test_health_is_told_at_any_host(browse):
    assert (await browse("127.0.0.1:8000").get("/health")).json() == {"status": "ok"}
