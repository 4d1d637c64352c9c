"""Tokens, keys and descriptions of providers that do what a good one never does."""

from datetime import timedelta

import pytest
from headgate_kernel.identity.oidc.errors import ProviderFailed, SsoRefused
from headgate_sdk.clock import ManualClock
from headgate_sdk.secrets import Secret

from .provider import CLIENT


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


async def test_a_secret_that_is_wrong_is_the_administrators_business(set_up, dance):
    await set_up(client_secret=Secret("wrong"))
    with pytest.raises(ProviderFailed, match="invalid_client"):
        await dance()


async def test_a_provider_that_takes_the_secret_in_the_form_gets_it_there(set_up, dance, provider):
    provider.faults["metadata"] = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    await set_up()
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
