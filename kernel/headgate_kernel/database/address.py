"""Addresses of PostgreSQL servers: checked, given another role, and told without the password."""

from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from headgate_sdk.i18n import N_

from headgate_kernel.database.errors import BadDatabaseAddress

_SCHEMES = ("postgresql", "postgres")
_SIGN_IN_OPTIONS = frozenset({"user", "password", "passfile"})


def check_address(dsn: str, *, setting: str) -> str:
    """Give the address back if it is one of PostgreSQL.

    Args:
        dsn: the configured value.
        setting: name of the setting, for the message.

    Raises:
        BadDatabaseAddress: it is of another kind or cannot be read.
    """
    try:
        parts = urlsplit(dsn.strip())
        readable = parts.scheme in _SCHEMES and (parts.port or True)
    except ValueError:
        readable = False
    if not readable:
        raise BadDatabaseAddress(
            N_(
                "{setting} is not an address of PostgreSQL. Write it as "
                "postgresql://user:password@host:5432/database, "
                "with special characters in the password percent-encoded."
            ),
            setting=setting,
        )
    return dsn.strip()


def with_role(dsn: str, role: str, password: str | None = None) -> str:
    """Give the same address for another role."""
    parts = urlsplit(dsn)
    host = parts.netloc.rpartition("@")[2]
    sign_in = quote(role, safe="") + (f":{quote(password, safe='')}" if password else "")
    options = [(key, value) for key, value in parse_qsl(parts.query) if key not in _SIGN_IN_OPTIONS]
    return urlunsplit(parts._replace(netloc=f"{sign_in}@{host}", query=urlencode(options, safe="/")))


def with_database(dsn: str, database: str) -> str:
    """Give the same address for another database."""
    parts = urlsplit(dsn)
    options = [(key, value) for key, value in parse_qsl(parts.query) if key not in {"database", "dbname"}]
    return urlunsplit(parts._replace(path=f"/{quote(database, safe='')}", query=urlencode(options, safe="/")))


def database_of(dsn: str) -> str:
    """Name the database of an address; empty when the server's default is meant."""
    parts = urlsplit(dsn)
    options = dict(parse_qsl(parts.query))
    return unquote(parts.path.lstrip("/")) or options.get("dbname", "") or options.get("database", "")


def role_of(dsn: str) -> str:
    """Name the role of an address; empty when the driver's default is meant."""
    parts = urlsplit(dsn)
    return unquote(parts.username or "") or dict(parse_qsl(parts.query)).get("user", "")


def describe_address(dsn: str) -> str:
    """Tell an address to people: role, host and database, never the password."""
    parts = urlsplit(dsn)
    options = dict(parse_qsl(parts.query))
    host = parts.netloc.rpartition("@")[2] or options.get("host", "") or "localhost"
    role = role_of(dsn)
    return f"{role + '@' if role else ''}{host}/{database_of(dsn)}"
