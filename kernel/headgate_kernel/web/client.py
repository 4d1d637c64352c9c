"""Whose network address a request comes from, through the proxies that are known and no others."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

from headgate_kernel.config.networks import Network

if TYPE_CHECKING:
    from litestar.types import Scope

    from headgate_kernel.config import Settings

HOUSEHOLD_PREFIX = 64
"""Bits of an IPv6 address that name a customer's network: who has it has all addresses below."""
LONGEST_HEADER = 2000
"""Bytes of `X-Forwarded-For` that are read, from the right."""
REMEMBERED = 4096
"""Readings that are kept: most requests come from addresses that have just been seen."""


def client_address(scope: "Scope", settings: "Settings") -> str:
    """Give the address of who asks; of IPv6 the network, empty where the server does not tell.

    `X-Forwarded-For` is read from the right, as far as those who wrote it are trusted: what stands left of
    them anybody may have written.

    Args:
        scope: of the request.
        settings: whose trusted proxies.
    """
    client = scope.get("client")
    address = client[0] if client else ""
    forwarded = b""
    if settings.trusted_proxies:
        forwarded = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
    return _read(address, forwarded[-LONGEST_HEADER:], settings.trusted_proxies)


@lru_cache(maxsize=REMEMBERED)
def _read(address: str, forwarded: bytes, proxies: tuple[Network, ...]) -> str:
    if forwarded and is_trusted(address, proxies):
        for hop in reversed(forwarded.decode("latin-1").split(",")):
            named = _bare(hop)
            if not _is_address(named):
                break
            address = named
            if not is_trusted(named, proxies):
                break
    return _network(address)


def is_trusted(address: str, networks: Iterable[Network]) -> bool:
    """Tell whether an address lies in one of the networks."""
    if not _is_address(address):
        return False
    parsed = _unmapped(address)
    return any(parsed.version == network.version and parsed in network for network in networks)


def _bare(hop: str) -> str:
    """Take the address out of `[2001:db8::1]:443` or `192.0.2.1:443`, as some proxies write it."""
    hop = hop.strip()
    if hop.startswith("["):
        return hop[1:].partition("]")[0]
    return hop.partition(":")[0] if hop.count(":") == 1 else hop


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _unmapped(address: str) -> IPv4Address | IPv6Address:
    parsed = ip_address(address)
    return parsed.ipv4_mapped or parsed if isinstance(parsed, IPv6Address) else parsed


def _network(address: str) -> str:
    if not _is_address(address):
        return address[:100]
    parsed = _unmapped(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, HOUSEHOLD_PREFIX), strict=False))
    return str(parsed)
