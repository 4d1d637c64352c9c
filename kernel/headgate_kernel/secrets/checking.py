"""Looks whether every sealed value opens where it stands, and under which keys they are."""

from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.errors import SecretUnreadable

from headgate_kernel.secrets.rotation import columns_of, count_stale, row_text, whose

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

BATCH = 500


class Inventory(msgspec.Struct):
    """What one tenant has sealed.

    Args:
        tenant_id: whose; 0 is the platform.
        keys: data keys, with those that were retired.
        values: how many are sealed, by `table.column`.
        stale: how many are not under the key in use.
        unreadable: places whose value does not open.
    """

    tenant_id: int
    keys: int = 0
    values: dict[str, int] = {}
    stale: int = 0
    unreadable: list[str] = []


async def take_inventory(kernel: "Kernel", tenant_id: int) -> Inventory:
    """Open every sealed value of a tenant once, and forget it."""
    found = Inventory(tenant_id)
    async with kernel.databases.platform_scope() as db:
        found.keys = await db.fetch_value("SELECT count(*) FROM data_key WHERE tenant_id = $1", tenant_id)
        found.stale = await count_stale(kernel, db, tenant_id)
    for column in columns_of(kernel, tenant_id):
        last = ""
        while True:
            async with kernel.databases.platform_scope() as db:
                rows = await db.fetch(
                    f"""
                    SELECT {row_text(column)} AS row, {column.column} AS sealed FROM {column.table}
                    WHERE {whose(column)} AND {row_text(column)} > $2 ORDER BY 1 LIMIT {BATCH}
                    """,  # noqa: S608 (names of columns are checked when they are declared)
                    tenant_id, last,
                )  # fmt: skip
                for row in rows:
                    last, place = row["row"], column.place(row["row"])
                    name = f"{column.table}.{column.column}"
                    found.values[name] = found.values.get(name, 0) + 1
                    try:
                        await kernel.secrets.reveal(
                            db, tenant_id=tenant_id, place=place, sealed=row["sealed"]
                        )
                    except SecretUnreadable:
                        found.unreadable.append(place)
            if not rows:
                break
    return found
