"""Networks whose machines are trusted, as an operator writes them."""

from ipaddress import IPv4Network, IPv6Network, ip_network

from headgate_sdk.errors import ConfigError
from headgate_sdk.i18n import N_

Network = IPv4Network | IPv6Network


class Networks(tuple[Network, ...]):
    """Networks that are looked up for each request: hashing all of them would cost more than the rest."""

    __slots__ = ()

    def __hash__(self) -> int:
        return id(self)


def read_networks(text: str, *, name: str) -> Networks:
    """Read networks that are separated by commas, such as `10.0.0.0/8, ::1`.

    Args:
        text: as written.
        name: of the setting, for the error.

    Raises:
        ConfigError: names the part that is none.
    """
    networks: list[Network] = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            networks.append(ip_network(part, strict=False))
        except ValueError:
            raise ConfigError(
                N_("{name}: '{part}' is not a network such as 10.0.0.0/8 or ::1."), name=name, part=part
            ) from None
    return Networks(networks)
