"""What can be wrong with the database, in words that say what to do.

`DatabaseError` is for the person who runs Headgate. `UnitOfWorkMisuse` is for the person who writes code.
"""

from headgate_sdk.errors import HeadgateError


class DatabaseError(HeadgateError):
    """Base of what the operator is told about the database."""

    code = "database"
    status = 503


class ServerUnreachable(DatabaseError):
    """Nothing answers at the address."""

    code = "database_unreachable"


class ServerTooOld(DatabaseError):
    """The server is older than the version that Headgate needs."""

    code = "database_too_old"


class SignInRefused(DatabaseError):
    """The server refuses the role or its password."""

    code = "database_sign_in_refused"


class DatabaseMissing(DatabaseError):
    """The server has no database of that name."""

    code = "database_missing"


class DatabaseBusy(DatabaseError):
    """Every connection has been in use for too long."""

    code = "database_busy"


class BadDatabaseAddress(DatabaseError):
    """The configured address cannot be used."""

    code = "database_address"


class RolesMissing(DatabaseError):
    """The database roles cannot be made with the rights at hand; carries the SQL for an administrator.

    Args:
        sql: statements that an administrator of the server runs once.
        role: who lacks the rights.
        database: where they are run.
        reason: the server's words.
    """

    code = "database_roles"

    def __init__(self, message: str, /, *, sql: str, role: str, database: str, reason: str) -> None:
        super().__init__(message, sql=sql, role=role, database=database, reason=reason)
        self.sql = sql


class SchemaPending(DatabaseError):
    """Migrations wait to be run."""

    code = "schema_pending"


class SchemaTooNew(DatabaseError):
    """A newer Headgate wrote this data."""

    code = "schema_too_new"


class MigrationFailed(DatabaseError):
    """A migration could not be run; nothing of it was kept."""

    code = "migration_failed"


class MigrationChanged(DatabaseError):
    """A migration file differs from what has been run."""

    code = "migration_changed"


class IsolationBroken(DatabaseError):
    """The schema would let one tenant reach another's rows.

    Args:
        findings: one sentence for each fault.
    """

    code = "isolation"

    def __init__(self, message: str, /, *, findings: tuple[str, ...]) -> None:
        super().__init__(message, findings="\n".join(f"- {finding}" for finding in findings))
        self.findings = findings


class EmbeddedServerError(DatabaseError):
    """The embedded PostgreSQL cannot be run."""

    code = "embedded_database"


class BinariesMissing(EmbeddedServerError):
    """No PostgreSQL programs were found."""


class DataDirectoryUnusable(EmbeddedServerError):
    """The directory cannot be written, reached, or is not Headgate's."""


class DataDirectoryTooNew(EmbeddedServerError):
    """A newer Headgate laid this directory out."""


class DataDirectoryOfOtherVersion(EmbeddedServerError):
    """The data was made by another major version of PostgreSQL."""


class DiskFull(EmbeddedServerError):
    """No space is left for the data."""


class UnitOfWorkMisuse(RuntimeError):
    """A fault of the program: the unit of work was used in a way that could lose or mix data."""


class UnitOfWorkClosed(UnitOfWorkMisuse):
    """A query came after the transaction had ended."""


class WrongTask(UnitOfWorkMisuse):
    """A query came from another task than the one that opened the unit of work."""


class ScopeNotAllowed(UnitOfWorkMisuse):
    """A scope was opened inside one that it may not be opened in."""


class TransactionBroken(UnitOfWorkMisuse):
    """The transaction cannot be committed: a statement failed, or the code ended it by itself."""
