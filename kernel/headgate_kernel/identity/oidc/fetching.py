"""Asking an identity provider: by an address that a distributor typed, so nothing about it is trusted.

A name is looked up once, each address behind it must be a public one, and the connection goes to the address
that was checked: a name that answers differently the second time leads nowhere. Answers are short and come
soon, or they are none. There are no redirects, and no connection is kept for another name.
"""

import asyncio
import ssl
from collections.abc import Mapping
from functools import cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpx
import msgspec
from headgate_sdk.i18n import N_

from headgate_kernel.identity.oidc.errors import ProviderFailed

SECONDS = 8.0
MOST_BYTES = 256 * 1024
ADDRESSES_TRIED = 3
HTTPS_PORT, HTTP_PORT = 443, 80
NAT64, LOCAL_NAT64 = IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48")
"""Through these a gateway leads to IPv4 (RFC 6052, RFC 8215)."""


class Answer(msgspec.Struct, frozen=True):
    """What came back: a status and a JSON object."""

    status: int
    body: dict[str, Any]


class Fetcher:
    """Fetches JSON objects.

    Args:
        allow_private: addresses of private networks and plain HTTP are fine; for providers in the operator's
            own network, and for tests.
        seconds: for a whole exchange.
    """

    def __init__(self, *, allow_private: bool = False, seconds: float = SECONDS) -> None:
        self.allow_private = allow_private
        self._seconds = seconds

    def check_url(self, url: object) -> str:
        """Give an address that may be asked or shown to a browser.

        Raises:
            ProviderFailed: not an absolute address, or not over TLS.
        """
        try:
            parsed = httpx.URL(url) if isinstance(url, str) and url.isprintable() else httpx.URL("")
        except httpx.InvalidURL:
            parsed = httpx.URL("")
        schemes = ("https", "http") if self.allow_private else ("https",)
        if parsed.scheme not in schemes or not parsed.host or parsed.userinfo:
            raise ProviderFailed(
                N_("'{url}' is not an address that can be asked. It must begin with https://."),
                field="issuer", url=str(url)[:200],
            )  # fmt: skip
        return str(url)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a JSON object.

        Raises:
            ProviderFailed: says why there is no answer.
        """
        return await self._ask("GET", url, headers or {}, b"")

    async def post(self, url: str, body: str, headers: Mapping[str, str]) -> Answer:
        """Send a form and give the JSON object that comes back.

        Raises:
            ProviderFailed: says why there is no answer.
        """
        form = {**headers, "content-type": "application/x-www-form-urlencoded"}
        return await self._ask("POST", url, form, body.encode())

    async def _ask(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer:
        parsed = httpx.URL(self.check_url(url))
        try:
            async with asyncio.timeout(self._seconds):
                addresses = await self._look_up(parsed)
                status, text = await self._from_first(addresses, method, parsed, headers, content)
        except TimeoutError:
            raise ProviderFailed(
                N_("{host} did not answer within {seconds} seconds."),
                host=parsed.host, seconds=round(self._seconds),
            ) from None  # fmt: skip
        try:
            return Answer(status, msgspec.json.decode(text, type=dict[str, Any]))
        except (msgspec.DecodeError, RecursionError):
            raise ProviderFailed(
                N_("{url} answered {status}, and not with a JSON object."), url=url, status=status
            ) from None

    async def _look_up(self, url: httpx.URL) -> list[str]:
        port = url.port or (HTTPS_PORT if url.scheme == "https" else HTTP_PORT)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(url.host, port, type=1)
        except OSError as error:
            raise ProviderFailed(
                N_("{host} cannot be found: {reason}."), host=url.host, reason=error.strerror or "DNS"
            ) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not self.allow_private and not all(map(is_public, addresses)):
            raise ProviderFailed(
                N_("{host} is in a private network, where this installation asks nobody. The operator can "
                   "allow it with HEADGATE_OIDC_ALLOW_PRIVATE=on."),
                host=url.host,
            )  # fmt: skip
        return addresses[:ADDRESSES_TRIED]

    async def _from_first(
        self, addresses: list[str], method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes
    ) -> tuple[int, bytes]:
        reason = ""
        for address in addresses:
            try:
                return await self._exchange(address, method, url, headers, content)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                reason = str(error)
            except httpx.HTTPError as error:
                reason = str(error) or type(error).__name__
                break
        raise ProviderFailed(N_("{host} cannot be reached: {reason}."), host=url.host, reason=reason)

    async def _exchange(
        self, address: str, method: str, url: httpx.URL, headers: Mapping[str, str], content: bytes
    ) -> tuple[int, bytes]:
        async with httpx.AsyncClient(
            verify=_tls(), trust_env=False, follow_redirects=False, timeout=self._seconds
        ) as client:
            request = client.build_request(
                method, url.copy_with(host=address), content=content or None,
                headers={
                    "accept": "application/json", "accept-encoding": "identity", **headers,
                    "host": url.netloc.decode("ascii"),
                },
                extensions={"sni_hostname": url.host},
            )  # fmt: skip
            response = await client.send(request, stream=True)
            try:
                text = bytearray()
                async for part in response.aiter_bytes():
                    text += part
                    if len(text) > MOST_BYTES:
                        raise ProviderFailed(
                            N_("{url} sent more than {n} KB, which cannot be right."),
                            url=str(url), n=MOST_BYTES // 1024,
                        )  # fmt: skip
                return response.status_code, bytes(text)
            finally:
                await response.aclose()


def is_public(address: str) -> bool:
    """Tell whether an address is on the internet, also where an older one stands inside it."""
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        if parsed in LOCAL_NAT64:
            return False
        inner = parsed.ipv4_mapped or parsed.sixtofour or (parsed.teredo and parsed.teredo[1])
        if parsed in NAT64:
            inner = IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner and not inner.is_global:
            return False
    return parsed.is_global and not parsed.is_multicast


@cache
def _tls() -> ssl.SSLContext:
    """Trust what browsers trust, and what the machine's administrator added."""
    context = httpx.create_ssl_context()
    context.load_default_certs()
    return context
