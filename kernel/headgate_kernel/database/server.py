"""Which PostgreSQL this installation uses: the one it was told of, or its own."""

import asyncio
from typing import Self

from headgate_sdk.i18n import N_

from headgate_kernel.database.address import check_address, database_of, with_database, with_role
from headgate_kernel.database.embedded import EmbeddedServer
from headgate_kernel.database.errors import BadDatabaseAddress
from headgate_kernel.database.pool import connect
from headgate_kernel.database.roles import APP_ROLE, PLATFORM_ROLE, derive_password
from headgate_kernel.database.settings import DatabaseSettings

EMBEDDED_DATABASE = "headgate"


class DatabaseServer:
    """The addresses of one database for its three kinds of visitors.

    Attributes:
        admin: who makes roles and runs migrations; None when only the two others were configured.
        app: tenants' work, under row-level security.
        platform: the platform's work, across tenants.
        secret_key: what the roles' passwords are derived from; None where none are asked for.
        embedded: the server that was started for it, if any.
    """

    __slots__ = ("admin", "app", "embedded", "platform", "secret_key")

    def __init__(
        self,
        *,
        admin: str | None,
        app: str,
        platform: str,
        secret_key: bytes | None = None,
        embedded: EmbeddedServer | None = None,
    ) -> None:
        self.admin = admin
        self.app = app
        self.platform = platform
        self.secret_key = secret_key
        self.embedded = embedded

    @classmethod
    async def start(cls, settings: DatabaseSettings) -> Self:
        """Find the configured server, or start the embedded one, or join it if it runs already.

        Raises:
            DatabaseError: what is wrong and what to do.
        """
        if settings.url or settings.app_url or settings.platform_url:
            return cls._configured(settings)
        embedded = EmbeddedServer(settings.data_dir / "database", binaries=settings.pg_bin)
        await asyncio.to_thread(embedded.start)
        try:
            await create_database(embedded.dsn("postgres"), EMBEDDED_DATABASE)
        except BaseException:
            await asyncio.to_thread(embedded.stop)
            raise
        return cls.on_embedded(embedded, EMBEDDED_DATABASE)

    @classmethod
    def on_embedded(cls, embedded: EmbeddedServer, database: str) -> Self:
        """Give the addresses on an embedded server, where being let into the socket's folder is enough."""
        return cls(
            admin=embedded.dsn(database),
            app=embedded.dsn(database, role=APP_ROLE),
            platform=embedded.dsn(database, role=PLATFORM_ROLE),
            embedded=embedded,
        )

    @classmethod
    def at(cls, admin: str, secret_key: bytes) -> Self:
        """Give the addresses of a database on a server of one's own, with derived passwords."""
        return cls(
            admin=admin,
            app=with_role(admin, APP_ROLE, derive_password(secret_key, APP_ROLE)),
            platform=with_role(admin, PLATFORM_ROLE, derive_password(secret_key, PLATFORM_ROLE)),
            secret_key=secret_key,
        )

    @classmethod
    def _configured(cls, settings: DatabaseSettings) -> Self:
        named = {
            "HEADGATE_DATABASE_URL": settings.url,
            "HEADGATE_APP_DATABASE_URL": settings.app_url,
            "HEADGATE_PLATFORM_DATABASE_URL": settings.platform_url,
        }
        checked = {name: check_address(dsn, setting=name) if dsn else None for name, dsn in named.items()}
        admin, app, platform = checked.values()
        derived = cls.at(admin, settings.secret_key) if admin else None
        app = app or (derived.app if derived else None)
        platform = platform or (derived.platform if derived else None)
        if app is None or platform is None:
            raise BadDatabaseAddress(
                N_(
                    "Set HEADGATE_DATABASE_URL, or both HEADGATE_APP_DATABASE_URL and "
                    "HEADGATE_PLATFORM_DATABASE_URL: one alone is not enough."
                )
            )
        return cls(admin=admin, app=app, platform=platform, secret_key=settings.secret_key)

    def on_database(self, database: str) -> "DatabaseServer":
        """Give the addresses of another database on the same server."""
        return DatabaseServer(
            admin=with_database(self.admin, database) if self.admin else None,
            app=with_database(self.app, database),
            platform=with_database(self.platform, database),
            secret_key=self.secret_key,
            embedded=self.embedded,
        )

    @property
    def database(self) -> str:
        """Name of the database."""
        return database_of(self.app)

    async def revive(self) -> None:
        """Start the embedded server again if it died under us."""
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.ensure_running)

    async def stop(self) -> None:
        """Let go of the embedded server; the last to let go stops it."""
        if self.embedded is not None:
            await asyncio.to_thread(self.embedded.stop)


async def create_database(admin_dsn: str, name: str, *, template: str | None = None) -> None:
    """Make a database unless it is there.

    Args:
        admin_dsn: any other database of the server.
        name: of the new one.
        template: database to copy; nobody may be connected to it.
    """
    connection = await connect(admin_dsn)
    try:
        await connection.execute("SELECT pg_advisory_lock(7226002)")  # CREATE DATABASE knows no IF NOT EXISTS
        if await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name) is None:
            source = f" TEMPLATE {quote_name(template)}" if template else ""
            await connection.execute(f"CREATE DATABASE {quote_name(name)}{source}")
    finally:
        await connection.close()


async def drop_database(admin_dsn: str, name: str) -> None:
    """Drop a database and disconnect who is still in it."""
    connection = await connect(admin_dsn)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {quote_name(name)} WITH (FORCE)")
    finally:
        await connection.close()


def quote_name(name: str) -> str:
    """Quote an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
