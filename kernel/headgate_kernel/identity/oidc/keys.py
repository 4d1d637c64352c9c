"""A provider's public keys, as it publishes them."""

from typing import Any

from headgate_sdk.i18n import N_
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OKPKey, RSAKey, import_key

from headgate_kernel.identity.oidc.discovery import OK
from headgate_kernel.identity.oidc.errors import ProviderFailed
from headgate_kernel.identity.oidc.fetching import Fetcher

PUBLIC_KINDS = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
MOST_KEYS = 50


async def fetch_keys(fetcher: Fetcher, url: str) -> KeySet:
    """Fetch the keys for signatures; those of kinds that are not known here are left out.

    Raises:
        ProviderFailed: there is none that can be used.
    """
    answer = await fetcher.get(url)
    told = answer.body.get("keys") if answer.status == OK else None
    keys = [key for entry in told[:MOST_KEYS] if (key := _key(entry))] if isinstance(told, list) else []
    if not keys:
        raise ProviderFailed(N_("{url} holds no key with which a signature could be checked."), url=url)
    return KeySet(keys)


def _key(entry: Any) -> Key | None:
    """Give a key for signatures, or None: a secret that everybody can read is none."""
    if (
        not isinstance(entry, dict)
        or entry.get("kty") not in PUBLIC_KINDS
        or entry.get("use", "sig") != "sig"
    ):
        return None
    try:
        return import_key(entry)
    except (JoseError, ValueError, TypeError, KeyError):
        return None
