from headgate_kernel.database.drift import find_drift
from headgate_kernel.database.engine import HeadgateEngine, bind_tables
from headgate_kernel.database.pool import connect
from headgate_sdk.tables import TenantTable
from piccolo.columns import (
    JSONB,
    UUID,
    Array,
    BigInt,
    Boolean,
    Bytea,
    Date,
    Integer,
    Numeric,
    SmallInt,
    Text,
    Timestamptz,
    Varchar,
)
from piccolo.table import Table

GOOD = """
CREATE TABLE good (tenant_id integer NOT NULL, id uuid NOT NULL, name text NOT NULL,
    short varchar(20) NOT NULL,
    price numeric(18,6) NOT NULL, free numeric,
    stock integer NOT NULL, many bigint NOT NULL, few smallint NOT NULL,
    at timestamptz NOT NULL, day date, data jsonb NOT NULL, tags text[] NOT NULL, raw bytea NOT NULL,
    is_on boolean NOT NULL, PRIMARY KEY (tenant_id, id))
"""


class Good(TenantTable, Table, tablename="good"):
    id = UUID(primary_key=True)
    name = Text()
    short = Varchar(20)
    price = Numeric((18, 6))
    free = Numeric(null=True, default=None)
    stock = Integer()
    many = BigInt()
    few = SmallInt()
    at = Timestamptz()
    day = Date(null=True, default=None)
    data = JSONB()
    tags = Array(base_column=Text())
    raw = Bytea()
    is_on = Boolean()


class Drifted(TenantTable, Table, tablename="good"):
    id = UUID(primary_key=True)
    name = Integer()
    short = Varchar(20, null=True)
    price = Numeric((14, 4))
    invented = Text()


class Absent(TenantTable, Table, tablename="absent"):
    id = UUID(primary_key=True)


bind_tables(HeadgateEngine(), [Good, Drifted, Absent])


async def test_classes_are_held_against_the_database(empty_database):
    connection = await connect(empty_database.admin)
    try:
        await connection.execute(GOOD)
        same = await find_drift(connection, [Good])
        drifted = await find_drift(connection, [Drifted, Absent])
    finally:
        await connection.close()

    assert same == []
    assert "absent: the class Absent has no table. Write a migration that makes it." in drifted
    assert "good.name: the class says integer, the database text." in drifted
    assert "good.short: the class says nullable, the database NOT NULL." in drifted
    assert "good.price: the class says numeric(14,4), the database numeric(18,6)." in drifted
    assert "good.invented: in the class, not in the database." in drifted
    assert "good.tags: in the database, not in the class." in drifted
