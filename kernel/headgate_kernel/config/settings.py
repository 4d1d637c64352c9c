"""Settings of the process: read once from the environment, handed down as a value."""

import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import msgspec
from headgate_sdk.errors import ConfigError
from headgate_sdk.i18n import N_

from headgate_kernel.database.embedded_directory import default_data_dir

KEY_BYTES = 32


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides about one process.

    Args:
        database_url: administrator's URL of a PostgreSQL server; empty starts the embedded one.
        app_database_url: URL of the app role, when a DBA made the roles.
        platform_database_url: URL of the platform role, when a DBA made the roles.
        pg_bin: folder of the PostgreSQL programs for the embedded server.
        data_dir: where the embedded server and the secret key live.
        secret_key: of this installation; database roles' passwords derive from it.
        domain: hosts of tenants end with it: `<slug>.<domain>`.
        workers: processes that serve.
        secure_cookies: cookies only over TLS; off for `localhost`.
    """

    database_url: str = ""
    app_database_url: str = ""
    platform_database_url: str = ""
    pg_bin: Path | None = None
    data_dir: Path
    secret_key: bytes
    domain: str = "localhost"
    workers: int = 1
    secure_cookies: bool = False

    @classmethod
    def from_environment(
        cls, environment: Mapping[str, str] = os.environ, *, data_dir: Path | None = None
    ) -> "Settings":
        """Read `HEADGATE_*` variables.

        Raises:
            ConfigError: a value cannot be used; names the variable.
        """
        configured = environment.get("HEADGATE_DATA_DIR", "")
        folder = data_dir or (Path(configured) if configured else default_data_dir())
        domain = environment.get("HEADGATE_DOMAIN", "").strip().lower() or "localhost"
        return cls(
            database_url=environment.get("HEADGATE_DATABASE_URL", ""),
            app_database_url=environment.get("HEADGATE_APP_DATABASE_URL", ""),
            platform_database_url=environment.get("HEADGATE_PLATFORM_DATABASE_URL", ""),
            pg_bin=Path(environment["HEADGATE_PG_BIN"]) if environment.get("HEADGATE_PG_BIN") else None,
            data_dir=folder.absolute(),
            secret_key=_secret_key(environment, folder),
            domain=domain,
            workers=_number(environment, "HEADGATE_WORKERS", 1),
            secure_cookies=domain != "localhost",
        )


def _number(environment: Mapping[str, str], name: str, default: int) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or int(text) < 1:
        raise ConfigError(N_("{name} must be a whole number above zero, not '{text}'."), name=name, text=text)
    return int(text)


def _secret_key(environment: Mapping[str, str], folder: Path) -> bytes:
    """Take the key from the environment, else from the data directory, where it is made once."""
    text = environment.get("HEADGATE_SECRET_KEY", "")
    if text:
        if len(text) < KEY_BYTES:
            raise ConfigError(
                N_("HEADGATE_SECRET_KEY is too short: give at least {n} characters."), n=KEY_BYTES
            )
        return text.encode()
    path = folder / "secret.key"
    try:
        if not path.exists():
            _make_secret_key(path)
        key = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(
            N_("The data directory {folder} cannot be used: {reason}. Choose another with --data-dir."),
            folder=folder, reason=error.strerror,
        ) from error  # fmt: skip
    if len(key) < KEY_BYTES:
        raise ConfigError(
            N_("{path} is damaged: it should hold the secret key. Restore it from a backup."), path=path
        )
    return key


def _make_secret_key(path: Path) -> None:
    """Make the key whole and once, also when several processes start together: the first to link it wins."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".secret")  # for this account only
    made = Path(name)
    try:
        with os.fdopen(handle, "w") as stream:
            stream.write(secrets.token_hex(KEY_BYTES))
        with suppress(FileExistsError):
            path.hardlink_to(made)
    finally:
        made.unlink()
