"""Passkeys and the identity provider through the pages, as a browser goes."""

import html
import json
import re
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.identity.oidc.fetching import Fetcher
from headgate_kernel.identity.oidc.providers import Providers
from headgate_kernel.identity.oidc.settings import SsoForm, save_sso
from headgate_sdk.secrets import Secret
from headgate_sdk.testing.application import running

from .authenticator import Authenticator
from .provider import CLIENT, SECRET, running_provider

PASSWORD = "correct horse battery"


@pytest.fixture
def device(tenant):
    return Authenticator(f"http://{tenant.info.slug}.localhost")


@pytest.fixture
async def reader(client_for, tenant):
    return await client_for(tenant, "reader")


async def make_passkey(client, device, name="Laptop"):
    options = (await client.post("/account/passkeys/options")).text
    return await client.post("/account/passkeys", data={"passkey": device.make(options), "name": name})


async def use_passkey(client, device, **more):
    options = (await client.post("/sign-in/passkey/options")).text
    device.counter += 1
    return await client.post("/sign-in/passkey", data={"passkey": device.use(options), **more})


# -- passkeys ------------------------------------------------------------------------------------------------


async def test_a_passkey_is_made_listed_used_renamed_and_removed(reader, client_for, tenant, device):
    page = (await reader.get("/account/passkeys")).text
    assert "Your first passkey" in page
    answer = await make_passkey(reader, device)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/passkeys?done=added")
    page = (await reader.get("/account/passkeys?done=added")).text
    assert "Laptop" in page
    visitor = await client_for(tenant)
    entered = await use_passkey(visitor, device, next="/account")
    assert (entered.status_code, entered.headers["location"]) == (303, "/account")
    assert (await visitor.get("/api/v1/me")).json()["name"] == "Reader"
    passkey_id = re.search(r"/account/passkeys/([0-9a-f-]{36})/remove", page)[1]
    await reader.post(f"/account/passkeys/{passkey_id}", data={"name": "Phone"})
    assert "Phone" in (await reader.get("/account/passkeys")).text
    await reader.post(f"/account/passkeys/{passkey_id}/remove")
    assert "Your first passkey" in (await reader.get("/account/passkeys")).text
    refused = await use_passkey(await client_for(tenant), device)
    assert refused.status_code == 422
    assert "not known here" in refused.text


async def test_what_a_device_is_asked_is_json_that_nobody_keeps(client_for, tenant):
    answer = await (await client_for(tenant)).post("/sign-in/passkey/options")
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json()["rpId"] == f"{tenant.info.slug}.localhost"


async def test_a_name_that_is_missing_is_told_at_its_field(reader, device):
    answer = await make_passkey(reader, device, name=" ")
    assert answer.status_code == 422
    assert "Give the passkey a name" in answer.text


async def test_an_old_session_confirms_first(kernel, reader, device, tenant):
    await make_passkey(reader, device)
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE session SET authenticated_at = authenticated_at - interval '1 hour' WHERE tenant_id = $1",
            tenant.info.id,
        )
    kernel.sessions._cache.clear()
    answer = await reader.get("/account/passkeys")
    assert answer.headers["location"] == "/account/confirm?next=%2Faccount%2Fpasskeys"
    page = (await reader.get(answer.headers["location"])).text
    assert 'action="/account/confirm/passkey"' in page
    options = (await reader.post("/account/confirm/passkey/options")).text
    assert len(json.loads(options)["allowCredentials"]) == 1
    device.counter += 1
    form = {"passkey": device.use(options), "next": "/account/passkeys"}
    answer = await reader.post("/account/confirm/passkey", data=form)
    assert (answer.status_code, answer.headers["location"]) == (303, "/account/passkeys")
    assert (await reader.get("/account/passkeys")).status_code == 200


async def test_a_confirmation_that_does_not_hold_is_told_in_words(reader, device):
    await make_passkey(reader, device)
    options = (await reader.post("/account/confirm/passkey/options")).text
    answer = await reader.post(
        "/account/confirm/passkey", data={"passkey": device.use(options, unsigned=True)}
    )
    assert answer.status_code == 422
    assert "does not hold" in answer.text


async def test_who_has_no_passkey_is_not_offered_to_confirm_with_one(reader):
    assert "/account/confirm/passkey" not in (await reader.get("/account/confirm")).text


async def test_where_a_second_step_is_required_a_passkey_is_one(kernel, tenant, reader, device):
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE role SET second_factor = true WHERE tenant_id = $1 AND key = 'reader'", tenant.info.id
        )
    kernel.sessions._cache.clear()
    assert (await reader.get("/")).headers["location"] == "/account/second-factor"
    page = (await reader.get("/account/second-factor")).text
    assert 'href="/account/passkeys"' in page
    assert (await reader.get("/account/passkeys")).status_code == 200
    answer = await make_passkey(reader, device)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await reader.get("/api/v1/me")).json()["name"] == "Reader"


async def test_behind_tls_the_origin_is_https_and_cookies_are_for_the_host(kernel, tenant):
    """The proxy ends TLS, so the connection itself does not tell."""
    settings = msgspec.structs.replace(kernel.settings, secure_cookies=True)
    was, kernel.settings = kernel.settings, settings
    try:
        async with running(create_app(settings, kernel=kernel)) as app:
            import httpx

            host = f"{tenant.info.slug}.localhost"
            client = httpx.AsyncClient(
                transport=httpx.ASGITransport(app=app), base_url=f"https://{host}",
                headers={"sec-fetch-site": "same-origin"},
            )  # fmt: skip
            form = {"login": f"reader@{tenant.info.slug}.example", "password": PASSWORD}
            assert (await client.post("/sign-in", data=form)).status_code == 303
            device = Authenticator(f"http://{host}")
            assert (await make_passkey(client, device)).status_code == 422
            device = Authenticator(f"https://{host}")
            assert (await make_passkey(client, device)).status_code == 303
            assert (await use_passkey(client, device)).status_code == 303
            with running_provider() as provider:
                await set_up(kernel, tenant, provider)
                kernel.identity_providers = Providers(allow_private=True)
                left = await client.get("/sign-in/sso")
            cookie = left.headers["set-cookie"]
            assert cookie.startswith("__Host-headgate-sso=")
            assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
            asked = parse_qs(urlsplit(left.headers["location"]).query)
            assert asked["redirect_uri"] == [f"https://{host}/sign-in/sso/callback"]
            await client.aclose()
    finally:
        kernel.settings = was


# -- the identity provider -----------------------------------------------------------------------------------


@pytest.fixture
def provider(kernel, monkeypatch, tenant):
    providers = Providers(allow_private=True)
    providers.fetcher = Fetcher(allow_private=True, seconds=1.5)
    monkeypatch.setattr(kernel, "identity_providers", providers)
    with running_provider() as one:
        one.user["email"] = f"reader@{tenant.info.slug}.example"
        yield one


async def set_up(kernel, tenant, provider, **more):
    values = {"sso": "offered", "name": "Keycloak", "issuer": provider.issuer, "client_id": CLIENT,
              "client_secret": Secret(SECRET)}  # fmt: skip
    async with kernel.context(tenant) as ctx:
        await save_sso(ctx, SsoForm(**(values | more)))


async def go_there(client, provider, path="/sign-in/sso", **bring):
    left = await client.get(path)
    assert left.status_code == 303, left.text
    return await client.get(
        "/sign-in/sso/callback", params=provider.authorize(left.headers["location"]) | bring
    )


async def test_staff_sign_in_through_the_provider(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    client = await client_for(tenant)
    entered = await go_there(client, provider, "/sign-in/sso?next=/account/sessions")
    assert (entered.status_code, entered.headers["location"]) == (303, "/account/sessions")
    assert (await client.get("/api/v1/me")).json()["name"] == "Reader"
    assert "Company sign-in" in (await client.get("/account/sessions")).text


async def test_signing_out_ends_our_session_alone(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    client = await client_for(tenant)
    await go_there(client, provider)
    asked = len(provider.asked)
    assert (await client.post("/sign-out", data={})).headers["location"] == "/sign-in"
    assert (await client.get("/api/v1/me")).status_code == 401
    assert len(provider.asked) == asked


async def test_somebody_new_is_let_in_by_their_domain_in_one_go(kernel, tenant, provider, client_for):
    provider.user["email"] = f"new@{tenant.info.slug}.company.example"
    await set_up(kernel, tenant, provider, domains=f"{tenant.info.slug}.company.example", role="reader")
    client = await client_for(tenant)
    assert (await go_there(client, provider)).headers["location"] == "/"
    assert (await client.get("/api/v1/me")).json()["name"] == "Wu Fang"


@pytest.mark.parametrize("next_path", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_the_way_leads_nowhere_else(kernel, tenant, provider, client_for, next_path):
    await set_up(kernel, tenant, provider)
    client = await client_for(tenant)
    left = await client.get("/sign-in/sso", params={"next": next_path})
    entered = await client.get("/sign-in/sso/callback", params=provider.authorize(left.headers["location"]))
    assert entered.headers["location"] == "/"


async def test_a_refusal_of_the_provider_is_a_page_with_a_way_back(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    answer = await go_there(await client_for(tenant), provider, error="access_denied", code="")
    assert answer.status_code == 403
    assert "cancelled" in answer.text
    assert 'href="/sign-in?next=' in answer.text


async def test_coming_back_twice_is_told_in_words(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    client = await client_for(tenant)
    left = await client.get("/sign-in/sso")
    answer = provider.authorize(left.headers["location"])
    assert (await client.get("/sign-in/sso/callback", params=answer)).status_code == 303
    again = await client.get("/sign-in/sso/callback", params=answer)
    assert again.status_code == 403
    assert "finished already" in again.text


async def test_coming_back_in_another_browser_is_told_in_words(kernel, tenant, provider, client_for):
    """Who sends somebody a link that signs them in as somebody else gets nowhere."""
    await set_up(kernel, tenant, provider)
    left = await (await client_for(tenant)).get("/sign-in/sso")
    victim = await client_for(tenant)
    answer = await victim.get("/sign-in/sso/callback", params=provider.authorize(left.headers["location"]))
    assert answer.status_code == 403
    assert "another browser" in answer.text
    assert (await victim.get("/api/v1/me")).status_code == 401


async def test_a_provider_that_is_out_of_order_is_told_in_words(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    provider.faults["/.well-known/openid-configuration"] = (503, b"{}")
    answer = await (await client_for(tenant)).get("/sign-in/sso")
    assert answer.status_code == 502
    assert "answered 503" in answer.text
    assert "Traceback" not in answer.text


async def test_no_code_of_the_provider_leaves_by_the_referrer(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    answer = await go_there(await client_for(tenant), provider, error="server_error")
    assert answer.headers["referrer-policy"] == "no-referrer"


async def test_somebody_connects_and_disconnects_their_accounts(kernel, tenant, provider, reader, client_for):
    provider.user |= {"email": "r@elsewhere.example", "email_verified": False}
    await set_up(kernel, tenant, provider)
    assert "Connect your account there" in (await reader.get("/account/passkeys")).text
    page = await reader.post("/account/sso/connect")
    assert page.status_code == 200
    url = html.unescape(re.search(r'href="(http://127[^"]+)"', page.text)[1])
    answer = await reader.get("/sign-in/sso/callback", params=provider.authorize(url))
    assert answer.headers["location"] == "/account/passkeys?done=connected"
    assert "are connected" in (await reader.get("/account/passkeys")).text
    visitor = await client_for(tenant)
    await go_there(visitor, provider)
    assert (await visitor.get("/api/v1/me")).json()["name"] == "Reader"
    assert (await reader.post("/account/sso/disconnect")).status_code == 303
    assert (await go_there(await client_for(tenant), provider)).status_code == 403


async def test_nobody_is_led_by_another_site_to_connect(kernel, tenant, provider, reader):
    """Else a stranger's account at the provider could be connected with one's own here."""
    await set_up(kernel, tenant, provider)
    answer = await reader.post("/account/sso/connect", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert (await reader.get("/account/sso/connect")).status_code == 404


async def test_a_connection_is_made_by_who_began_it(kernel, tenant, provider, reader, client_for):
    await set_up(kernel, tenant, provider)
    page = await reader.post("/account/sso/connect")
    url = html.unescape(re.search(r'href="(http://127[^"]+)"', page.text)[1])
    writer = await client_for(tenant, "writer")
    reader.cookies.set(
        "headgate_session", writer.cookies["headgate_session"], domain=f"{tenant.info.slug}.localhost"
    )
    token = writer.cookies["headgate_session"]
    browser = next(cookie.value for cookie in reader.cookies.jar if cookie.name == "headgate_sso")
    answer = await writer.get(
        "/sign-in/sso/callback", params=provider.authorize(url),
        headers={"cookie": f"headgate_session={token}; headgate_sso={browser}"},
    )  # fmt: skip
    assert answer.status_code == 403
    assert "somebody else meanwhile" in answer.text


async def test_an_account_of_somebody_else_cannot_be_connected(kernel, tenant, provider, reader, client_for):
    await set_up(kernel, tenant, provider)
    await go_there(await client_for(tenant), provider)  # the reader's own
    writer = await client_for(tenant, "writer")
    page = await writer.post("/account/sso/connect")
    url = html.unescape(re.search(r'href="(http://127[^"]+)"', page.text)[1])
    answer = await writer.get("/sign-in/sso/callback", params=provider.authorize(url))
    assert answer.status_code == 403
    assert "linked to another one" in answer.text


async def test_who_came_through_the_provider_confirms_there(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    client = await client_for(tenant)
    await go_there(client, provider)
    assert 'href="/account/confirm/sso?next=' in (await client.get("/account/confirm?next=/account")).text
    left = await client.get("/account/confirm/sso?next=/account")
    asked = parse_qs(urlsplit(left.headers["location"]).query)
    assert (asked["prompt"], asked["max_age"]) == (["login"], ["300"])
    before = await kernel.sessions.find(client.cookies["headgate_session"], tenant.info.id)
    answer = await client.get("/sign-in/sso/callback", params=provider.authorize(left.headers["location"]))
    assert (answer.status_code, answer.headers["location"]) == (303, "/account")
    after = await kernel.sessions.find(client.cookies["headgate_session"], tenant.info.id)
    assert after.id == before.id
    assert after.authenticated_at > before.authenticated_at


async def test_nobody_confirms_as_somebody_else(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    client = await client_for(tenant)
    await go_there(client, provider)
    provider.user |= {"sub": "u-2", "email": f"writer@{tenant.info.slug}.example"}
    answer = await go_there(client, provider, "/account/confirm/sso")
    assert answer.status_code == 403
    assert "you are somebody else" in answer.text


# -- settings ------------------------------------------------------------------------------------------------


async def test_the_owner_sets_a_provider_up_and_tries_it(kernel, tenant, provider, client_for):
    owner = await client_for(tenant, "owner")
    form = {"sso": "offered", "name": "Keycloak", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    page = (await owner.post("/settings/sso/test", data=form)).text
    for words in ("offers what is needed", "It has 1 keys", "takes our client ID and secret"):
        assert words in page
    assert SECRET not in page
    assert (await owner.post("/settings/sso", data=form)).headers["location"] == "/settings/sso?done=saved"
    page = (await owner.get("/settings/sso")).text
    assert f"http://{tenant.info.slug}.localhost/sign-in/sso/callback" in page
    assert "A secret is kept" in page
    assert SECRET not in page
    page = (await owner.post("/settings/sso/test", data=form | {"client_secret": ""})).text
    assert "takes our client ID and secret" in page, "the kept secret is tried"
    page = (await owner.post("/settings/sso/test", data=form | {"client_secret": "wrong"})).text
    assert "refuses our client ID or secret: invalid_client" in page


async def test_the_kept_secret_is_not_sent_to_another_address(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    with running_provider() as other:
        form = {
            "sso": "offered",
            "name": "Evil",
            "issuer": other.issuer,
            "client_id": CLIENT,
            "client_secret": "",
        }
        page = (await (await client_for(tenant, "owner")).post("/settings/sso/test", data=form)).text
    assert "refuses our client ID or secret" in page


async def test_what_is_wrong_stands_at_its_field(tenant, client_for):
    owner = await client_for(tenant, "owner")
    answer = await owner.post("/settings/sso", data={"sso": "offered", "name": "K", "domains": "nothing"})
    assert answer.status_code == 422
    for field in ("issuer", "client_id", "domains", "role"):
        assert f'id="e-{field}"' in answer.text


async def test_a_provider_that_does_not_answer_is_told_before_it_is_kept(tenant, client_for, provider):
    owner = await client_for(tenant, "owner")
    form = {"name": "K", "issuer": "http://127.0.0.1:1", "client_id": CLIENT}
    page = await owner.post("/settings/sso/test", data=form)
    assert page.status_code == 200
    assert "cannot be reached" in page.text


async def test_codes_to_phones_are_switched(kernel, tenant, client_for):
    owner = await client_for(tenant, "owner")
    await owner.post("/settings/sso/phone", data={"staff": "on"})
    page = (await owner.get("/settings/sso")).text
    assert re.search(r'name="staff"[^>]*checked', page)
    assert not re.search(r'name="customers"[^>]*checked', page)


async def test_others_than_those_who_may_see_no_settings(tenant, client_for):
    for role in ("reader", "buyer"):
        assert (await (await client_for(tenant, role)).get("/settings/sso")).status_code == 403


# -- operators -----------------------------------------------------------------------------------------------


@pytest.fixture
async def console(browse, kernel, operator):
    client = browse("console.localhost")
    async with kernel.databases.platform_scope() as db:
        person_id = await db.fetch_value("SELECT person_id FROM person_login WHERE login = $1", operator)
        await db.execute("DELETE FROM operator_sso")
        await db.execute("DELETE FROM operator_sso_link")
    client.cookies.set("headgate_session", await kernel.sessions.open(person_id, None, None, "tests"))
    yield client
    async with kernel.databases.platform_scope() as db:
        await db.execute("DELETE FROM operator_sso")


async def test_operators_sign_in_through_their_provider(kernel, provider, console, browse, operator):
    provider.user["email"] = operator
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    page = (await console.post("/console/sso/test", data=form)).text
    assert "takes our client ID and secret" in page
    assert (await console.post("/console/sso", data=form)).status_code == 303
    visitor = browse("console.localhost")
    assert "Sign in with Staff ID" in (await visitor.get("/sign-in")).text
    entered = await go_there(visitor, provider, "/sign-in/sso?next=/console/")
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/")
    assert (await visitor.get("/console/")).status_code == 200
    page = (await console.get("/console/sso")).text
    link = re.search(r"/console/sso/links/([0-9a-f-]{36})/remove", page)[1]
    assert (await console.post(f"/console/sso/links/{link}/remove")).status_code == 303
    assert "Nobody yet" in (await console.get("/console/sso")).text
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT action, details FROM platform_audit_entry WHERE action LIKE 's%' ORDER BY id"
        )
    actions = [row["action"] for row in rows]
    assert [name for name in actions if name.startswith(("sso", "sign_in"))][-3:] == [
        "sign_in.sso", "sso.link", "sso.unlink",
    ]  # fmt: skip
    assert SECRET not in "".join(row["details"] for row in rows)


async def test_nobody_becomes_an_operator_through_the_provider(kernel, provider, console, browse, tenant):
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    await console.post("/console/sso", data=form)
    for email in ("stranger@x.example", f"owner@{tenant.info.slug}.example"):
        provider.user["email"] = email
        answer = await go_there(browse("console.localhost"), provider)
        assert answer.status_code == 403
        assert "No operator here" in answer.text


async def test_an_operator_who_is_none_any_more_stays_outside(kernel, provider, console, browse, operator):
    provider.user["email"] = operator
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    await console.post("/console/sso", data=form)
    assert (await go_there(browse("console.localhost"), provider)).status_code == 303
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE person p SET is_operator = false FROM person_login l WHERE l.login = $1 AND p.id = l.person_id",
            operator,
        )
    assert (await go_there(browse("console.localhost"), provider)).status_code == 403


async def test_a_visit_begun_at_a_distributor_does_not_end_at_the_console(
    kernel, provider, console, browse, tenant, operator
):
    provider.user["email"] = operator
    await set_up(kernel, tenant, provider)
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    await console.post("/console/sso", data=form)
    client = browse(f"{tenant.info.slug}.localhost")
    left = await client.get("/sign-in/sso")
    answer = provider.authorize(left.headers["location"])
    cookie = f"headgate_sso={client.cookies['headgate_sso']}"
    back = await browse("console.localhost", cookie=cookie).get("/sign-in/sso/callback", params=answer)
    assert back.status_code == 403


async def test_operators_have_passkeys_at_the_console(console, browse):
    device = Authenticator("http://console.localhost")
    assert (await make_passkey(console, device)).status_code == 303
    visitor = browse("console.localhost")
    assert (await use_passkey(visitor, device, next="/console/")).headers["location"] == "/console/"
    assert (await visitor.get("/console/")).status_code == 200
