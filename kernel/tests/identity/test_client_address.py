"""Whose address a request comes from, with proxies and without."""

from pathlib import Path

import pytest
from headgate_kernel.config import Settings
from headgate_kernel.config.networks import read_networks
from headgate_kernel.web.client import client_address
from headgate_sdk.errors import ConfigError

PROXIES = "10.0.0.0/8, ::1, 2001:db8:1::/48"


def ask(client: str, forwarded: str | list[str] = (), trusted: str = "") -> str:
    lines = [forwarded] if isinstance(forwarded, str) else forwarded
    scope = {
        "client": (client, 1234) if client else None,
        "headers": [(b"x-forwarded-for", line.encode("latin-1")) for line in lines],
    }
    settings = Settings(
        data_dir=Path("unused"), secret_key=b"x" * 32, trusted_proxies=read_networks(trusted, name="X")
    )
    return client_address(scope, settings)


def test_by_default_nobodys_header_is_believed():
    assert ask("192.0.2.7", "203.0.113.9") == "192.0.2.7"
    assert ask("10.0.0.1", "203.0.113.9") == "10.0.0.1"


def test_a_trusted_proxy_is_believed():
    assert ask("10.0.0.1", "203.0.113.9", PROXIES) == "203.0.113.9"


def test_somebody_else_is_not_believed_although_a_proxy_is_trusted():
    assert ask("192.0.2.7", "203.0.113.9", PROXIES) == "192.0.2.7"


@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.1, 203.0.113.9", "203.0.113.9"),  # what stands left anybody may have written
        ("198.51.100.1, 203.0.113.9, 10.1.1.1", "203.0.113.9"),
        ("10.9.9.9, 10.1.1.1", "10.9.9.9"),
        (["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
        ("203.0.113.9:5544", "203.0.113.9"),
        ("[2001:db8:9::1]:443", "2001:db8:9::/64"),
        ("unknown", "10.0.0.1"),
        ("203.0.113.9, unknown", "10.0.0.1"),
        ("", "10.0.0.1"),
        (", ,", "10.0.0.1"),
        ("x" * 100_000, "10.0.0.1"),
    ],
)
def test_the_header_is_read_from_the_right(forwarded, address):
    assert ask("10.0.0.1", forwarded, PROXIES) == address


@pytest.mark.parametrize(
    ("client", "address"),
    [
        ("2001:db8:7:8:9:a:b:c", "2001:db8:7:8::/64"),
        ("2001:db8:7:8::1", "2001:db8:7:8::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_of_ipv6_the_network_counts(client, address):
    assert ask(client) == address


def test_a_mapped_proxy_is_trusted_all_the_same():
    assert ask("::ffff:10.0.0.1", "203.0.113.9", PROXIES) == "203.0.113.9"


def test_a_network_that_is_none_is_named():
    with pytest.raises(ConfigError, match=r"'10\.0\.0\.0/99' is not a network"):
        Settings.from_environment(
            {"HEADGATE_TRUSTED_PROXIES": "::1, 10.0.0.0/99", "HEADGATE_SECRET_KEY": "x" * 40}
        )


def test_networks_are_read_from_the_environment(tmp_path):
    settings = Settings.from_environment(
        {"HEADGATE_TRUSTED_PROXIES": " 10.0.0.0/8 ,::1", "HEADGATE_SECRET_KEY": "x" * 40}, data_dir=tmp_path
    )
    assert [str(network) for network in settings.trusted_proxies] == ["10.0.0.0/8", "::1/128"]
