"""Signing in through an identity provider that does what a good one never does."""

import asyncio
from datetime import timedelta

import msgspec
import pytest
from headgate_kernel.identity.invitations import invite
from headgate_kernel.identity.memberships import save_roles
from headgate_kernel.identity.oidc.errors import ProviderFailed, SsoRefused
from headgate_kernel.identity.oidc.fetching import Fetcher
from headgate_kernel.identity.oidc.providers import Providers
from headgate_kernel.identity.oidc.settings import SsoForm, save_sso
from headgate_kernel.identity.oidc.sign_in import BY_ADDRESS, Place, arrive, depart, find_person
from headgate_kernel.identity.oidc.visits import LIFETIME
from headgate_kernel.identity.opening import open_session
from headgate_kernel.identity.pace import TooManyTries
from headgate_sdk.blueprint import RoleEntry
from headgate_sdk.clock import ManualClock
from headgate_sdk.secrets import Secret

from .provider import CLIENT, SECRET, running_provider


@pytest.fixture
def provider(tenant):
    with running_provider() as one:
        one.user["email"] = f"owner@{tenant.info.slug}.example"
        yield one


@pytest.fixture(autouse=True)
def asking(kernel, monkeypatch):
    """Providers may be on this machine, and have a second to answer."""
    providers = Providers(allow_private=True)
    providers.fetcher = Fetcher(allow_private=True, seconds=1.5)
    monkeypatch.setattr(kernel, "identity_providers", providers)
    return providers


@pytest.fixture
def set_up(kernel, tenant, provider):
    async def go(**more):
        values = {"sso": "offered", "name": "Keycloak", "issuer": provider.issuer, "client_id": CLIENT,
                  "client_secret": Secret(SECRET)}  # fmt: skip
        async with kernel.context(tenant) as ctx:
            await save_sso(ctx, SsoForm(**(values | more)))

    return go


@pytest.fixture
def place(tenant):
    host = f"{tenant.info.slug}.localhost"
    return Place(tenant, f"http://{host}:8000/sign-in/sso/callback", "192.0.2.1", "zh_CN")


@pytest.fixture
def dance(kernel, place, provider):
    """Go to the provider and come back; `bring` changes what comes back."""

    async def go(purpose="sign_in", browser=None, **bring):
        left = await depart(kernel, place, purpose, next_path="/desk", browser="")
        answer = provider.authorize(left.url) | bring
        return await arrive(kernel, place, answer, left.browser if browser is None else browser)

    return go


async def test_a_member_is_found_by_the_address_that_the_provider_vouches_for(
    set_up, dance, kernel, place, somebody, tenant, provider, audited
):
    await set_up()
    arrival = await dance()
    assert arrival.visit.next == "/desk"
    assert arrival.identity.subject == "u-1"
    owner = await somebody(tenant, "owner")
    assert await find_person(kernel, place, arrival.identity) == owner.person_id
    [(subject, details)] = await audited(tenant, "sso.link")
    assert (subject, details["provider_subject"]) == ("Owner", "u-1")


async def test_the_link_counts_and_not_the_address(set_up, dance, kernel, place, somebody, tenant, provider):
    await set_up()
    await find_person(kernel, place, (await dance()).identity)
    provider.user |= {"email": f"reader@{tenant.info.slug}.example"}
    owner = await somebody(tenant, "owner")
    assert await find_person(kernel, place, (await dance()).identity) == owner.person_id
    provider.user |= {"email": "", "email_verified": False}
    assert await find_person(kernel, place, (await dance()).identity) == owner.person_id


async def test_an_address_that_went_to_somebody_else_leads_nowhere(set_up, dance, kernel, place, provider):
    await set_up()
    await find_person(kernel, place, (await dance()).identity)
    provider.user["sub"] = "u-2"
    with pytest.raises(SsoRefused, match="another account at the provider"):
        await find_person(kernel, place, (await dance()).identity)


@pytest.mark.parametrize("verified", [False, None, "false", 1, "yes", []], ids=str)
async def test_an_address_that_nobody_vouches_for_leads_nowhere(
    set_up, dance, kernel, place, provider, verified
):
    provider.user["email_verified"] = verified
    await set_up()
    with pytest.raises(SsoRefused, match="does not vouch"):
        await find_person(kernel, place, (await dance()).identity)


async def test_claims_that_the_token_leaves_out_are_asked_for(set_up, dance, provider, tenant):
    await set_up()
    provider.faults["claims"] = {"email": None, "email_verified": None}
    assert (await dance()).identity.email == f"owner@{tenant.info.slug}.example"
    assert "/userinfo" in provider.asked


async def test_claims_of_another_subject_are_none(set_up, dance, provider):
    await set_up()
    provider.faults |= {"claims": {"email": None}, "userinfo": {"sub": "u-2"}}
    with pytest.raises(SsoRefused, match="contradicts itself"):
        await dance()


@pytest.mark.parametrize("role", ["buyer"])
async def test_buyers_come_another_way(set_up, dance, kernel, place, provider, tenant, role):
    provider.user["email"] = f"{role}@{tenant.info.slug}.example"
    await set_up()
    with pytest.raises(SsoRefused, match="for the distributor's staff"):
        await find_person(kernel, place, (await dance()).identity)


async def test_somebody_who_has_left_comes_no_more(set_up, dance, kernel, place, tenant):
    await set_up()
    await find_person(kernel, place, (await dance()).identity)
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1", tenant.info.id)
    with pytest.raises(SsoRefused, match="has ended"):
        await find_person(kernel, place, (await dance()).identity)


async def test_a_stranger_is_told_so(set_up, dance, kernel, place, provider):
    provider.user["email"] = "stranger@elsewhere.example"
    await set_up()
    with pytest.raises(SsoRefused, match=r"knows you as stranger@elsewhere\.example"):
        await find_person(kernel, place, (await dance()).identity)


async def test_a_domain_that_is_let_in_brings_new_staff(
    set_up, dance, kernel, place, provider, audited, tenant
):
    provider.user["email"] = "Wu.Fang@Staff.Example"
    await set_up(domains="@staff.example, other.example", role="reader")
    person_id = await find_person(kernel, place, (await dance()).identity)
    assert await find_person(kernel, place, (await dance()).identity) == person_id
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            """
            SELECT m.name, m.kind, m.login, r.key FROM membership m
            JOIN membership_role mr ON mr.tenant_id = m.tenant_id AND mr.membership_id = m.id
            JOIN role r ON r.tenant_id = mr.tenant_id AND r.id = mr.role_id
            WHERE m.tenant_id = $1 AND m.person_id = $2
            """,
            tenant.info.id, person_id,
        )  # fmt: skip
    assert tuple(row) == ("Wu Fang", "staff", "wu.fang@staff.example", "reader")
    assert [subject for subject, _ in await audited(tenant, "member.provision")] == ["Wu Fang"]


@pytest.mark.parametrize("email", ["a@sub.staff.example", "a@staff.example.evil"])
async def test_a_domain_that_only_looks_alike_brings_nobody(set_up, dance, kernel, place, provider, email):
    provider.user["email"] = email
    await set_up(domains="staff.example", role="reader")
    with pytest.raises(SsoRefused, match="nobody here signs in"):
        await find_person(kernel, place, (await dance()).identity)


@pytest.mark.parametrize(
    "email", ["staff.example", "a@b@staff.example", "a b@staff.example", "13800138000", 7]
)
async def test_what_is_no_address_brings_nobody(set_up, dance, kernel, place, provider, email):
    provider.user["email"] = email
    await set_up(domains="staff.example", role="reader")
    with pytest.raises(SsoRefused, match="does not tell your e-mail"):
        await find_person(kernel, place, (await dance()).identity)


async def test_many_first_sign_ins_at_once_make_one_person(set_up, dance, kernel, place, provider, tenant):
    provider.user["email"] = "new@staff.example"
    await set_up(domains="staff.example", role="reader")
    arrivals = [await dance() for _ in range(4)]
    found = await asyncio.gather(*(find_person(kernel, place, one.identity) for one in arrivals))
    assert len(set(found)) == 1


async def test_an_invitation_is_taken_up_by_who_the_provider_vouches_for(
    set_up, dance, kernel, place, tenant, somebody
):
    owner = await somebody(tenant, "owner")
    async with kernel.databases.platform_scope() as db:
        await invite(
            kernel, db, tenant_id=tenant.info.id, person_id=owner.person_id,
            membership_id=owner.membership_id, to=f"owner@{tenant.info.slug}.example", by="Boss",
        )  # fmt: skip
    await set_up()
    assert await find_person(kernel, place, (await dance()).identity) == owner.person_id
    opened = await open_session(kernel, person_id=owner.person_id, tenant_id=tenant.info.id, method="oidc",
                                address="", user_agent="tests")  # fmt: skip
    assert opened.needs == ""


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"claims": {"nonce": "another"}}, "nonce"),
        ({"claims": {"nonce": None}}, "nonce"),
        ({"claims": {"iss": "http://127.0.0.1:1"}}, "iss"),
        ({"claims": {"iss": None}}, "iss"),
        ({"claims": {"aud": "another"}}, "aud"),
        ({"claims": {"aud": ["another", CLIENT]}}, "azp"),
        ({"claims": {"aud": ["another", CLIENT], "azp": "another"}}, "azp"),
        ({"claims": {"azp": "another"}}, "azp"),
        ({"claims": {"exp": 1_700_000_000}}, "exp"),
        ({"claims": {"exp": None}}, "exp"),
        ({"claims": {"iat": 4_000_000_000}}, "in the future"),
        ({"claims": {"nbf": 4_000_000_000}}, "not yet valid"),
        ({"claims": {"sub": ""}}, "sub"),
        ({"claims": {"sub": None}}, "sub"),
        ({"claims": {"sub": "x" * 256}}, "sub"),
        ({"claims": {"at_hash": "wrong"}}, "at_hash"),
        ({"alg": "none"}, "unsupported_algorithm"),
        ({"alg": "HS256"}, "unsupported_algorithm"),
        ({"alg": "PS256"}, "unsupported_algorithm"),
        ({"kid": "nobody's"}, "invalid_key_id"),
    ],
    ids=str,
)  # fmt: skip
async def test_a_token_that_does_not_hold_is_none(set_up, dance, provider, fault, words):
    await set_up()
    provider.faults = fault
    with pytest.raises(SsoRefused, match=words):
        await dance()


async def test_a_token_of_a_stranger_under_a_known_name_is_none(set_up, dance, provider):
    await set_up()
    known = provider.key
    await dance()
    provider.rotate()
    provider.faults |= {"kid": known.kid, "/jwks": (200, b'{"keys": []}')}
    with pytest.raises(SsoRefused, match="bad_signature"):
        await dance()


@pytest.mark.parametrize("token", ["", "x", "a.b", "a.b.c.d.e", "x" * 40_000, 7], ids=lambda t: str(t)[:8])
async def test_what_is_no_token_is_refused_in_words(set_up, dance, provider, token):
    await set_up()
    provider.faults["token"] = {"id_token": token}
    with pytest.raises(SsoRefused):
        await dance()


async def test_clocks_may_differ_by_a_minute(set_up, dance, provider, kernel, monkeypatch):
    await set_up()
    monkeypatch.setattr(kernel, "clock", ManualClock(kernel.clock.now() + timedelta(seconds=350)))
    await dance()  # good for 300 seconds
    kernel.clock.moment += timedelta(seconds=15)
    with pytest.raises(SsoRefused, match="exp"):
        await dance()


async def test_a_change_of_keys_is_noticed_at_once(set_up, dance, provider):
    await set_up()
    await dance()
    await dance()
    assert provider.asked.count("/jwks") == 1
    provider.rotate()
    await dance()
    assert provider.asked.count("/jwks") == 2
    assert provider.asked.count("/.well-known/openid-configuration") == 1


async def test_an_answer_counts_once(set_up, kernel, place, provider):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    answer = provider.authorize(left.url)
    await arrive(kernel, place, answer, left.browser)
    with pytest.raises(SsoRefused, match="finished already"):
        await arrive(kernel, place, answer, left.browser)


async def test_an_answer_that_does_not_hold_is_spent_too(set_up, kernel, place, provider):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    answer = provider.authorize(left.url)
    with pytest.raises(SsoRefused):
        await arrive(kernel, place, answer | {"code": "guessed"}, left.browser)
    with pytest.raises(SsoRefused, match="finished already"):
        await arrive(kernel, place, answer, left.browser)


@pytest.mark.parametrize("browser", ["", "x" * 43])
async def test_an_answer_is_for_the_browser_that_asked(set_up, dance, browser):
    await set_up()
    with pytest.raises(SsoRefused, match="another browser"):
        await dance(browser=browser)


@pytest.mark.parametrize("state", ["", "made up"])
async def test_an_answer_to_no_question_is_none(set_up, dance, state):
    await set_up()
    with pytest.raises(SsoRefused, match="start again"):
        await dance(state=state)


async def test_an_answer_comes_within_ten_minutes(set_up, kernel, place, provider, monkeypatch):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    monkeypatch.setattr(kernel, "clock", ManualClock(kernel.clock.now() + LIFETIME))
    with pytest.raises(SsoRefused, match="took too long"):
        await arrive(kernel, place, provider.authorize(left.url), left.browser)


async def test_an_answer_at_another_distributor_is_none(set_up, kernel, place, provider, other_tenant):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    elsewhere = Place(other_tenant, place.redirect_uri, "", "en")
    with pytest.raises(SsoRefused, match="start again"):
        await arrive(kernel, elsewhere, provider.authorize(left.url), left.browser)


async def test_two_tabs_may_be_on_their_way(set_up, kernel, place, provider):
    await set_up()
    first = await depart(kernel, place, "sign_in", next_path="/a", browser="")
    second = await depart(kernel, place, "sign_in", next_path="/b", browser=first.browser)
    assert second.browser == first.browser
    for left, path in ((second, "/b"), (first, "/a")):
        assert (await arrive(kernel, place, provider.authorize(left.url), first.browser)).visit.next == path


@pytest.mark.parametrize("iss", ["http://127.0.0.1:1", ""])
async def test_another_provider_that_answers_is_noticed(set_up, dance, provider, iss):
    await set_up()
    with pytest.raises(SsoRefused, match="another provider"):
        await dance(iss=iss)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        ("access_denied", "cancelled"),
        ("server_error", "server_error"),
        ("<script>alert(1)</script>", "no code"),
    ],
)
async def test_an_error_of_the_provider_is_told_in_words(set_up, dance, error, words):
    await set_up()
    with pytest.raises(SsoRefused) as caught:
        await dance(error=error, code="")
    assert words in str(caught.value)
    assert "<" not in str(caught.value)


async def test_a_secret_that_is_wrong_is_the_administrators_business(set_up, dance):
    await set_up(client_secret=Secret("wrong"))
    with pytest.raises(ProviderFailed, match="invalid_client"):
        await dance()


async def test_a_provider_that_takes_the_secret_in_the_form_gets_it_there(set_up, dance, provider):
    provider.faults["metadata"] = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await set_up()
    assert (await dance()).identity.subject == "u-1"


async def test_somebody_who_confirms_has_signed_in_again(set_up, dance, provider):
    await set_up()
    assert (await dance("confirm")).identity.subject == "u-1"
    provider.faults["claims"] = {"auth_time": 1_700_000_000}
    with pytest.raises(SsoRefused, match="auth_time"):
        await dance("confirm")
    provider.faults["claims"] = {"auth_time": None}
    with pytest.raises(SsoRefused, match="auth_time"):
        await dance("confirm")
    assert (await dance()).identity.subject == "u-1"


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"metadata": {"issuer": "http://127.0.0.1:1"}}, "calls itself 'http://127.0.0.1:1'"),
        ({"metadata": {"issuer": None}}, "calls itself ''"),
        ({"metadata": {"token_endpoint": None}}, "not an address"),
        ({"metadata": {"jwks_uri": "file:///etc/passwd"}}, "not an address"),
        ({"metadata": {"authorization_endpoint": "javascript:alert(1)"}}, "not an address"),
        ({"metadata": {"response_types_supported": ["token"]}}, "authorization code flow"),
        ({"metadata": {"code_challenge_methods_supported": ["plain"]}}, "PKCE"),
        ({"metadata": {"id_token_signing_alg_values_supported": ["HS256"]}}, "none of the algorithms"),
        ({"huge": "/.well-known/openid-configuration"}, "more than 256 KB"),
        ({"slow": "/.well-known/openid-configuration"}, "did not answer within"),
        ({"/.well-known/openid-configuration": (200, b"<html>")}, "not with a JSON object"),
        ({"/.well-known/openid-configuration": (200, b"[]")}, "not with a JSON object"),
        ({"/.well-known/openid-configuration": (200, b"[" * 200_000)}, "not with a JSON object"),
        ({"/.well-known/openid-configuration": (404, b"{}")}, "answered 404"),
        ({"/.well-known/openid-configuration": (302, "http://127.0.0.1:1/")}, "not with a JSON object"),
    ],
    ids=lambda part: str(part)[:60],
)  # fmt: skip
async def test_a_provider_that_cannot_be_right_is_told_in_words(set_up, dance, provider, faults, words):
    await set_up()
    provider.faults = faults
    with pytest.raises(ProviderFailed, match=words):
        await dance()


@pytest.mark.parametrize(
    "keys",
    [b'{"keys": []}', b'{"keys": "none"}', b"{}", b'{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
     b'{"keys": [{"kty": "RSA"}, {"kty": "AKP"}, 7, null]}'],
)  # fmt: skip
async def test_keys_that_are_none_are_told_in_words(set_up, dance, provider, keys):
    await set_up()
    provider.faults["/jwks"] = (200, keys)
    with pytest.raises(ProviderFailed, match="holds no key"):
        await dance()


async def test_a_provider_that_is_switched_off_meanwhile_lets_nobody_in(set_up, kernel, place, provider):
    await set_up()
    left = await depart(kernel, place, "sign_in", next_path="/", browser="")
    answer = provider.authorize(left.url)
    await set_up(sso="off")
    with pytest.raises(SsoRefused, match="changed here meanwhile"):
        await arrive(kernel, place, answer, left.browser)


async def test_a_role_that_is_gone_lets_nobody_in(set_up, dance, kernel, place, provider, tenant):
    async with kernel.context(tenant) as ctx:
        await save_roles(ctx, [RoleEntry("helper", "Helper", ())])
    provider.user["email"] = "new@staff.example"
    await set_up(domains="staff.example", role="helper")
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("DELETE FROM role WHERE tenant_id = $1 AND key = 'helper'", tenant.info.id)
    with pytest.raises(SsoRefused, match="role"):
        await find_person(kernel, place, (await dance()).identity)


async def test_visits_have_a_pace_by_address(set_up, kernel, place):
    await set_up()
    busy = msgspec.structs.replace(place, address="198.51.100.78")
    with pytest.raises(TooManyTries):
        for _ in range(BY_ADDRESS.burst + 20):
            await depart(kernel, busy, "sign_in", next_path="/", browser="")
