"""Canaille, an identity provider from PyPI, installed into an environment of its own and served on a port.

It is another program under another licence: nothing of it is imported here. Its versions are pinned, so that a
release of it cannot break our tests.
"""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from joserfc.jwk import RSAKey

REQUIREMENTS = ("canaille[front,oidc,server,sqlite]==0.3.6", "authlib==1.9.9", "joserfc==1.8.0", "hypercorn==0.18.0")
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "headgate-tests" / "canaille-0.3.6"
START_SECONDS = 60
CLIENT, SECRET = "headgate", "the-secret-of-headgate"
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

    def add_user(self, name: str, email: str, full_name: str) -> None:
        """Make somebody known to it."""
        self.run(
            "create", "user", "--user-name", name, "--emails", email, "--family-name", full_name,
            "--formatted-name", full_name, "--password", PASSWORD,
        )  # fmt: skip

    def add_client(self, redirect_uri: str) -> None:
        """Make Headgate at an address known to it; the one before is forgotten."""
        self.run("delete", "client", "--client-id", CLIENT, check=False)
        self.run(
            "create", "client", "--client-id", CLIENT, "--client-secret", SECRET, "--client-name", "Headgate",
            "--client-uri", redirect_uri.partition("/sign-in")[0], "--redirect-uris", redirect_uri,
            "--scope", "openid", "--scope", "profile", "--scope", "email", "--response-types", "code",
            "--grant-types", "authorization_code", "--token-endpoint-auth-method", "client_secret_basic",
        )  # fmt: skip

    def write_configuration(self, *, vouches_for_addresses: bool) -> None:
        """Write what it reads at start, with a new key."""
        key = RSAKey.generate_key(2048, {"kid": f"key-{time.monotonic_ns()}"})
        self.kid = str(key.kid)
        jwk = ", ".join(f'{name} = "{value}"' for name, value in key.as_dict(private=True).items())
        verified = '\n[CANAILLE_OIDC.USERINFO_MAPPING]\nEMAIL_VERIFIED = "true"\n' if vouches_for_addresses else ""
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
ACTIVE_JWKS = [{{ {jwk} }}]
{verified}""",
            "utf-8",
        )

    @property
    def configuration(self) -> Path:
        """The file that it reads at start."""
        return self.folder / "canaille.toml"

    def run(self, *arguments: str, check: bool = True) -> None:
        """Run its command to the end."""
        done = subprocess.run(
            [self.program, *arguments], env=self.environment, capture_output=True, text=True, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"canaille {' '.join(arguments)}:\n{done.stdout}\n{done.stderr}")

    @property
    def environment(self) -> dict[str, str]:
        """What its process sees of ours."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        return kept | {"CANAILLE_CONFIG": str(self.configuration)}

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve until the block ends."""
        log = (self.folder / "log.txt").open("wb")
        process = subprocess.Popen(
            [self.program, "run", "--bind", self.issuer.removeprefix("http://"), "--workers", "1"],
            env=self.environment, stdout=log, stderr=log, start_new_session=True,
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
