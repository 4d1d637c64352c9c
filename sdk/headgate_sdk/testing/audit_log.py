"""Fills an audit log with many entries at once, as if as many deeds had been done."""

from typing import Protocol


class CanExecute(Protocol):
    """A connection or a platform scope."""

    async def execute(self, sql: str, /, *args: object) -> str:
        """Run a statement."""
        ...


async def write_entries(db: CanExecute, tenant_id: int, count: int) -> None:
    """Write entries that wait to be sealed; the same ones for the same tenant."""
    await db.execute(
        """
        WITH made AS (
            INSERT INTO audit_entry (tenant_id, id, at, actor_name, action, subject, details, actor_kind,
                                     request_id, address)
            SELECT $1::int,
                   (lpad(to_hex(1700000000000 + n), 12, '0') || '7'
                    || substr(md5(n::text || $1::int), 1, 19))::uuid,
                   timestamptz '2026-01-01' + n * interval '1 second', '销售员 ' || n % 7,
                   'trade.prices.set', 'price list', jsonb_build_object('before', n, 'after', n + 1),
                   'staff', 'request-' || n, '192.0.2.1'
            FROM generate_series(1, $2::int) n RETURNING id
        )
        INSERT INTO audit_unsealed (tenant_id, entry_id) SELECT $1::int, id FROM made
        """,
        tenant_id, count,
    )  # fmt: skip
