"""A visit to an identity provider: begun in one browser, brought back to it, once and soon.

The row holds hashes only. What the provider is told (`nonce`, the PKCE challenge) comes from a secret in the
browser's own cookie, so neither who reads the table nor who reads the address bar can finish a visit.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal
from uuid import UUID

import msgspec
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId

from headgate_kernel.identity.oidc.errors import SsoRefused

if TYPE_CHECKING:
    from headgate_sdk.database import Database

Purpose = Literal["sign_in", "connect", "confirm"]
LIFETIME = timedelta(minutes=10)
SECRET_CHARACTERS = 43


class Started(msgspec.Struct, frozen=True):
    """A visit as it begins.

    Args:
        state: comes back with the browser.
        browser: secret for the browser's cookie.
        nonce: comes back inside the token.
        challenge: of PKCE.
    """

    state: str
    browser: str
    nonce: str
    challenge: str


class Visit(msgspec.Struct, frozen=True):
    """A visit that came back.

    Args:
        purpose: what it was begun for.
        person_id: who began it; None where that is what we want to know.
        issuer: of the provider that was visited.
        next: where the person wanted to go.
        began_at: when.
        nonce: that the token must hold.
        verifier: of PKCE.
    """

    purpose: Purpose
    person_id: UUID | None
    issuer: str
    next: str
    began_at: datetime
    nonce: str
    verifier: str


async def begin_visit(
    db: "Database",
    *,
    tenant_id: TenantId | None,
    purpose: Purpose,
    issuer: str,
    next_path: str,
    browser: str,
    now: datetime,
    person_id: UUID | None = None,
) -> Started:
    """Note that a browser leaves for a provider.

    Args:
        db: a platform scope.
        tenant_id: at whose host; None is the operator's console.
        purpose: what for.
        issuer: of the provider.
        next_path: where the person wants to go.
        browser: secret that the browser has already, from a visit in another tab; empty when it has none.
        now: the time.
        person_id: who they are, where that is known.
    """
    if len(browser) != SECRET_CHARACTERS or not browser.isascii():
        browser = secrets.token_urlsafe(32)
    state = secrets.token_urlsafe(32)
    await db.execute("DELETE FROM oidc_visit WHERE expires_at < $1", now)
    await db.execute(
        """
        INSERT INTO oidc_visit (state_hash, browser_hash, tenant_id, purpose, person_id, issuer, next,
                                expires_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """,
        _hash(state), _hash(browser), tenant_id, purpose, person_id, issuer, next_path[:2000], now + LIFETIME,
    )  # fmt: skip
    challenge = create_s256_code_challenge(_derive(browser, "verifier", state))
    return Started(state, browser, _derive(browser, "nonce", state), challenge)


async def take_visit(
    db: "Database", *, tenant_id: TenantId | None, state: str, browser: str, now: datetime
) -> Visit:
    """Give the visit of a browser that comes back; the same state counts once.

    Raises:
        SsoRefused: no such visit, too late, or begun in another browser.
    """
    row = await db.fetch_row(
        """
        DELETE FROM oidc_visit WHERE state_hash = $1 AND tenant_id IS NOT DISTINCT FROM $2
        RETURNING browser_hash, purpose, person_id, issuer, next, expires_at
        """,
        _hash(state), tenant_id,
    )  # fmt: skip
    if row is None or row["expires_at"] <= now:
        raise SsoRefused(N_("This sign-in was finished already, or took too long. Please start again."))
    if not hmac.compare_digest(row["browser_hash"], _hash(browser)):
        raise SsoRefused(N_("This sign-in was begun in another browser. Please start again in this one."))
    return Visit(
        row["purpose"], row["person_id"], row["issuer"], row["next"], row["expires_at"] - LIFETIME,
        _derive(browser, "nonce", state), _derive(browser, "verifier", state),
    )  # fmt: skip


def _hash(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()


def _derive(browser: str, what: str, state: str) -> str:
    digest = hmac.digest(browser.encode(), f"{what}:{state}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
