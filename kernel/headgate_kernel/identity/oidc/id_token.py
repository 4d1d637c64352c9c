"""Checks an ID token (OpenID Connect Core 1.0, 3.1.3.7): who signed it, for whom, when, for which visit."""

from datetime import datetime
from typing import Any

import msgspec
from authlib.oidc.core import CodeIDToken
from headgate_sdk.i18n import N_
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

from headgate_kernel.identity.oidc.discovery import Metadata
from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.oidc.providers import Providers

CLOCK_SKEW = 60
"""Seconds by which the provider's clock may differ from ours."""

LONGEST_TOKEN = 32 * 1024
LONGEST_SUBJECT = 255


class Expected(msgspec.Struct, frozen=True):
    """What a token must say.

    Args:
        client_id: for whom it is.
        nonce: of the visit.
        access_token: that came with it.
        since: not before the person was asked again; None takes an older sign-in at the provider.
    """

    client_id: str
    nonce: str
    access_token: str
    since: datetime | None = None


async def check_id_token(
    providers: Providers, metadata: Metadata, token: str, expected: Expected, now: datetime
) -> dict[str, Any]:
    """Give the claims of a token that holds.

    Raises:
        SsoRefused: says in which point it does not.
        ProviderFailed: the provider's keys cannot be had.
    """
    if len(token) > LONGEST_TOKEN:
        raise SsoRefused(N_("The provider's token is too long."))
    registry = JWSRegistry(algorithms=list(metadata.algorithms), strict_check_header=False)
    try:
        try:
            decoded = _decode(token, await providers.keys(metadata), registry)
        except InvalidKeyIdError:  # the provider has changed its keys
            decoded = _decode(token, await providers.keys(metadata, fresh=True), registry)
        _check_claims(decoded, metadata, expected, now)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise SsoRefused(
            N_("The provider's token does not hold: {reason}. Try again; if it stays so, tell your "
               "administrator."),
            reason=_reason(error),
        ) from error  # fmt: skip
    return decoded.claims


def _decode(token: str, keys: KeySet, registry: JWSRegistry) -> jwt.Token:
    return jwt.decode(token, keys, registry=registry)


def _check_claims(token: jwt.Token, metadata: Metadata, expected: Expected, now: datetime) -> None:
    claims = CodeIDToken(
        token.claims,
        token.header,
        {
            "iss": {"essential": True, "value": metadata.issuer},
            "aud": {"essential": True, "value": expected.client_id},
        },
        {"nonce": expected.nonce, "client_id": expected.client_id, "access_token": expected.access_token},
    )
    claims.validate(now=int(now.timestamp()), leeway=CLOCK_SKEW)
    subject = token.claims["sub"]
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT:
        raise ValueError("sub")
    if expected.since is not None:
        told = token.claims.get("auth_time")
        if not isinstance(told, int | float) or told < expected.since.timestamp() - CLOCK_SKEW:
            raise ValueError("auth_time")


def _reason(error: Exception) -> str:
    """Name what is wrong as programmers at the provider know it, such as `invalid_claim (nonce)`."""
    name = getattr(error, "error", "") or "invalid_token"
    detail = getattr(error, "description", "") or str(error)
    return f"{name} ({detail})" if detail and detail != name else name
