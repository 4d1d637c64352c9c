"""What a provider says about itself: its endpoints, keys and algorithms (OpenID Connect Discovery 1.0)."""

from collections.abc import Mapping
from typing import Any

import msgspec
from headgate_sdk.i18n import N_

from headgate_kernel.identity.oidc.errors import ProviderFailed
from headgate_kernel.identity.oidc.fetching import Fetcher

ALGORITHMS = (
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "ES512",
    "EdDSA",
    "Ed25519",
)
"""With a public key, all of them: neither `none`, nor HMAC with a secret that others may know."""

OK = 200


class Metadata(msgspec.Struct, frozen=True):
    """A provider, as far as signing in goes.

    Args:
        issuer: its name, letter by letter as it stands in its tokens.
        authorization_endpoint: where browsers are sent.
        token_endpoint: where a code is turned into tokens.
        jwks_uri: where its public keys are.
        userinfo_endpoint: where claims are that its tokens leave out; empty without one.
        algorithms: those of its tokens' signatures that we take.
        secret_in_body: it takes the client's secret in the form only.
        names_itself: it says in each answer who it is (RFC 9207).
    """

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    algorithms: tuple[str, ...]
    secret_in_body: bool
    names_itself: bool


async def discover(fetcher: Fetcher, issuer: str) -> Metadata:
    """Ask a provider about itself.

    Raises:
        ProviderFailed: it cannot be asked, calls itself otherwise, or cannot do what is needed.
    """
    fetcher.check_url(issuer)
    url = issuer.rstrip("/") + "/.well-known/openid-configuration"
    answer = await fetcher.get(url)
    if answer.status != OK:
        raise ProviderFailed(
            N_("{url} answered {status}. Check the address of the provider."),
            field="issuer", url=url, status=answer.status,
        )  # fmt: skip
    told = answer.body
    if told.get("issuer") != issuer:
        raise ProviderFailed(
            N_("The provider at this address calls itself '{told}'. Enter exactly that, letter by letter."),
            field="issuer", told=str(told.get("issuer", ""))[:200],
        )  # fmt: skip
    _check_code_flow(told)
    return Metadata(
        issuer=issuer,
        authorization_endpoint=fetcher.check_url(told.get("authorization_endpoint")),
        token_endpoint=fetcher.check_url(told.get("token_endpoint")),
        jwks_uri=fetcher.check_url(told.get("jwks_uri")),
        userinfo_endpoint=fetcher.check_url(told["userinfo_endpoint"])
        if told.get("userinfo_endpoint")
        else "",
        algorithms=_algorithms(told),
        secret_in_body=_secret_in_body(told),
        names_itself=told.get("authorization_response_iss_parameter_supported") is True,
    )


def _check_code_flow(told: Mapping[str, Any]) -> None:
    if "code" not in _list(told, "response_types_supported", ["code"]):
        raise ProviderFailed(N_("The provider does not offer the authorization code flow."), field="issuer")
    if "S256" not in _list(told, "code_challenge_methods_supported", ["S256"]):
        raise ProviderFailed(N_("The provider does not offer PKCE with S256."), field="issuer")


def _algorithms(told: Mapping[str, Any]) -> tuple[str, ...]:
    offered = _list(told, "id_token_signing_alg_values_supported", ["RS256"])
    taken = tuple(name for name in ALGORITHMS if name in offered)
    if not taken:
        raise ProviderFailed(
            N_("The provider signs with none of the algorithms that are taken here: {names}."),
            field="issuer", names=", ".join(ALGORITHMS),
        )  # fmt: skip
    return taken


def _secret_in_body(told: Mapping[str, Any]) -> bool:
    offered = _list(told, "token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return "client_secret_basic" not in offered and "client_secret_post" in offered


def _list(told: Mapping[str, Any], name: str, default: list[str]) -> list[Any]:
    value = told.get(name)
    return value if isinstance(value, list) else default
