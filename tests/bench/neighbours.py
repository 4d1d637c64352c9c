"""The same page in a database with one tenant, and in a copy of it with hundreds."""

import asyncpg
from headgate_kernel.database.server import DatabaseServer
from headgate_sdk.testing.server import clone_database

from tests.bench.goods import Distributor
from tests.bench.load import drive
from tests.bench.measuring import Line, Sample, measure, rate_line
from tests.bench.pages import CLIENTS, PAGE, Places, page_request
from tests.bench.serving import Server

SHARE = 20
"""A neighbour has every twentieth of the goods."""
_TABLES = {
    "trade_category": "true",
    "trade_product": "id IN (SELECT product_id FROM carried)",
    "trade_sku": "id IN (SELECT id FROM carried)",
    "trade_sku_unit": "sku_id IN (SELECT id FROM carried)",
    "trade_price_list": "true",
    "trade_price_list_item": "sku_id IN (SELECT id FROM carried)",
    "trade_price_level": "true",
    "trade_customer_group": "true",
    "trade_customer": "true",
    "trade_customer_price": "sku_id IN (SELECT id FROM carried)",
    "trade_tracked_price": "sku_id IN (SELECT id FROM carried)",
    "trade_warehouse": "true",
    "trade_stock": "sku_id IN (SELECT id FROM carried)",
}


async def with_neighbours(server: DatabaseServer, shop: Distributor, tenants: int) -> DatabaseServer:
    """Copy the database and fill the copy with other tenants; nobody may be connected to the original."""
    copy = await clone_database(server, f"{server.database}_neighbours")
    connection = await asyncpg.connect(copy.admin)
    try:
        await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
        await connection.execute(
            "INSERT INTO tenant (slug, name, currency, timezone, locale, brand_colour, created_at) "
            "SELECT 'neighbour-' || n, 'Neighbour', currency, timezone, locale, brand_colour, created_at "
            "FROM tenant, generate_series(2, $1::integer) AS n WHERE tenant.id = $2",
            tenants, shop.tenant.info.id,
        )  # fmt: skip
        await connection.execute(
            "CREATE TEMP TABLE carried AS SELECT id, product_id FROM (SELECT id, product_id, "
            f"row_number() OVER (ORDER BY id) AS n FROM trade_sku) s WHERE n % {SHARE} = 0"
        )
        for table, which in _TABLES.items():
            await _copy_rows(connection, table, which, shop.tenant.info.id)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()
    return copy


async def _copy_rows(connection: asyncpg.Connection, table: str, which: str, tenant_id: int) -> None:
    rows = await connection.fetch(
        "SELECT attname FROM pg_attribute WHERE attrelid = $1::regclass AND attnum > 0 AND NOT attisdropped "
        "AND attname <> 'tenant_id' AND attgenerated = '' ORDER BY attnum",
        table,
    )
    columns = ", ".join(f"s.{row['attname']}" for row in rows)
    names = columns.replace("s.", "")
    await connection.execute(
        f"INSERT INTO {table} (tenant_id, {names}) SELECT t.id, {columns} FROM tenant t CROSS JOIN "
        f"(SELECT * FROM {table} WHERE tenant_id = {tenant_id} AND {which}) s WHERE t.id <> {tenant_id}"
    )


async def neighbour_line(
    alone: Server,
    among: Server,
    shop: Distributor,
    places: Places,
    *,
    tenants: int,
    rounds: int,
    seconds: float,
) -> Line:
    """Measure."""

    def page(server: Server) -> Sample:
        async def sample() -> float:
            load = await drive(
                server.port,
                lambda client: page_request(shop, places.json, client),
                clients=CLIENTS,
                seconds=seconds,
            )
            return load.rate

        return sample

    taken = await measure({"among": page(among), "alone": page(alone)}, rounds)
    what = f"page of {PAGE}, one of {tenants} tenants"
    return rate_line(what, taken["among"], taken["alone"], "the only tenant", at_least=0.9)
