"""Passkeys through the pages, as a browser goes."""

import json
import re
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest
from headgate_kernel.app import create_app
from headgate_kernel.identity.oidc.providers import Providers
from headgate_sdk.testing.application import running

from .authenticator import Authenticator
from .provider import running_provider
from .walking import make_passkey, set_up, use_passkey

PASSWORD = "correct horse battery"


@pytest.fixture
def device(tenant):
    return Authenticator(f"http://{tenant.info.slug}.localhost")


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
