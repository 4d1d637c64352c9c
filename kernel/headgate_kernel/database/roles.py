"""The three roles: who owns the tables, who works for one tenant, who works for the platform.

`headgate_owner` owns tables, cannot sign in, and is not under row-level security: a migration works on all
tenants, and PostgreSQL could not check a new foreign key otherwise. `headgate_app` sees one tenant at a
time: no superuser, no way past row-level security, no TRUNCATE. `headgate_platform` sees all tenants. Their
passwords are derived from the installation's secret, so nobody has to keep them. Roles belong to the whole
server: two installations on one server share the secret, or set the addresses of the roles by hand.
"""

import asyncio
import base64
import hashlib
import hmac
import secrets
from typing import TYPE_CHECKING

import asyncpg
import msgspec
from headgate_sdk.i18n import N_

from headgate_kernel.database.errors import RolesMissing

if TYPE_CHECKING:
    from headgate_kernel.database.pool import Connection

OWNER_ROLE = "headgate_owner"
APP_ROLE = "headgate_app"
PLATFORM_ROLE = "headgate_platform"
_SCRAM_ROUNDS = 4096
_ATTEMPTS = 8


class _Role(msgspec.Struct, frozen=True):
    """What a role must be."""

    name: str
    login: bool
    bypass: bool

    def attributes(self) -> str:
        return " ".join((
            "LOGIN" if self.login else "NOLOGIN",
            "NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION",
            "BYPASSRLS" if self.bypass else "NOBYPASSRLS",
        ))  # fmt: skip


_ROLES = (
    _Role(OWNER_ROLE, login=False, bypass=True),
    _Role(APP_ROLE, login=True, bypass=False),
    _Role(PLATFORM_ROLE, login=True, bypass=True),
)

_STATE = """
SELECT rolname, rolcanlogin AS login, rolbypassrls AS bypass,
       rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication AS too_much,
       pg_has_role(current_user, oid, 'MEMBER') AS member
FROM pg_roles WHERE rolname = ANY($1)
"""


def derive_password(secret_key: bytes, role: str) -> str:
    """Derive a role's password from the installation's secret (HMAC-SHA256, hexadecimal)."""
    return hmac.new(secret_key, f"headgate database role {role}".encode(), hashlib.sha256).hexdigest()


async def ensure_roles(admin: "Connection", secret_key: bytes | None) -> None:
    """Make the roles, or mend them, and let them into this database.

    Args:
        admin: connection of an administrator.
        secret_key: the installation's secret; None on the embedded server, which asks for no password.

    Raises:
        RolesMissing: the administrator's rights do not suffice; carries the SQL that somebody else must run.
    """
    for attempt in range(_ATTEMPTS):
        try:
            async with admin.transaction():
                await _ensure_roles(admin, secret_key)
        except (asyncpg.UniqueViolationError, asyncpg.DuplicateObjectError, asyncpg.InternalServerError):
            # Another starter is at it: roles are shared by all databases, and no lock of ours spans those.
            if attempt == _ATTEMPTS - 1:
                raise
            await asyncio.sleep(0.05 * (attempt + 1))
        except asyncpg.InsufficientPrivilegeError as error:
            role, database = await _whoami(admin)
            raise RolesMissing(
                N_(
                    "The role {role} may not set up the database roles: {reason}. Have an "
                    "administrator of the "
                    "server run this once in the database {database}, then try again:\n{sql}"
                ),
                sql=setup_sql(role, database, secret_key),
                role=role,
                database=database,
                reason=str(error),
            ) from error
        else:
            return


async def _whoami(admin: "Connection") -> tuple[str, str]:
    row = await admin.fetchrow("SELECT session_user, current_database()")
    assert row is not None
    return str(row[0]), str(row[1])


async def _ensure_roles(admin: "Connection", secret_key: bytes | None) -> None:
    state = {row["rolname"]: row for row in await admin.fetch(_STATE, [role.name for role in _ROLES])}
    for role in _ROLES:
        found = state.get(role.name)
        if found is None:
            await admin.execute(f"CREATE ROLE {role.name} {role.attributes()}")
        elif (found["login"], found["bypass"]) != (role.login, role.bypass) or found["too_much"]:
            await admin.execute(f"ALTER ROLE {role.name} {role.attributes()}")
        if role.login and secret_key is not None:
            await _ensure_password(admin, role.name, derive_password(secret_key, role.name))
    me, database = await _whoami(admin)
    state = {row["rolname"]: row for row in await admin.fetch(_STATE, [role.name for role in _ROLES])}
    for name in (OWNER_ROLE, PLATFORM_ROLE):
        if not state[name]["member"]:
            await admin.execute(f"GRANT {name} TO {_quote(me)}")
    missing = await admin.fetchval(
        f"""
        SELECT NOT (has_schema_privilege('{OWNER_ROLE}', 'public', 'CREATE')
            AND has_schema_privilege('{APP_ROLE}', 'public', 'USAGE')
            AND has_schema_privilege('{PLATFORM_ROLE}', 'public', 'CREATE')
            AND has_database_privilege('{APP_ROLE}', current_database(), 'CONNECT')
            AND has_database_privilege('{PLATFORM_ROLE}', current_database(), 'CONNECT')
            AND has_database_privilege('{PLATFORM_ROLE}', current_database(), 'TEMPORARY'))
            OR has_database_privilege('{APP_ROLE}', current_database(), 'TEMPORARY')
            OR has_schema_privilege('{APP_ROLE}', 'public', 'CREATE')
        """
    )
    if missing:
        await admin.execute(_grants_sql(database))


async def _ensure_password(admin: "Connection", role: str, password: str) -> None:
    try:
        async with admin.transaction():
            kept = await admin.fetchval("SELECT rolpassword FROM pg_authid WHERE rolname = $1", role)
    except asyncpg.InsufficientPrivilegeError:
        if await _can_alter(admin, role):
            await admin.execute(f"ALTER ROLE {role} PASSWORD '{scram_verifier(password)}'")
        return
    if not (kept and verifies(str(kept), password)):
        await admin.execute(f"ALTER ROLE {role} PASSWORD '{scram_verifier(password)}'")


async def _can_alter(admin: "Connection", role: str) -> bool:
    """Tell whether we administer the role: an administrator of the server may have set it up for us."""
    version = admin.get_server_version().major
    if version < 16:
        return bool(await admin.fetchval("SELECT rolcreaterole FROM pg_roles WHERE rolname = current_user"))
    return bool(
        await admin.fetchval("SELECT pg_has_role(current_user, $1, 'MEMBER WITH ADMIN OPTION')", role)
    )


def scram_verifier(password: str, *, salt: bytes | None = None) -> str:
    """Make what PostgreSQL stores for a password (SCRAM-SHA-256, RFC 5803).

    Sent in place of the password, so that no log of the server ever holds it.
    """
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, _SCRAM_ROUNDS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    salt_text, stored_text, server_text = (base64.b64encode(part).decode() for part in (salt, stored, server))
    return f"SCRAM-SHA-256${_SCRAM_ROUNDS}:{salt_text}${stored_text}:{server_text}"


def verifies(verifier: str, password: str) -> bool:
    """Tell whether a stored verifier is of this password; false for any other kind of verifier."""
    try:
        salt = base64.b64decode(verifier.split("$")[1].split(":")[1])
    except (IndexError, ValueError):
        return False
    return hmac.compare_digest(scram_verifier(password, salt=salt), verifier)


def setup_sql(admin_role: str, database: str, secret_key: bytes | None) -> str:
    """Write what an administrator of the server has to run once where our own rights do not suffice."""
    lines: list[str] = []
    for role in _ROLES:
        password = ""
        if role.login and secret_key is not None:
            password = f" PASSWORD '{scram_verifier(derive_password(secret_key, role.name))}'"
        lines.append(
            f"DO $$ BEGIN CREATE ROLE {role.name}; EXCEPTION WHEN duplicate_object THEN NULL; END $$;\n"
            f"ALTER ROLE {role.name} {role.attributes()}{password};"
        )
    lines.append(f"GRANT {OWNER_ROLE}, {PLATFORM_ROLE} TO {_quote(admin_role)};")
    lines.append(_grants_sql(database))
    return "\n".join(lines)


def _grants_sql(database: str) -> str:
    name = _quote(database)
    return (
        f"REVOKE ALL ON DATABASE {name} FROM PUBLIC;\n"
        f"GRANT CONNECT ON DATABASE {name} TO {APP_ROLE}, {PLATFORM_ROLE};\n"
        # what a moved tenant brings lies in temporary tables first
        f"GRANT TEMPORARY ON DATABASE {name} TO {PLATFORM_ROLE};\n"
        "REVOKE ALL ON SCHEMA public FROM PUBLIC;\n"
        f"GRANT USAGE, CREATE ON SCHEMA public TO {OWNER_ROLE}, {PLATFORM_ROLE};\n"
        f"GRANT USAGE ON SCHEMA public TO {APP_ROLE};"
    )


def _quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
