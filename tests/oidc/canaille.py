"""Canaille, an identity provider from PyPI, installed into an environment of its own and served on a port.

It is another program: nothing of it is imported here. Its versions are pinned, so that a release of it cannot
break our tests.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import msgspec
from joserfc.jwk import RSAKey

REQUIREMENTS = (
    "canaille[front,oidc,server,sqlite]==0.3.6",
    "authlib==1.9.9",
    "joserfc==1.8.0",
    "hypercorn==0.18.0",
)
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headgate-tests" / "canaille-0.3.6"
START_SECONDS = 60
SECRET = "the-secret-of-headgate"
PASSWORD = "a password at the provider"


class CannotInstall(RuntimeError):
    """The environment cannot be made here: no network, or no uv."""


class Canaille(msgspec.Struct):
    """A running provider.

    Args:
        issuer: its address.
        folder: of its configuration and database.
        program: its command.
        kid: of the key with which it signs.
    """

    issuer: str
    folder: Path
    program: Path
    kid: str = ""

    def add(self, client_id: str, redirect_uri: str, users: Mapping[str, str]) -> None:
        """Make Headgate at an address known to it, and people by their names with their e-mail addresses."""
        own_id = str(uuid4())
        client = {
            "id": own_id, "client_id": client_id, "client_secret": SECRET, "client_name": "Headgate",
            "client_uri": redirect_uri.partition("/sign-in")[0], "redirect_uris": [redirect_uri],
            "scope": ["openid", "profile", "email"], "response_types": ["code"], "audience": [own_id],
            "grant_types": ["authorization_code"], "token_endpoint_auth_method": "client_secret_basic",
        }  # fmt: skip
        people = [
            {"id": str(uuid4()), "user_name": name, "password": PASSWORD, "family_name": name,
             "formatted_name": f"Name of {name}", "emails": [email]}
            for name, email in users.items()
        ]  # fmt: skip
        self.run("restore", given=msgspec.json.encode({"client": [client], "user": people}))

    def write_configuration(self, *, vouches_for_addresses: bool) -> None:
        """Write what it reads at start, with a new key."""
        key = RSAKey.generate_key(2048, {"kid": f"key-{time.monotonic_ns()}"})
        self.kid = str(key.kid)
        jwk = ", ".join(f'{name} = "{value}"' for name, value in key.as_dict(private=True).items())
        self.configuration.write_text(
            f"""
SECRET_KEY = "the secret of a provider that lives for a few minutes"
SERVER_NAME = "{self.issuer.removeprefix("http://")}"
PREFERRED_URL_SCHEME = "http"
[CANAILLE]
NAME = "Canaille"
DATABASE = "sql"
[CANAILLE_SQL]
DATABASE_URI = "sqlite:///{self.folder / "canaille.sqlite"}"
[CANAILLE_OIDC]
TRUSTED_DOMAINS = []
ACTIVE_JWKS = [{{ {jwk} }}]
""",
            "utf-8",
        )
        # its configuration file has no place for this claim, though its tokens have
        vouch = 'app.config["CANAILLE_OIDC"]["USERINFO_MAPPING"]["EMAIL_VERIFIED"] = "true"'
        (self.folder / "provider.py").write_text(
            f"from asgiref.wsgi import WsgiToAsgi\nfrom canaille import create_app\napp = create_app()\n"
            f"{vouch if vouches_for_addresses else ''}\nasgi = WsgiToAsgi(app)\n"
        )

    @property
    def configuration(self) -> Path:
        """The file that it reads at start."""
        return self.folder / "canaille.toml"

    def run(self, *arguments: str, given: bytes = b"") -> None:
        """Run its command to the end."""
        done = subprocess.run(
            [self.program, *arguments], env=self.environment, input=given, capture_output=True, check=False
        )
        if done.returncode:
            raise AssertionError(f"canaille {arguments[0]}:\n{done.stdout.decode()}\n{done.stderr.decode()}")

    @property
    def environment(self) -> dict[str, str]:
        """What its process sees of ours."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"CANAILLE_CONFIG": str(self.configuration)}

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve until the block ends."""
        log = (self.folder / "log.txt").open("wb")
        server, address = self.program.with_name("hypercorn"), self.issuer.removeprefix("http://")
        process = subprocess.Popen(
            [server, "--bind", address, "provider:asgi"],
            env=self.environment, cwd=self.folder, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
        try:
            self._wait(process)
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
            log.close()

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until and process.poll() is None:
            try:
                httpx.get(f"{self.issuer}/.well-known/openid-configuration", timeout=2, trust_env=False)
            except httpx.HTTPError:
                time.sleep(0.2)
            else:
                return
        raise AssertionError(f"Canaille does not serve:\n{(self.folder / 'log.txt').read_text()[-3000:]}")


@contextmanager
def running_canaille(folder: Path, *, vouches_for_addresses: bool = True) -> Iterator[Canaille]:
    """Install Canaille if need be, set it up in an empty folder and serve it."""
    program = install()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    canaille = Canaille(f"http://127.0.0.1:{port}", folder, program)
    canaille.write_configuration(vouches_for_addresses=vouches_for_addresses)
    canaille.run("install")
    with canaille.served():
        yield canaille


def install() -> Path:
    """Give its command, from an environment that is made once and kept.

    Raises:
        CannotInstall: says what uv said.
    """
    program = CACHE / "bin" / "canaille"
    done = CACHE / "complete"
    if done.exists() and done.read_text() == "\n".join(REQUIREMENTS):
        return program
    uv = shutil.which("uv")
    if uv is None:
        raise CannotInstall("there is no `uv` on the PATH")
    shutil.rmtree(CACHE, ignore_errors=True)
    environment = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    for arguments in (
        ("venv", "--quiet", "--python", sys.executable, str(CACHE)),
        ("pip", "install", "--quiet", "--python", str(CACHE / "bin" / "python"), *REQUIREMENTS),
    ):
        run = subprocess.run([uv, *arguments], env=environment, capture_output=True, text=True, check=False)
        if run.returncode:
            raise CannotInstall(run.stderr[-2000:])
    done.write_text("\n".join(REQUIREMENTS))
    return program
