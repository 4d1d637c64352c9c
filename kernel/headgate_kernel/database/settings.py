"""What the database part needs to be told."""

from pathlib import Path

import msgspec


class DatabaseSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the database is and how it is entered.

    Args:
        data_dir: directory of this installation; the embedded server lives in its `database` folder.
        secret_key: the installation's secret; the passwords of the roles are derived from it.
        url: HEADGATE_DATABASE_URL, an administrator's address; None means the embedded server.
        app_url: HEADGATE_APP_DATABASE_URL; None means `url` with the role headgate_app.
        platform_url: HEADGATE_PLATFORM_DATABASE_URL; None means `url` with the role headgate_platform.
        pg_bin: HEADGATE_PG_BIN, folder of the PostgreSQL programs for the embedded server.
        connections: connections at most of one process for tenants' work.
        platform_connections: the same for the platform's work.
    """

    data_dir: Path
    secret_key: bytes
    url: str | None = None
    app_url: str | None = None
    platform_url: str | None = None
    pg_bin: Path | None = None
    connections: int = 10
    platform_connections: int = 4
