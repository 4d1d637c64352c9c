"""A thousand distributors in one database, each with people, goods, prices and orders of its own."""

import hashlib

import asyncpg
from headgate_kernel.database.server import DatabaseServer
from headgate_sdk.testing.server import clone_database

from tests.bench.goods import Distributor, Size

SMALL = Size(skus=400, customers=40, listed=150, fixed=20, tracked=20, buyers=8, orders=40)
"""Of each distributor; small, so that a thousand of them fit onto a developer's machine."""

_WITHOUT = frozenset({"session", "audit_seal", "audit_unsealed", "job", "sent_message", "tenant_revision"})
"""Tables whose rows are not copied: sessions get tokens of their own below, and the rest does not matter."""


def host_of(number: int) -> str:
    """Give the address of one of the copies."""
    return f"among-{number}.localhost"


def token_of(number: int, buyer: int) -> str:
    """Give the token of a buyer of one of the copies."""
    return f"bench-{number}-{buyer}"


async def with_copies(server: DatabaseServer, shop: Distributor, tenants: int) -> DatabaseServer:
    """Copy the database, and the distributor in it until there are so many; all in sets.

    Nobody may be connected to the original. The copies have the same ids in their rows as the first, which
    stand behind the tenant in every key; their people are the same people.

    Args:
        server: with the distributor.
        shop: the distributor.
        tenants: how many there are in the end.
    """
    copy = await clone_database(server, f"{server.database}_many")
    connection = await asyncpg.connect(copy.admin)
    try:
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        first = shop.tenant.info.id
        await connection.execute(
            "INSERT INTO tenant (slug, name, currency, timezone, locale, brand_colour, plan, created_at) "
            "SELECT 'among-' || n, 'Among ' || n, currency, timezone, locale, brand_colour, plan, created_at "
            "FROM tenant, generate_series(2, $1::integer) AS n WHERE tenant.id = $2",
            tenants, first,
        )  # fmt: skip
        await connection.execute(
            "INSERT INTO tenant_host (host, tenant_id) SELECT slug || '.localhost', id FROM tenant "
            "WHERE id <> $1",
            first,
        )
        for table in await _tables(connection):
            await _copy_rows(connection, table, first)
        for buyer, token in enumerate(shop.buyers):
            await _sessions(connection, buyer, hashlib.sha256(token.encode()).digest(), first)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return copy


async def _tables(connection: asyncpg.Connection) -> list[str]:
    rows = await connection.fetch(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid "
        "WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace AND a.attname = 'tenant_id' "
        "AND c.relrowsecurity"
    )
    return sorted({row["relname"] for row in rows} - _WITHOUT - {"tenant_host"})


async def _columns(connection: asyncpg.Connection, table: str) -> list[str]:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attname <> 'tenant_id' AND attgenerated = '' AND attidentity = '' ORDER BY attnum",
        table,
    )
    return [f'"{row["attname"]}"' for row in rows]


async def _copy_rows(connection: asyncpg.Connection, table: str, first: int) -> None:
    names = ", ".join(await _columns(connection, table))
    await connection.execute(
        f"INSERT INTO {table} (tenant_id, {names}) SELECT t.id, s.* FROM tenant t CROSS JOIN "
        f"(SELECT {names} FROM {table} WHERE tenant_id = {first}) s WHERE t.id <> {first}"
    )


async def _sessions(connection: asyncpg.Connection, buyer: int, token_hash: bytes, first: int) -> None:
    """Give a buyer a session at each copy, of the same kind as the one at the first."""
    names = [name for name in await _columns(connection, "session") if name not in {'"token_hash"', '"id"'}]
    listed = ", ".join(names)
    await connection.execute(
        f"INSERT INTO session (tenant_id, token_hash, id, {listed}) "
        f"SELECT t.id, sha256(convert_to('bench-' || substr(t.slug, 7) || '-{buyer}', 'UTF8')), "
        f"gen_random_uuid(), {', '.join(f's.{name}' for name in names)} "
        "FROM tenant t, session s WHERE t.id <> $1 AND s.tenant_id = $1 AND s.token_hash = $2",
        first, token_hash,
    )  # fmt: skip
