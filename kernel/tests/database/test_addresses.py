import socket
from pathlib import Path

import pytest
from headgate_kernel.database.address import check_address, describe_address, with_database, with_role
from headgate_kernel.database.database import Databases
from headgate_kernel.database.errors import (
    BadDatabaseAddress,
    DatabaseMissing,
    ServerTooOld,
    ServerUnreachable,
    SignInRefused,
)
from headgate_kernel.database.pool import check_version, connect
from headgate_kernel.database.server import DatabaseServer
from headgate_kernel.database.settings import DatabaseSettings


def settings(**options: str) -> DatabaseSettings:
    return DatabaseSettings(data_dir=Path("unused"), secret_key=b"secret", **options)


@pytest.mark.parametrize("dsn", ["mysql://h/d", "sqlite:///x.db", "just words", "postgresql://u:p@h:port/d"])
def test_what_is_not_postgresql_is_refused_without_showing_it(dsn):
    with pytest.raises(BadDatabaseAddress, match="HEADGATE_DATABASE_URL is not an address") as refused:
        check_address(dsn, setting="HEADGATE_DATABASE_URL")
    assert dsn not in str(refused.value)


def test_an_address_is_told_without_its_password():
    told = describe_address("postgresql://boss:s3cret@db.example:5433/shop?password=other")

    assert told == "boss@db.example:5433/shop"


@pytest.mark.parametrize(
    ("dsn", "expected"),
    [
        ("postgresql://u:p@h:5433/d?sslmode=require", "postgresql://app:p%40ss@h:5433/d?sslmode=require"),
        ("postgresql://h/d?user=u&password=p", "postgresql://app:p%40ss@h/d"),
        ("postgresql:///d?host=/run/pg", "postgresql://app:p%40ss@/d?host=/run/pg"),
        ("postgresql://u@[::1]:5432/d", "postgresql://app:p%40ss@[::1]:5432/d"),
    ],
)
def test_an_address_takes_another_role(dsn, expected):
    assert with_role(dsn, "app", "p@ss") == expected


def test_an_address_takes_another_database():
    assert with_database("postgresql://u@h/a?host=/run", "b c") == "postgresql://u@h/b%20c?host=/run"


async def test_the_roles_addresses_are_derived_or_given():
    derived = await DatabaseServer.start(settings(url="postgresql://boss@h/d"))
    given = await DatabaseServer.start(
        settings(app_url="postgresql://one@h/d", platform_url="postgresql://two@h/d")
    )

    assert describe_address(derived.app) == "headgate_app@h/d"
    assert describe_address(derived.platform) == "headgate_platform@h/d"
    assert derived.app != derived.platform.replace("platform", "app")  # the passwords differ too
    assert (given.admin, given.app) == (None, "postgresql://one@h/d")
    with pytest.raises(BadDatabaseAddress, match="one alone is not enough"):
        await DatabaseServer.start(settings(app_url="postgresql://one@h/d"))


async def test_an_unreachable_server_is_named_with_what_to_do():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, but nobody listens
        url = f"postgresql://boss:s3cret@127.0.0.1:{taken.getsockname()[1]}/d"
        with pytest.raises(
            ServerUnreachable, match=r"127\.0\.0\.1:\d+/d does not answer: .* Check that"
        ) as failed:
            await Databases.open(settings(url=url), [])

    assert "s3cret" not in str(failed.value)


async def test_a_missing_database_or_role_is_named(empty_database):
    with pytest.raises(DatabaseMissing, match="nowhere"):
        await connect(with_database(empty_database.admin, "nowhere"))
    with pytest.raises(SignInRefused, match="headgate db migrate"):
        await connect(with_role(empty_database.admin, "nobody_at_all", "x"))


async def test_a_server_that_is_too_old_is_refused(empty_database, monkeypatch):
    connection = await connect(empty_database.admin)
    monkeypatch.setattr("headgate_kernel.database.pool.OLDEST_SERVER", 99)
    try:
        with pytest.raises(ServerTooOld, match=r"is version \d+\.\d+; Headgate needs 99 or newer"):
            check_version(connection, empty_database.admin)
    finally:
        await connection.close()
