"""The identity provider through the pages, as a browser goes."""

import html
import re
from urllib.parse import parse_qs, urlsplit

import pytest

from .walking import go_there, set_up


@pytest.fixture
def provider(provider, tenant):
    """The reader has signed in there."""
    provider.user["email"] = f"reader@{tenant.info.slug}.example"
    return provider


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
