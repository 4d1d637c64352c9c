"""Runs the SQL migrations of the kernel and of the plugins.

Each file is one transaction together with the record that it ran, as headgate_owner, in the order of
requirements, under an advisory lock against a second starter. Then the isolation lint looks at the result.
Helpers for the files:

    SELECT headgate_protect('trade_product');        -- row-level security, policy, grants
    SELECT headgate_append_only('trade_movement');   -- after it: the app may neither change nor delete
    SELECT headgate_platform_table('plan');          -- no way in for the app

A file sees the rows of all tenants. A SECURITY DEFINER function, which must filter by tenant itself, is made
between `SET LOCAL ROLE headgate_platform;` and `SET LOCAL ROLE headgate_owner;`. Tables that are in use are
changed by expanding first and contracting in a later release; a lock is waited for only briefly.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING

import asyncpg
from headgate_sdk.i18n import N_

from headgate_kernel.database.errors import (
    BadDatabaseAddress,
    IsolationBroken,
    MigrationChanged,
    MigrationFailed,
    SchemaPending,
    SchemaTooNew,
)
from headgate_kernel.database.lint import lint_isolation
from headgate_kernel.database.migration_files import Migration, MigrationSource, read_migrations
from headgate_kernel.database.pool import connect
from headgate_kernel.database.roles import ensure_roles

if TYPE_CHECKING:
    from headgate_kernel.database.pool import Connection, ConnectionPool, PooledConnection
    from headgate_kernel.database.server import DatabaseServer

__all__ = ["Migration", "MigrationSource", "check_schema", "migrate", "migrate_server"]

LOCK_TIMEOUT_MS = 200
LOCK_ATTEMPTS = 60
_ADVISORY_LOCK = 7226001
_BOOTSTRAP = files("headgate_kernel.database") / "bootstrap.sql"
_RECORD = (
    "INSERT INTO headgate_migration (source, name, checksum) VALUES ('{source}', '{name}', '{checksum}')"
)


async def migrate_server(
    server: "DatabaseServer",
    sources: Sequence[MigrationSource],
    *,
    progress: Callable[[Migration], None] | None = None,
) -> list[Migration]:
    """Bring the schema of a server's database to what this code expects; see `migrate`.

    Raises:
        DatabaseError: what is wrong and what to do.
    """
    if server.admin is None:
        raise BadDatabaseAddress(
            N_(
                "Migrations need an administrator: set HEADGATE_DATABASE_URL to an address of one "
                "and try again."
            )
        )
    return await migrate(server.admin, sources, secret_key=server.secret_key, progress=progress)


async def migrate(
    admin_dsn: str,
    sources: Sequence[MigrationSource],
    *,
    secret_key: bytes | None = None,
    progress: Callable[[Migration], None] | None = None,
) -> list[Migration]:
    """Bring the schema to what this code expects.

    Args:
        admin_dsn: address of an administrator.
        sources: the kernel's and every installed plugin's migrations.
        secret_key: the installation's secret, for the passwords of the roles; None on the embedded server.
        progress: called after each file.

    Returns:
        What was run now; empty when there was nothing to do.

    Raises:
        DatabaseError: what is wrong and what to do. A file that fails leaves nothing behind.
    """
    migrations = read_migrations(sources)
    connection = await connect(admin_dsn)
    try:
        await connection.execute(f"SELECT pg_advisory_lock({_ADVISORY_LOCK})")
        await ensure_roles(connection, secret_key)
        await connection.execute(
            f"BEGIN;SET LOCAL ROLE headgate_owner;{_BOOTSTRAP.read_text('utf-8')};COMMIT"
        )
        recorded = await _recorded(connection)
        _refuse_newer(migrations, recorded)
        applied: list[Migration] = []
        for migration in migrations:
            checksum = recorded.get((migration.source, migration.name))
            if checksum is None:
                await _run(connection, migration)
                applied.append(migration)
                if progress is not None:
                    progress(migration)
            elif checksum != migration.checksum:
                raise MigrationChanged(
                    N_(
                        "The migration {migration} was changed after it had run here. Put the file "
                        "back as it was "
                        "and write the change as a new migration."
                    ),
                    migration=str(migration),
                )
        findings = await lint_isolation(connection)
    finally:
        await connection.close()
    if findings:
        raise IsolationBroken(
            N_("The schema does not keep tenants apart:\n{findings}\nCorrect the migrations that made it."),
            findings=tuple(findings),
        )
    return applied


async def check_schema(pool: "ConnectionPool", sources: Sequence[MigrationSource]) -> None:
    """Make sure that every migration of this code has run, and none that it does not know.

    Args:
        pool: of the platform.
        sources: as for `migrate`.

    Raises:
        SchemaPending: some have not run.
        SchemaTooNew: the data was written by a newer Headgate.
    """
    migrations = read_migrations(sources)
    connection = await pool.acquire()
    try:
        recorded = await _recorded(connection)
    except (asyncpg.UndefinedTableError, asyncpg.InsufficientPrivilegeError):
        recorded = {}
    finally:
        await pool.release(connection)
    _refuse_newer(migrations, recorded)
    pending = [str(one) for one in migrations if (one.source, one.name) not in recorded]
    if pending:
        raise SchemaPending(
            N_("{count} migrations have not been run, the first is {first}. Run `headgate db migrate`."),
            count=len(pending),
            first=pending[0],
        )


async def _recorded(connection: "Connection | PooledConnection") -> dict[tuple[str, str], str]:
    rows = await connection.fetch("SELECT source, name, checksum FROM headgate_migration")
    return {(row["source"], row["name"]): row["checksum"] for row in rows}


def _refuse_newer(migrations: Sequence[Migration], recorded: dict[tuple[str, str], str]) -> None:
    known = {(one.source, one.name) for one in migrations}
    sources = {one.source for one in migrations}
    # Records of a source that is not installed now are fine: its data stays when a plugin goes.
    newer = sorted(f"{source}/{name}" for source, name in recorded.keys() - known if source in sources)
    if newer:
        raise SchemaTooNew(
            N_(
                "This data was written by a newer Headgate: it has run {migration}, which this "
                "version does not know. "
                "Upgrade Headgate, or use another data directory."
            ),
            migration=newer[0],
        )


async def _run(connection: "Connection", migration: Migration) -> None:
    record = _RECORD.format(source=migration.source, name=migration.name, checksum=migration.checksum)
    message = (
        f"BEGIN;SET LOCAL lock_timeout = {LOCK_TIMEOUT_MS};SET LOCAL ROLE headgate_owner;\n"
        f"{migration.sql}\n;SET LOCAL ROLE headgate_owner;{record};COMMIT"
    )
    for attempt in range(1, LOCK_ATTEMPTS + 1):
        try:
            await connection.execute(message)
        except asyncpg.LockNotAvailableError as error:
            await connection.execute("ROLLBACK")
            if attempt == LOCK_ATTEMPTS:
                raise MigrationFailed(
                    N_(
                        "The migration {migration} waits for a table that is in use all the time. "
                        "Stop Headgate's "
                        "workers or end long transactions, then try again; nothing was changed."
                    ),
                    migration=str(migration),
                ) from error
            await asyncio.sleep(random.uniform(0.05, 0.25))  # noqa: S311 (to get out of step, not a secret)
        except asyncpg.PostgresError as error:
            if not connection.is_closed():
                await connection.execute("ROLLBACK")
            place = _line_of(migration.sql, message, error)
            raise MigrationFailed(
                N_(
                    "The migration {migration} failed{place}: {reason}. Nothing of it was kept; "
                    "correct the file."
                ),
                migration=str(migration),
                place=place,
                reason=str(error),
            ) from error
        else:
            return


def _line_of(sql: str, message: str, error: asyncpg.PostgresError) -> str:
    position = getattr(error, "position", None)
    if not position:
        return ""
    line = message[: int(position)].count("\n")
    return f" ({line})" if not 1 <= line <= sql.count("\n") + 1 else f" in line {line}"
