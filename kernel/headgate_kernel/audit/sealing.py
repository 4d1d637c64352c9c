"""Links committed entries into their tenant's chain.

Entries are written unlinked, so that no deed waits for another. A sealer takes them later, in the order of
their ids; one whose transaction commits late is simply taken late. The chain lies in a table of its own,
whose rows nobody changes: number, entry and hash, where the hash covers the hash before it.
"""

import hashlib

from headgate_sdk.database import Database

from headgate_kernel.audit.entries import GENESIS, TEXT, table_of
from headgate_kernel.database.database import Databases

BATCH = 2_000
_LOCK = 7226005


async def seal_all(databases: Databases, *, batch: int = BATCH) -> int:
    """Seal everything that waits, of all tenants and of the platform, each batch in its own transaction.

    Returns:
        How many entries were sealed.
    """
    async with databases.platform_scope() as db:
        rows = await db.fetch("SELECT DISTINCT tenant_id FROM audit_unsealed ORDER BY tenant_id")
    return sum([await seal_chain(databases, row["tenant_id"], batch=batch) for row in rows])


async def seal_chain(databases: Databases, tenant_id: int, *, batch: int = BATCH) -> int:
    """Seal what waits of one tenant (0 is the platform); nothing where another sealer is at it.

    Returns:
        How many entries were sealed.
    """
    sealed = 0
    while True:
        async with databases.platform_scope() as db:
            linked, more = await _seal_batch(db, tenant_id, batch)
        sealed += linked
        if not more:
            return sealed


async def _seal_batch(db: Database, tenant_id: int, batch: int) -> tuple[int, bool]:
    """Seal one batch; gives how many were linked, and whether more may wait."""
    if not await db.fetch_value("SELECT pg_try_advisory_xact_lock($1, $2)", _LOCK, tenant_id):
        return 0, False
    head = await db.fetch_row(
        "SELECT seq, hash FROM audit_seal WHERE tenant_id = $1 ORDER BY seq DESC LIMIT 1", tenant_id
    )
    seq, chained = (head["seq"], bytes(head["hash"])) if head else (0, GENESIS)
    table, ours = table_of(tenant_id)
    rows = await db.fetch(
        f"""
        SELECT w.entry_id, e.text
        FROM audit_unsealed w CROSS JOIN LATERAL (
            SELECT {TEXT} AS text FROM {table} e WHERE {ours} AND e.id = w.entry_id OFFSET 0
        ) e
        WHERE w.tenant_id = $1 ORDER BY w.entry_id LIMIT $2
        """,  # noqa: S608 (names of our own)
        tenant_id, batch,
    )  # fmt: skip
    noted = [row["entry_id"] for row in rows]
    twice = await db.fetch(
        "SELECT entry_id FROM audit_seal WHERE tenant_id = $1 AND entry_id = ANY($2)", tenant_id, noted
    )
    known = {row["entry_id"] for row in twice}  # a log that was brought in from elsewhere
    ids, numbers, hashes = [], [], []
    for row in rows:
        if row["entry_id"] in known:
            continue
        seq += 1
        chained = link(chained, row["text"])
        ids.append(row["entry_id"])
        numbers.append(seq)
        hashes.append(chained)
    await db.execute(
        """
        INSERT INTO audit_seal (tenant_id, seq, entry_id, hash)
        SELECT $1, * FROM unnest($2::bigint[], $3::uuid[], $4::bytea[])
        """,
        tenant_id, numbers, ids, hashes,
    )  # fmt: skip
    # exactly these: others may have come meanwhile, and a note without its entry is left for verification
    await db.execute(
        "DELETE FROM audit_unsealed WHERE tenant_id = $1 AND entry_id = ANY($2)", tenant_id, noted
    )
    return len(ids), len(noted) == batch


def link(before: bytes, text: str) -> bytes:
    """Give the hash of an entry, from the hash before it and the entry's text."""
    return hashlib.sha256(before + text.encode()).digest()
