"""Changes keys while the system runs: new data keys with everything sealed anew, a new master key.

Each step looks for what is left to do, so that one which was interrupted is taken up by running it again.
"""

from typing import TYPE_CHECKING, Any

import msgspec
from headgate_sdk.context import SYSTEM, Actor
from headgate_sdk.database import Database, Record
from headgate_sdk.errors import SecretUnreadable
from headgate_sdk.secrets import SealedColumn

from headgate_kernel.audit import append_platform_entry
from headgate_kernel.secrets.data_keys import key_context
from headgate_kernel.secrets.envelope import HEADER_BYTES, VERSION
from headgate_kernel.secrets.master_key import WrappedKey

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

BATCH = 200
_LOCK = 7226006


class Rotation(msgspec.Struct):
    """What was done for one tenant.

    Args:
        resumed: an earlier one was finished instead of making another key.
        resealed: values that were sealed anew.
        unreadable: places whose value does not open, which stay as they are.
    """

    resumed: bool = False
    resealed: int = 0
    unreadable: list[str] = []


async def tenants_with_keys(kernel: "Kernel") -> list[int]:
    """Give the numbers of those who have data keys; 0 is the platform."""
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT DISTINCT tenant_id FROM data_key ORDER BY tenant_id")
    return [row["tenant_id"] for row in rows]


async def rotate_data_key(kernel: "Kernel", tenant_id: int, *, actor: Actor = SYSTEM) -> Rotation:
    """Give a tenant a new data key and seal all its values with it; the old key stays for reading.

    A rotation that was interrupted is finished, without making yet another key.

    Args:
        kernel: of the process.
        tenant_id: whose; 0 is the platform.
        actor: who does it, for the platform's log.
    """
    rotation = Rotation()
    await reseal(kernel, tenant_id, rotation)
    rotation.resumed = rotation.resealed > 0
    if not rotation.resumed:
        async with kernel.databases.platform_scope() as db:
            await db.execute("SELECT pg_advisory_xact_lock($1, $2)", _LOCK, tenant_id)
            await db.execute(
                "UPDATE data_key SET retired_at = $2 WHERE tenant_id = $1 AND retired_at IS NULL",
                tenant_id, kernel.clock.now(),
            )  # fmt: skip
            await kernel.secrets.keys.make(db, tenant_id)
            slug = await db.fetch_value("SELECT slug FROM tenant WHERE id = $1", tenant_id)
            await append_platform_entry(
                db, actor=actor, action="secrets.rotate", subject=slug or "platform", details={},
                now=kernel.clock.now(),
            )  # fmt: skip
        kernel.secrets.keys.forget(tenant_id)
        rotation.unreadable.clear()
        await reseal(kernel, tenant_id, rotation)
    return rotation


async def reseal(kernel: "Kernel", tenant_id: int, rotation: Rotation) -> None:
    """Seal anew, in batches, whatever is not under the key in use."""
    for column in columns_of(kernel, tenant_id):
        unreadable: list[str] = []
        while True:
            async with kernel.databases.platform_scope() as db:
                rows = await db.fetch(_batch_of(column), tenant_id, unreadable)
                for row in rows:
                    if await _reseal_row(kernel, db, tenant_id, column, row):
                        rotation.resealed += 1
                    else:
                        unreadable.append(row["row"])
            if not rows:
                break
        rotation.unreadable += [column.place(row) for row in unreadable]


async def count_stale(kernel: "Kernel", db: Database, tenant_id: int) -> int:
    """Count values that are not sealed with the key in use."""
    return sum(
        [
            await db.fetch_value(
                f"SELECT count(*) FROM {column.table} WHERE {_stale(column)}",  # noqa: S608 (as below)
                tenant_id,
            )
            for column in columns_of(kernel, tenant_id)
        ]
    )


def columns_of(kernel: "Kernel", tenant_id: int) -> list[SealedColumn]:
    """Give the columns that hold values of the platform, or of tenants."""
    return [column for column in kernel.secrets.columns if column.platform == (tenant_id == 0)]


def whose(column: SealedColumn) -> str:
    """Give the predicate that picks a tenant's rows by `$1`."""
    return f"$1::integer = 0 AND {column.column} IS NOT NULL" if column.platform else (
        f"tenant_id = $1 AND {column.column} IS NOT NULL"
    )  # fmt: skip


def row_text(column: SealedColumn) -> str:
    """Give the SQL of a row's part of its place."""
    return f"concat_ws('/', {', '.join(f'{part}::text' for part in column.key)})"


async def rewrap_data_keys(kernel: "Kernel", *, actor: Actor = SYSTEM) -> int:
    """Wrap all data keys with the newest master key; makes one where this installation makes its own.

    A change that was interrupted is finished, without making yet another key.

    Args:
        kernel: of the process.
        actor: who does it, for the platform's log.

    Returns:
        How many data keys were wrapped anew.
    """
    master = kernel.secrets.keys.master_key
    if not await _wrapped_otherwise(kernel):
        await master.renew()
    rewrapped = 0
    for tenant_id, key_id, wrapped in await _wrapped_otherwise(kernel):
        context = key_context(tenant_id, key_id)
        anew = await master.wrap(await master.unwrap(wrapped, context), context)
        async with kernel.databases.platform_scope() as db:
            await db.execute(
                """
                UPDATE data_key SET wrapped = $3, master_key_id = $4
                WHERE tenant_id = $1 AND id = $2 AND wrapped = $5
                """,
                tenant_id, key_id, anew.data, anew.master_key_id, wrapped.data,
            )  # fmt: skip
        rewrapped += 1
    if rewrapped:
        async with kernel.databases.platform_scope() as db:
            await append_platform_entry(
                db, actor=actor, action="secrets.rotate_master", subject="platform",
                details={"data_keys": rewrapped}, now=kernel.clock.now(),
            )  # fmt: skip
    return rewrapped


async def _wrapped_otherwise(kernel: "Kernel") -> list[tuple[int, Any, WrappedKey]]:
    """Give the data keys that another master key has wrapped than the one in use."""
    probe = await kernel.secrets.keys.master_key.wrap(bytes(32), {"probe": "in use"})
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT tenant_id, id, wrapped, master_key_id FROM data_key WHERE master_key_id <> $1 "
            "ORDER BY tenant_id, id",
            probe.master_key_id,
        )
    return [
        (row["tenant_id"], row["id"], WrappedKey(row["master_key_id"], bytes(row["wrapped"]))) for row in rows
    ]


def _stale(column: SealedColumn) -> str:
    return f"""{whose(column)} AND NOT EXISTS (
        SELECT FROM data_key k WHERE k.tenant_id = $1 AND k.retired_at IS NULL
            AND substring({column.table}.{column.column} FROM 1 FOR {HEADER_BYTES})
                = decode('{VERSION:02x}', 'hex') || uuid_send(k.id))"""  # noqa: S608 (as below)


def _batch_of(column: SealedColumn) -> str:
    return f"""
        SELECT {row_text(column)} AS row, {column.column} AS sealed, {", ".join(column.key)}
        FROM {column.table} WHERE {_stale(column)} AND NOT {row_text(column)} = ANY($2::text[]) LIMIT {BATCH}
        """  # noqa: S608 (names of columns are checked when they are declared)


async def _reseal_row(
    kernel: "Kernel", db: Database, tenant_id: int, column: SealedColumn, row: Record
) -> bool:
    """Seal one value anew; false where it does not open."""
    place, sealed = column.place(row["row"]), bytes(row["sealed"])
    try:
        value = await kernel.secrets.reveal(db, tenant_id=tenant_id, place=place, sealed=sealed)
    except SecretUnreadable:
        return False
    anew = await kernel.secrets.seal(db, tenant_id=tenant_id, place=place, value=value)
    same_row = " AND ".join(f"{part} = ${number}" for number, part in enumerate(column.key, 4))
    # not if somebody entered another one meanwhile: that one is sealed already
    await db.execute(
        f"UPDATE {column.table} SET {column.column} = $2 "  # noqa: S608 (as above)
        f"WHERE {whose(column)} AND {column.column} = $3 AND {same_row}",
        tenant_id, anew, sealed, *(row[part] for part in column.key),
    )  # fmt: skip
    return True
