"""What orders hold of the stock, and how it ends: issued when the goods leave, released when they do not.

Placing reserves in the writing statement of `order_writer`. Both ends read what is still reserved for the
documents and take back exactly that, so that doing it again changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.ids import new_id

Ending = Literal["issue", "release"]


async def end_reservations(
    ctx: Context, document_ids: Sequence[UUID], kind: Ending, *, at: datetime, actor: str
) -> int:
    """Issue or release what is still reserved for the documents.

    Args:
        ctx: the unit of work; its workflow has locked the documents.
        document_ids: of orders.
        kind: `issue` takes it off the stock, `release` gives it back.
        at: when.
        actor: who, as it is kept.

    Returns:
        How many movements were made.
    """
    rows = await ctx.db.fetch(_OPEN, ctx.tenant.id, list(document_ids))
    if not rows:
        return 0
    documents, warehouses, skus, quantities = (list(column) for column in zip(*rows, strict=True))
    leaving = quantities if kind == "issue" else [0] * len(quantities)
    await ctx.db.execute(
        _END,
        ctx.tenant.id, [new_id() for _ in rows], documents, warehouses, skus, quantities, leaving, kind, at,
        actor,
    )  # fmt: skip
    return len(rows)


_OPEN = """
SELECT document_id, warehouse_id, sku_id, sum(reserved_delta)::bigint
FROM trade_stock_movement
WHERE tenant_id = $1 AND document_id = ANY($2::uuid[]) AND document_type = 'order'
GROUP BY document_id, warehouse_id, sku_id
HAVING sum(reserved_delta) <> 0
ORDER BY sku_id
"""

_END = """
WITH ending AS MATERIALIZED (
    SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::uuid[], $5::uuid[], $6::bigint[], $7::bigint[])
        AS e(id, document_id, warehouse_id, sku_id, reserved, leaving)
), moved AS (
    INSERT INTO trade_stock_movement (tenant_id, id, warehouse_id, sku_id, kind, on_hand_delta,
                                      reserved_delta, document_type, document_id, at, actor)
    SELECT $1, id, warehouse_id, sku_id, $8, -leaving, -reserved, 'order', document_id, $9, $10 FROM ending
    RETURNING 1
), total AS MATERIALIZED (
    SELECT warehouse_id, sku_id, sum(reserved)::bigint AS reserved, sum(leaving)::bigint AS leaving
    FROM ending GROUP BY warehouse_id, sku_id
), locked AS MATERIALIZED (
    SELECT t.*
    FROM trade_stock s
    JOIN total t ON t.warehouse_id = s.warehouse_id AND t.sku_id = s.sku_id
    WHERE s.tenant_id = $1 AND (SELECT count(*) FROM moved) > 0
    ORDER BY s.warehouse_id, s.sku_id
    FOR NO KEY UPDATE OF s
)
UPDATE trade_stock s SET on_hand = s.on_hand - l.leaving, reserved = s.reserved - l.reserved
FROM locked l
WHERE s.tenant_id = $1 AND s.warehouse_id = l.warehouse_id AND s.sku_id = l.sku_id
"""
