"""A real mail server in this process, which answers as it is told."""

import asyncio
import ssl
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from ipaddress import ip_address

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from headgate_kernel.notify.providers import open_providers
from headgate_kernel.runtime import Kernel


class Script:
    """What the server answers, and what it has taken (implements aiosmtpd's hooks)."""

    def __init__(self):
        self.taken: list[EmailMessage] = []
        self.signed_in: list[str] = []
        self.rcpt = self.sender = self.data = ""
        self.hang_up_after_data = 0
        self.secured: list[bool] = []

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        if self.sender:
            return self.sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if self.rcpt:
            return self.rcpt
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if self.data:
            return self.data
        self.secured.append(server.transport.get_extra_info("sslcontext") is not None)
        self.taken.append(message_from_bytes(envelope.content, policy=default))
        if self.hang_up_after_data:
            self.hang_up_after_data -= 1
            server.transport.abort()
            return "250 never heard"
        return "250 OK"

    def authenticate(self, server, session, envelope, mechanism, data):
        name, password = data.login.decode(), data.password.decode()
        self.signed_in.append(name)
        return AuthResult(success=password == "right p@ss", handled=False)


class Server(msgspec.Struct):
    """A mail server that listens."""

    port: int
    script: Script
    ca: str


@pytest.fixture(scope="session")
def certificate(tmp_path_factory):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    folder = tmp_path_factory.mktemp("tls")
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    return folder


@pytest.fixture
async def start_server(certificate):
    """Starts mail servers: `none`, `starttls` or `wrapped`."""
    running = []

    async def start(tls="none", **options):
        script = Script()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        if tls == "starttls":
            options |= {"tls_context": context, "require_starttls": True}
        elif tls == "wrapped":
            options |= {"auth_require_tls": False}
        loop = asyncio.get_running_loop()
        server = await loop.create_server(
            lambda: SMTP(
                script, hostname="mail.test", loop=loop, authenticator=script.authenticate, **options
            ),
            "127.0.0.1", 0, ssl=context if tls == "wrapped" else None,
        )  # fmt: skip
        running.append(server)
        return Server(server.sockets[0].getsockname()[1], script, str(certificate / "cert.pem"))

    yield start
    for server in running:
        server.close()
        await server.wait_closed()


@pytest.fixture
async def mail(start_server):
    """A plain server."""
    return await start_server()


@pytest.fixture
def with_email(kernel):
    """Gives the kernel as it is with another HEADGATE_EMAIL or clock."""

    def make(url: str, clock=None) -> Kernel:
        settings = msgspec.structs.replace(kernel.settings, email=url)
        other = Kernel(settings, kernel.databases, kernel.host, clock or kernel.clock)
        other.providers = open_providers(settings, other.notices)
        return other

    return make


@pytest.fixture(autouse=True)
async def empty_queue(kernel):
    """Other tests' messages are none of these tests' business."""
    async with kernel.databases.platform_scope() as db:
        await db.execute("DELETE FROM job")
    yield
    async with kernel.databases.platform_scope() as db:
        await db.execute("DELETE FROM job")
