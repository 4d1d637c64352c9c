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
from headgate_sdk.secrets import Secret

from headgate_kernel.config.networks import Network, read_networks
from headgate_kernel.database.embedded_directory import default_data_dir

KEY_BYTES = 32
LOG_FORMS = ("json", "words")
LOG_LEVELS = ("info", "warning", "error", "debug")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator decides about one process.

    Args:
        database_url: administrator's URL of a PostgreSQL server; empty starts the embedded one.
        app_database_url: URL of the app role, when a DBA made the roles.
        platform_database_url: URL of the platform role, when a DBA made the roles.
        pg_bin: folder of the PostgreSQL programs for the embedded server.
        data_dir: where the embedded server and the secret key live.
        secret_key: of this installation; database roles' passwords derive from it.
        master_key: wraps the keys of sealed secrets: a text, `file:<path>` or `command:<path>`; empty takes
            `master.key` of the data directory.
        earlier_master_keys: texts that are still needed for unwrapping, separated by commas.
        domain: hosts of tenants end with it: `<slug>.<domain>`.
        workers: processes that serve.
        secure_cookies: cookies only over TLS; off for `localhost`.
        public_port: in addresses that are written into messages; 0 is the usual one.
        trusted_proxies: networks whose `X-Forwarded-For` is believed.
        operators_need_second_factor: operators without a second factor are led to set one up.
        jobs: whether serving processes run jobs too; else only `headgate work` does.
        email: what carries mail away: `console:`, `smtps://…`, `smtp://…`, or `memory:` for tests.
        sms: what carries text messages away: `console:`, or `memory:` for tests.
        oidc_allow_private: identity providers may be in private networks, and without TLS.
        limits: plans are metered and limit requests; off for benches.
        access_log: a line in the log for each request, not only for slow and broken ones.
        log_form: `json` for machines, `words` for a terminal.
        log_level: lowest level that is logged.
        metrics_token: who sends it as a bearer may read the metrics; empty: nobody.
        drain_seconds: between being told to stop and stopping, while the process says it is not ready.
    """

    database_url: str = ""
    app_database_url: str = ""
    platform_database_url: str = ""
    pg_bin: Path | None = None
    data_dir: Path
    secret_key: bytes
    master_key: Secret = Secret("")
    earlier_master_keys: Secret = Secret("")
    domain: str = "localhost"
    workers: int = 1
    secure_cookies: bool = False
    public_port: int = 0
    trusted_proxies: tuple[Network, ...] = ()
    operators_need_second_factor: bool = False
    jobs: bool = False
    email: str = "memory:"
    sms: str = "memory:"
    oidc_allow_private: bool = False
    limits: bool = True
    access_log: bool = False
    log_form: str = "json"
    log_level: str = "INFO"
    metrics_token: str = ""
    drain_seconds: int = 0

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
            master_key=Secret(environment.get("HEADGATE_MASTER_KEY", "")),
            earlier_master_keys=Secret(environment.get("HEADGATE_MASTER_KEY_EARLIER", "")),
            domain=domain,
            workers=_number(environment, "HEADGATE_WORKERS", 1),
            secure_cookies=domain != "localhost",
            public_port=_number(environment, "HEADGATE_PUBLIC_PORT", 0, least=0),
            trusted_proxies=read_networks(
                environment.get("HEADGATE_TRUSTED_PROXIES", ""), name="HEADGATE_TRUSTED_PROXIES"
            ),
            operators_need_second_factor=_switch(environment, "HEADGATE_OPERATOR_SECOND_FACTOR"),
            jobs=_switch(environment, "HEADGATE_JOBS", default=True),
            email=environment.get("HEADGATE_EMAIL", "").strip() or "console:",
            sms=environment.get("HEADGATE_SMS", "").strip() or "console:",
            oidc_allow_private=_switch(environment, "HEADGATE_OIDC_ALLOW_PRIVATE"),
            limits=_switch(environment, "HEADGATE_LIMITS", default=True),
            access_log=_switch(environment, "HEADGATE_ACCESS_LOG"),
            log_form=_choice(environment, "HEADGATE_LOG", LOG_FORMS),
            log_level=_choice(environment, "HEADGATE_LOG_LEVEL", LOG_LEVELS).upper(),
            metrics_token=environment.get("HEADGATE_METRICS_TOKEN", ""),
            drain_seconds=_number(environment, "HEADGATE_DRAIN_SECONDS", 0, least=0),
        )


def _number(environment: Mapping[str, str], name: str, default: int, *, least: int = 1) -> int:
    text = environment.get(name, "")
    if not text:
        return default
    if not text.isdecimal() or int(text) < least:
        raise ConfigError(
            N_("{name} must be a whole number, {least} or more, not '{text}'."),
            name=name,
            least=least,
            text=text,
        )
    return int(text)


def _choice(environment: Mapping[str, str], name: str, choices: tuple[str, ...]) -> str:
    """Take one of several words; the first where none is given."""
    text = environment.get(name, "").strip().lower() or choices[0]
    if text not in choices:
        raise ConfigError(
            N_("{name} must be one of {choices}, not '{text}'."),
            name=name,
            choices=", ".join(choices),
            text=text,
        )
    return text


def _switch(environment: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    text = environment.get(name, "").strip().lower()
    if not text:
        return default
    if text not in {"on", "off"}:
        raise ConfigError(N_("{name} must be 'on' or 'off', not '{text}'."), name=name, text=text)
    return text == "on"


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
