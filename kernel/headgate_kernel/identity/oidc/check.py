"""Tries a provider before anybody signs in through it: its description, its keys, and our name and secret."""

from typing import TYPE_CHECKING, Literal

import msgspec
from headgate_sdk.i18n import N_

from headgate_kernel.identity.oidc.errors import ProviderFailed
from headgate_kernel.identity.oidc.exchange import ask_for_token

if TYPE_CHECKING:
    from headgate_kernel.identity.oidc.exchange import Client
    from headgate_kernel.identity.oidc.providers import Providers

UNAUTHORIZED = 401


class Finding(msgspec.Struct, frozen=True):
    """One thing that was tried.

    Args:
        state: how it went; `wait` cannot be told without a sign-in.
        text: English msgid.
        values: for the text.
    """

    state: Literal["ok", "wait", "stop"]
    text: str
    values: dict[str, object] = {}


async def check_connection(providers: "Providers", client: "Client", redirect_uri: str) -> list[Finding]:
    """Ask a provider all that can be asked without a person.

    A code that was never given out shows what the provider thinks of us: who refuses the code has taken our
    name and secret.
    """
    try:
        metadata = await providers.metadata(client.issuer, fresh=True)
        keys = await providers.keys(metadata, fresh=True)
        answer = await ask_for_token(
            providers, metadata, client, code="headgate-test", redirect_uri=redirect_uri, verifier="x" * 43
        )
    except ProviderFailed as failed:
        return [Finding("stop", failed.message, dict(failed.params))]
    findings = [
        Finding("ok", N_("The provider answers, and offers what is needed.")),
        Finding("ok", N_("It has {n} keys for signatures."), {"n": len(keys.keys)}),
    ]
    error = answer.body.get("error")
    if error == "invalid_grant":
        findings.append(Finding("ok", N_("It takes our client ID and secret.")))
    elif error in {"invalid_client", "unauthorized_client"} or answer.status == UNAUTHORIZED:
        findings.append(
            Finding("stop", N_("It refuses our client ID or secret: {error}."), {"error": str(error)[:60]})
        )
    else:
        findings.append(
            Finding("wait", N_("Whether it takes our client ID and secret shows with the first sign-in "
                               "({error})."),
                    {"error": str(error or answer.status)[:60]})
        )  # fmt: skip
    return findings
