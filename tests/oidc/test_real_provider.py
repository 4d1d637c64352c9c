"""The whole way through a real identity provider, over real HTTP, there and back."""

import html
import re

from headgate_kernel.identity.oidc.check import check_connection
from headgate_kernel.identity.oidc.exchange import Client
from headgate_sdk.secrets import Secret
from headgate_sdk.testing.tenants import sign_in

from .canaille import SECRET


async def me(person, home):
    answer = await person.browser.get(f"{home}/api/v1/me")
    return answer.json().get("name") if answer.status_code == 200 else None


async def test_staff_sign_in(set_up, person, home, canaille):
    await set_up("clerk")
    clerk = person("clerk")
    page = await clerk.open(f"{home}/sign-in/sso?next=/account/sessions")
    assert page.status_code == 200, re.findall(r"<p>(.*?)</p>", page.text)
    assert page.request.url.path == "/account/sessions"
    assert await me(clerk, home) == "Sales clerk"
    assert any(url.startswith(f"{canaille.issuer}/oauth/authorize") for url in clerk.seen)


async def test_the_second_time_nothing_is_asked(set_up, person, home):
    await set_up("clerk")
    clerk = person("clerk")
    page = await clerk.open(f"{home}/sign-in/sso")
    assert await me(clerk, home), (clerk.seen, page.text)
    await clerk.browser.post(f"{home}/sign-out", data={}, headers={"sec-fetch-site": "same-origin"})
    assert await me(clerk, home) is None
    clerk.seen.clear()
    await clerk.open(f"{home}/sign-in/sso?next=/account/sessions")
    assert await me(clerk, home) == "Sales clerk"
    assert not [url for url in clerk.seen if "/login" in url or "/auth/password" in url]


async def test_who_does_not_consent_is_not_signed_in(set_up, person, home):
    await set_up("clerk")
    clerk = person("clerk")
    page = await clerk.open(f"{home}/sign-in/sso", consent=False)
    assert page.status_code == 403, (clerk.seen, page.text)
    assert "cancelled" in page.text
    assert await me(clerk, home) is None


async def test_somebody_new_is_let_in_by_their_domain(set_up, person, home, tenant):
    await set_up(
        f"new@{tenant.info.slug}.company", domains=f"{tenant.info.slug}.company.example", role="clerk"
    )
    new = person("new")
    await new.open(f"{home}/sign-in/sso?next=/account/sessions")
    assert await me(new, home) == f"Name of new-{tenant.info.slug}"


async def test_a_stranger_is_told_so(set_up, person, home, tenant):
    await set_up(f"stranger@{tenant.info.slug}.elsewhere")
    page = await person("stranger").open(f"{home}/sign-in/sso")
    assert page.status_code == 403
    assert f"stranger@{tenant.info.slug}.elsewhere.example" in page.text


async def test_a_code_of_the_provider_counts_once(set_up, person, home):
    await set_up("clerk")
    clerk = person("clerk")
    back = await clerk.open(f"{home}/sign-in/sso", stop_at=f"{home}/sign-in/sso/callback")
    address = back.headers["location"]
    assert (await clerk.browser.get(address)).status_code == 303
    again = await clerk.browser.get(address)
    assert again.status_code == 403
    assert "finished already" in again.text


async def test_an_answer_that_was_stolen_is_worth_nothing(set_up, person, home):
    """Who reads the address on its way has neither the browser's cookie nor the verifier."""
    await set_up("clerk")
    clerk, thief = person("clerk"), person("nobody")
    back = await clerk.open(f"{home}/sign-in/sso", stop_at=f"{home}/sign-in/sso/callback")
    page = await thief.browser.get(back.headers["location"])
    assert page.status_code == 403
    assert "another browser" in page.text


async def test_who_confirms_signs_in_there_once_more(set_up, person, home):
    await set_up("clerk")
    clerk = person("clerk")
    await clerk.open(f"{home}/sign-in/sso?next=/account/sessions")
    clerk.seen.clear()
    page = await clerk.open(f"{home}/account/confirm/sso?next=/account/sessions")
    assert page.request.url.path == "/account/sessions", page.text
    assert [url for url in clerk.seen if "/auth/password" in url], "the provider asked again"


async def test_a_connection_is_tested_with_name_and_secret(set_up, canaille, home, kernel, client_id):
    await set_up()

    async def states(secret):
        client = Client("Canaille", canaille.issuer, client_id, Secret(secret))
        found = await check_connection(kernel.identity_providers, client, f"{home}/sign-in/sso/callback")
        return [finding.state for finding in found]

    assert await states(SECRET) == ["ok", "ok", "ok"]
    assert await states("wrong") == ["ok", "ok", "stop"]


async def test_a_wrong_secret_is_the_administrators_business(set_up, person, home):
    await set_up("clerk", client_secret=Secret("wrong"))
    page = await person("clerk").open(f"{home}/sign-in/sso")
    assert page.status_code == 502
    assert "invalid_client" in page.text


async def test_an_address_that_is_not_vouched_for_signs_nobody_in_until_the_accounts_are_connected(
    set_up, person, home, careless_canaille, kernel, tenant
):
    await set_up("clerk", at=careless_canaille)
    clerk = person("clerk")
    page = await clerk.open(f"{home}/sign-in/sso")
    assert page.status_code == 403
    assert "does not vouch for your e-mail address" in page.text
    await sign_in(kernel, clerk.browser, tenant, "clerk")  # as if with the password
    page = await clerk.browser.post(f"{home}/account/sso/connect", headers={"sec-fetch-site": "same-origin"})
    address = html.unescape(re.search(rf'href="({careless_canaille.issuer}[^"]+)"', page.text)[1])
    page = await clerk.open(address)
    assert "are connected" in page.text
    other_browser = person("clerk")
    page = await other_browser.open(f"{home}/sign-in/sso?next=/account/sessions")
    assert await me(other_browser, home) == "Sales clerk", re.findall(r"<p>(.*?)</p>", page.text)
