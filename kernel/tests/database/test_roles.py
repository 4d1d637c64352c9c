import asyncpg
import pytest
from headgate_kernel.database.address import with_role
from headgate_kernel.database.errors import RolesMissing
from headgate_kernel.database.migrations import migrate, migrate_server
from headgate_kernel.database.pool import connect
from headgate_kernel.database.roles import derive_password, scram_verifier, verifies

SECRET = b"an installation's secret"


def test_each_role_and_each_secret_has_its_own_password():
    assert derive_password(SECRET, "headgate_app") == derive_password(SECRET, "headgate_app")
    assert derive_password(SECRET, "headgate_app") != derive_password(SECRET, "headgate_platform")
    assert derive_password(SECRET, "headgate_app") != derive_password(b"another", "headgate_app")


async def test_our_verifier_is_the_one_that_postgresql_makes(empty_database):
    connection = await connect(empty_database.admin)
    try:
        async with connection.transaction():
            await connection.execute("SET LOCAL password_encryption = 'scram-sha-256'")
            await connection.execute("CREATE ROLE verifier_of_a_test PASSWORD 'open sesame'")
            stored = await connection.fetchval(
                "SELECT rolpassword FROM pg_authid WHERE rolname = 'verifier_of_a_test'"
            )
            await connection.execute("DROP ROLE verifier_of_a_test")
    finally:
        await connection.close()

    assert verifies(stored, "open sesame")
    assert not verifies(stored, "close sesame")
    assert not verifies("md5abc", "open sesame")
    assert verifies(scram_verifier("a"), "a")


async def test_the_roles_get_their_passwords_once(empty_database):
    await migrate(empty_database.admin, [], secret_key=SECRET)
    connection = await connect(empty_database.admin)
    try:
        sql = "SELECT rolpassword FROM pg_authid WHERE rolname = 'headgate_app'"
        first = await connection.fetchval(sql)
        await migrate(empty_database.admin, [], secret_key=SECRET)
        second = await connection.fetchval(sql)
        await migrate(empty_database.admin, [], secret_key=b"rotated")
        third = await connection.fetchval(sql)
    finally:
        await connection.close()
        await migrate_server(empty_database, [])  # as the other tests expect it

    assert verifies(first, derive_password(SECRET, "headgate_app"))
    assert second == first
    assert verifies(third, derive_password(b"rotated", "headgate_app"))


async def test_an_administrator_with_too_few_rights_is_given_the_sql_that_helps(empty_database):
    """The SQL of the message is run as told, and then the same administrator can migrate."""
    admin = await connect(empty_database.admin)
    password = "for a test only"
    role = "headgate_test_limited"
    await admin.execute(f"CREATE ROLE {role} LOGIN NOSUPERUSER PASSWORD '{password}'")
    try:
        await admin.execute(f'ALTER DATABASE "{empty_database.database}" OWNER TO {role}')
        limited = with_role(empty_database.admin, role, password)
        key = empty_database.secret_key

        with pytest.raises(
            RolesMissing, match=r"Have an administrator of the server run this once"
        ) as refused:
            await migrate(limited, [], secret_key=key)
        await admin.execute(refused.value.sql)

        assert await migrate(limited, [], secret_key=key) == []
        app = await asyncpg.connect(empty_database.app)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await app.execute("CREATE TABLE nowhere (id int)")
        await app.close()
    finally:
        await admin.execute(
            f'ALTER DATABASE "{empty_database.database}" OWNER TO CURRENT_USER;'
            f"DROP OWNED BY {role}; DROP ROLE {role}"
        )
        await admin.close()
