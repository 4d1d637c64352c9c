"""Asking addresses that somebody typed: which are asked at all, and who answers for a name."""

import asyncio
import datetime as dt
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from headgate_kernel.identity.oidc import fetching
from headgate_kernel.identity.oidc.errors import ProviderFailed
from headgate_kernel.identity.oidc.fetching import Fetcher, is_public

NAME = "id.company.example"


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1", "2002:101:101::1", "64:ff9b::101:101"]
)
def test_addresses_on_the_internet_are_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
     "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1%eth0", "fc00::1", "ff02::1", "::ffff:127.0.0.1",
     "::ffff:10.0.0.1", "2002:7f00:1::1", "64:ff9b::7f00:1", "64:ff9b:1::101:101"],
)  # fmt: skip
def test_all_others_are_not(address):
    assert not is_public(address)


@pytest.mark.parametrize(
    "url",
    ["http://id.example", "ftp://id.example", "//id.example", "id.example", "https://", "https://a:b@id.example",
     "https://id.example\n.evil", "javascript:alert(1)", "", None, 7, "https://[::1"],
)  # fmt: skip
def test_only_addresses_over_tls_are_asked(url):
    with pytest.raises(ProviderFailed, match="not an address"):
        Fetcher().check_url(url)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "0x7f000001"])
async def test_nothing_in_a_private_network_is_asked(host):
    with pytest.raises(ProviderFailed, match=r"private network|cannot be found"):
        await Fetcher().get(f"https://{host}/")


async def test_a_name_with_one_private_address_is_not_asked(resolve):
    resolve(["1.1.1.1", "10.0.0.1"])
    with pytest.raises(ProviderFailed, match="private network"):
        await Fetcher().get(f"https://{NAME}/")


async def test_a_name_that_nobody_has_is_told():
    with pytest.raises(ProviderFailed, match="cannot be found"):
        await Fetcher().get("https://nobody.invalid/")


async def test_a_port_on_which_nobody_listens_is_told():
    with pytest.raises(ProviderFailed, match="cannot be reached"):
        await Fetcher(allow_private=True).get("http://127.0.0.1:1/")


async def test_who_answers_must_have_the_names_certificate(secure_server, resolve):
    port = secure_server(NAME)
    asked = resolve(["127.0.0.1"])
    answer = await Fetcher(allow_private=True).get(f"https://{NAME}:{port}/x?y=z")
    assert answer.body == {"host": f"{NAME}:{port}", "path": "/x?y=z"}
    assert asked == [NAME], "a name is looked up once: what was checked is what is asked"


async def test_a_certificate_of_another_name_is_none(secure_server, resolve):
    port = secure_server("other.example")
    resolve(["127.0.0.1"])
    with pytest.raises(ProviderFailed, match="cannot be reached"):
        await Fetcher(allow_private=True).get(f"https://{NAME}:{port}/")


async def test_a_certificate_that_nobody_vouches_for_is_none(secure_server, resolve, monkeypatch):
    port = secure_server(NAME)
    monkeypatch.undo()
    resolve(["127.0.0.1"])
    with pytest.raises(ProviderFailed, match="cannot be reached"):
        await Fetcher(allow_private=True).get(f"https://{NAME}:{port}/")


@pytest.fixture
def resolve(monkeypatch):
    """Have the machine's resolver give addresses for every name; gives the names that were asked for."""

    def to(addresses):
        asked = []

        async def getaddrinfo(host, port, **_):
            asked.append(host)
            return [(2, 1, 6, "", (address, port)) for address in addresses]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", getaddrinfo)
        return asked

    return to


@pytest.fixture
def secure_server(tmp_path, monkeypatch):
    """Serve over TLS with a certificate for a name, which is trusted in this test."""
    servers = []

    def start(name: str) -> int:
        path = _certificate(tmp_path, name)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        trusted = ssl.create_default_context(cafile=path)
        monkeypatch.setattr(fetching, "_tls", lambda: trusted)
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
        server.handle_error = lambda *_: None
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        servers.append((server, thread))
        return server.server_address[1]

    yield start
    for server, thread in servers:
        server.shutdown()
        server.server_close()
        thread.join()


class _Echo(BaseHTTPRequestHandler):
    def do_GET(self):
        body = f'{{"host": "{self.headers["host"]}", "path": "{self.path}"}}'.encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_): ...


def _certificate(folder, name: str):
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(7).not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    path = folder / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path
