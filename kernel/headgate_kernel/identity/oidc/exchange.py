"""The talk with a provider: the address to send a browser to, and what its answer is worth."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.rfc6749.parameters import prepare_grant_uri, prepare_token_request
from headgate_sdk.i18n import N_
from headgate_sdk.secrets import Secret

from headgate_kernel.identity.oidc.discovery import OK, Metadata
from headgate_kernel.identity.oidc.errors import ProviderFailed, SsoRefused
from headgate_kernel.identity.oidc.fetching import Answer
from headgate_kernel.identity.oidc.id_token import Expected, check_id_token
from headgate_kernel.identity.oidc.providers import Providers
from headgate_kernel.identity.oidc.visits import Started, Visit

SCOPE = "openid email profile"
ASKED_AGAIN_SECONDS = 300
"""With it a token has to tell when the person signed in there; with 0 some providers ask for ever."""
LONGEST_NAME = 100
_ADDRESS = re.compile(r"[^@\s]{1,150}@[^@\s]{1,150}")


class Client(msgspec.Struct, frozen=True):
    """What we are to a provider.

    Args:
        name: of the provider, for people.
        issuer: its address.
        client_id: under which it knows us.
        client_secret: that it gave us; None for a public client.
    """

    name: str
    issuer: str
    client_id: str
    client_secret: Secret | None


class Identity(msgspec.Struct, frozen=True):
    """Somebody, in the provider's words.

    Args:
        issuer: of the provider.
        subject: its own name for them, for ever.
        email: empty unless the provider has verified it.
        unverified: the provider told an address without vouching for it.
        name: for people.
    """

    issuer: str
    subject: str
    email: str
    unverified: bool
    name: str


def authorization_url(
    metadata: Metadata, client: Client, started: Started, *, redirect_uri: str, locale: str, again: bool
) -> str:
    """Give the address to which the browser goes; `again` asks the person to prove themselves anew."""
    return str(
        prepare_grant_uri(
            metadata.authorization_endpoint, client.client_id, "code", redirect_uri, SCOPE, started.state,
            nonce=started.nonce, code_challenge=started.challenge, code_challenge_method="S256",
            ui_locales=locale.replace("_", "-"), prompt="login" if again else None,
            max_age=ASKED_AGAIN_SECONDS if again else None,
        )
    )  # fmt: skip


def check_answer(metadata: Metadata, answer: Mapping[str, str]) -> str:
    """Give the code of a provider's answer.

    Raises:
        SsoRefused: the provider says no, or it is another one that answers.
    """
    told = answer.get("iss", "")
    if told != metadata.issuer and (told or metadata.names_itself):
        raise SsoRefused(N_("The answer comes from another provider than was asked. Please start again."))
    error = answer.get("error", "")
    if error == "access_denied":
        raise SsoRefused(
            N_("The sign-in was cancelled, or the provider does not let you in here. Try again, or ask your "
               "administrator.")
        )  # fmt: skip
    if error or not answer.get("code"):
        raise SsoRefused(
            N_("The provider answered with an error: {error}. Try again; if it stays so, tell your "
               "administrator."),
            error=_plain(error) or "no code",
        )  # fmt: skip
    return answer["code"]


async def identify(
    providers: Providers, metadata: Metadata, client: Client, visit: Visit, code: str, *,
    redirect_uri: str, now: datetime,
) -> Identity:  # fmt: skip
    """Turn a code into who the person is.

    Raises:
        SsoRefused: the code or the token does not hold.
        ProviderFailed: the provider cannot be asked, or refuses us.
    """
    answer = await ask_for_token(
        providers, metadata, client, code=code, redirect_uri=redirect_uri, verifier=visit.verifier
    )
    _check_token_answer(answer)
    token, access_token = answer.body.get("id_token"), answer.body.get("access_token", "")
    if not isinstance(token, str) or not isinstance(access_token, str):
        raise SsoRefused(
            N_("The provider sent no ID token. Ask your administrator to allow the scope openid.")
        )
    expected = Expected(
        client.client_id, visit.nonce, access_token, visit.began_at if visit.purpose == "confirm" else None
    )
    claims = await check_id_token(providers, metadata, token, expected, now)
    if not {"email", "email_verified"} <= claims.keys() and metadata.userinfo_endpoint and access_token:
        claims = claims | await _more_claims(providers, metadata, access_token, claims["sub"])
    return _identity(metadata.issuer, claims)


async def ask_for_token(
    providers: Providers, metadata: Metadata, client: Client, *, code: str, redirect_uri: str, verifier: str
) -> Answer:
    """Send a code to the provider."""
    method = "client_secret_post" if metadata.secret_in_body else "client_secret_basic"
    secret = client.client_secret.reveal() if client.client_secret else ""
    url, headers, body = ClientAuth(client.client_id, secret, method if secret else "none").prepare(
        "POST", metadata.token_endpoint, {},
        prepare_token_request("authorization_code", "", redirect_uri, code=code, code_verifier=verifier),
    )  # fmt: skip
    return await providers.fetcher.post(url, body, headers)


def _check_token_answer(answer: Answer) -> None:
    if answer.status == OK:
        return
    error = _plain(str(answer.body.get("error", ""))) or str(answer.status)
    if error in {"invalid_client", "unauthorized_client"}:
        raise ProviderFailed(
            N_("The provider does not know this client, or refuses its secret ({error}). Tell your "
               "administrator."),
            error=error,
        )  # fmt: skip
    raise SsoRefused(
        N_(
            "The provider answered with an error: {error}. Try again; if it stays so, tell your "
            "administrator."
        ),
        error=error,
    )


async def _more_claims(
    providers: Providers, metadata: Metadata, access_token: str, subject: str
) -> dict[str, Any]:
    answer = await providers.fetcher.get(
        metadata.userinfo_endpoint, {"authorization": f"Bearer {access_token}"}
    )
    if answer.status != OK or answer.body.get("sub") != subject:
        raise SsoRefused(N_("The provider contradicts itself about who you are. Please start again."))
    return {name: answer.body[name] for name in ("email", "email_verified", "name") if name in answer.body}


def _identity(issuer: str, claims: Mapping[str, Any]) -> Identity:
    email = claims.get("email")
    email = email.strip() if isinstance(email, str) and _ADDRESS.fullmatch(email.strip()) else ""
    told = claims.get("email_verified")
    verified = told is True or told == "true"  # Cognito and Sign in with Apple send the word
    name = claims.get("name")
    name = name.strip() if isinstance(name, str) and name.isprintable() else ""
    return Identity(
        issuer, claims["sub"], email if verified else "", bool(email) and not verified,
        (name or email)[:LONGEST_NAME],
    )  # fmt: skip


def _plain(error: str) -> str:
    """Give an error's code if it can be one: it is shown, and a stranger may have written it."""
    return error if error.isascii() and error.replace("_", "").isalnum() and len(error) <= 60 else ""
