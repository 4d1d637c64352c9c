"""What this process holds of identity providers: for ten minutes, and keys until an unknown one shows up."""

import time
from typing import TypeVar

from joserfc.jwk import KeySet

from headgate_kernel.identity.oidc.discovery import Metadata, discover
from headgate_kernel.identity.oidc.fetching import Fetcher
from headgate_kernel.identity.oidc.keys import fetch_keys

KEPT_SECONDS = 600.0
MOST_PROVIDERS = 500
T = TypeVar("T")


class Providers:
    """Asks identity providers about themselves, and remembers for a while.

    Args:
        allow_private: providers may be in private networks, and without TLS.
    """

    def __init__(self, *, allow_private: bool = False) -> None:
        self.fetcher = Fetcher(allow_private=allow_private)
        self._metadata: dict[str, tuple[float, Metadata]] = {}
        self._keys: dict[str, tuple[float, KeySet]] = {}

    async def metadata(self, issuer: str, *, fresh: bool = False) -> Metadata:
        """Give a provider's own description.

        Raises:
            ProviderFailed: it cannot be asked, or says something that cannot be right.
        """
        held = self._metadata.get(issuer)
        if held and not fresh and time.monotonic() - held[0] < KEPT_SECONDS:
            return held[1]
        found = await discover(self.fetcher, issuer)
        _keep(self._metadata, issuer, found)
        return found

    async def keys(self, metadata: Metadata, *, fresh: bool = False) -> KeySet:
        """Give a provider's keys; `fresh` asks again, because a token names one that is not among them.

        Raises:
            ProviderFailed: it cannot be asked, or has none.
        """
        held = self._keys.get(metadata.jwks_uri)
        if held and not fresh and time.monotonic() - held[0] < KEPT_SECONDS:
            return held[1]
        found = await fetch_keys(self.fetcher, metadata.jwks_uri)
        _keep(self._keys, metadata.jwks_uri, found)
        return found


def _keep(held: dict[str, tuple[float, T]], name: str, value: T) -> None:
    if len(held) >= MOST_PROVIDERS:
        held.clear()
    held[name] = (time.monotonic(), value)
