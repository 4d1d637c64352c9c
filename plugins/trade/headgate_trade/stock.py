"""Stock: append-only movements, each tied to a document, and their projection, counted in base units.

`trade_stock` is only ever changed in the same statement that appends the movements, so that the sum of the
movements equals it at any moment; `stock_differences` tells where it does not.
"""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.quantity import MAX_BASE_QUANTITY

ReceiptKind = Literal["opening", "receipt", "return"]


class StockChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How many base units of a SKU come in; negative ones, where they are allowed, go out."""

    sku_id: UUID
    quantity: int


class StockLevel(msgspec.Struct, frozen=True):
    """Base units of a SKU in the default warehouse."""

    sku_id: UUID
    on_hand: int
    reserved: int

    @property
    def available(self) -> int:
        """What can still be promised."""
        return self.on_hand - self.reserved


class StockDifference(msgspec.Struct, frozen=True):
    """A projection that is not the sum of its movements: a fault of the program."""

    sku_id: UUID
    warehouse_id: UUID
    on_hand: int
    reserved: int
    moved_on_hand: int
    moved_reserved: int


async def default_warehouse(ctx: Context) -> UUID:
    """Give the id of the tenant's default warehouse; the first call makes it."""
    found: UUID | None = await ctx.db.fetch_value(
        "SELECT id FROM trade_warehouse WHERE tenant_id = $1 AND is_default", ctx.tenant.id
    )
    if found is not None:
        return found
    await ctx.db.execute(
        "INSERT INTO trade_warehouse (tenant_id, id, key, name, is_default) "
        "VALUES ($1, $2, 'main', $3, true) ON CONFLICT ON CONSTRAINT trade_warehouse_key DO NOTHING",
        ctx.tenant.id, new_id(), ctx.translate(N_("Main warehouse")),
    )  # fmt: skip
    made: UUID = await ctx.db.fetch_value(
        "SELECT id FROM trade_warehouse WHERE tenant_id = $1 AND key = 'main'", ctx.tenant.id
    )
    return made


async def stock_levels(ctx: Context, sku_ids: Sequence[UUID]) -> dict[UUID, StockLevel]:
    """Give the stock of a batch of SKUs; one without any is given as zero."""
    rows = await ctx.db.fetch_as(StockLevel, _LEVELS, ctx.tenant.id, list(sku_ids))
    found = {row.sku_id: row for row in rows}
    return {sku_id: found.get(sku_id) or StockLevel(sku_id, 0, 0) for sku_id in sku_ids}


async def available(ctx: Context, sku_ids: Sequence[UUID]) -> dict[UUID, int]:
    """Give what can be promised of a batch of SKUs, in base units."""
    return {sku_id: level.available for sku_id, level in (await stock_levels(ctx, sku_ids)).items()}


async def receive_stock(
    ctx: Context,
    rows: Sequence[StockChange],
    *,
    document_type: str,
    document_id: UUID,
    kind: ReceiptKind = "receipt",
) -> int:
    """Take goods in; a document's SKU that came in already is left alone, so that it can be sent again.

    Args:
        ctx: needs `trade.stock.write`.
        rows: base units by SKU, all above zero; several rows of one SKU are added up.
        document_type: what brings them, e.g. `delivery`.
        document_id: which one.
        kind: `opening` for what was there before the books, `return` for what a customer sent back.

    Returns:
        How many SKUs were taken in.

    Raises:
        InvalidFields: quantities that are zero, negative or absurdly large, unknown SKUs; names the rows.
    """
    ctx.require("trade.stock.write")
    await _check(ctx, rows, least=1)
    changes = _added_up(rows)
    if not changes:
        return 0
    return int(
        await ctx.db.fetch_value(
            _RECEIVE,
            ctx.tenant.id, await default_warehouse(ctx), list(changes), list(changes.values()),
            [new_id() for _ in changes], kind, document_type, document_id, ctx.clock.now(), ctx.actor.name,
        )
    )  # fmt: skip


async def adjust_stock(ctx: Context, rows: Sequence[StockChange], *, document_id: UUID | None = None) -> None:
    """Correct what is on hand, up or down, after a count or a breakage.

    Args:
        ctx: needs `trade.stock.write`.
        rows: base units to add or take away, by SKU.
        document_id: the count, for the movements; a SKU that it has corrected is left alone, so that it can
            be sent again.

    Raises:
        InvalidFields: absurdly large quantities, unknown SKUs; names the rows.
        Conflict: less would be left than is reserved for orders; names the rows, and nothing is changed.
    """
    ctx.require("trade.stock.write")
    await _check(ctx, rows, least=-MAX_BASE_QUANTITY)
    changes = {sku_id: delta for sku_id, delta in _added_up(rows).items() if delta}
    if not changes:
        return
    warehouse_id = await default_warehouse(ctx)
    async with ctx.db.savepoint():
        complete = await ctx.db.fetch_value(
            _ADJUST,
            ctx.tenant.id, warehouse_id, list(changes), list(changes.values()), [new_id() for _ in changes],
            document_id or new_id(), ctx.clock.now(), ctx.actor.name,
        )  # fmt: skip
        if not complete:
            raise await _too_little(ctx, rows, changes)
    await ctx.audit("trade.stock.adjusted", str(document_id or ""), rows=len(changes))


async def _check(ctx: Context, rows: Sequence[StockChange], *, least: int) -> None:
    known = {
        row["id"]
        for row in await ctx.db.fetch(
            "SELECT id FROM trade_sku WHERE tenant_id = $1 AND id = ANY($2::uuid[])",
            ctx.tenant.id, [row.sku_id for row in rows],
        )
    }  # fmt: skip
    problems: list[HeadgateError] = []
    for number, row in enumerate(rows, start=1):
        if row.sku_id not in known:
            problems.append(
                Invalid(N_("There is no such item. It may have been removed."), field="sku_id", row=number)
            )
        if not least <= row.quantity <= MAX_BASE_QUANTITY:
            problems.append(
                Invalid(
                    N_("The quantity must be at least {least} and at most {most}."),
                    field="quantity", row=number, least=least, most=MAX_BASE_QUANTITY,
                )
            )  # fmt: skip
    if problems:
        raise InvalidFields(problems)


async def _too_little(ctx: Context, rows: Sequence[StockChange], changes: dict[UUID, int]) -> Conflict:
    before = await stock_levels(ctx, list(changes))
    for number, row in enumerate(rows, start=1):
        # rows that were updated a moment ago, in the savepoint, show their new stock and fit as they are
        if changes[row.sku_id] < 0 and before[row.sku_id].available + changes[row.sku_id] < 0:
            return Conflict(
                N_("Only {available} can be taken away; {reserved} are reserved for orders."),
                field="quantity", row=number, available=before[row.sku_id].available,
                reserved=before[row.sku_id].reserved,
            )  # fmt: skip
    return Conflict(N_("The stock changed meanwhile. Look at it again and repeat the correction."))


def _added_up(rows: Sequence[StockChange]) -> dict[UUID, int]:
    """Add up by SKU, in the order in which stock rows are locked everywhere."""
    totals: dict[UUID, int] = {}
    for row in rows:
        totals[row.sku_id] = totals.get(row.sku_id, 0) + row.quantity
    return dict(sorted(totals.items()))


async def stock_differences(ctx: Context) -> list[StockDifference]:
    """Compare each projection with the sum of its movements; an empty list is the only right answer."""
    return await ctx.db.fetch_as(StockDifference, _DIFFERENCES, ctx.tenant.id)


_LEVELS = """
SELECT s.sku_id, s.on_hand, s.reserved
FROM trade_stock s
JOIN trade_warehouse w ON w.tenant_id = $1 AND w.id = s.warehouse_id AND w.is_default
WHERE s.tenant_id = $1 AND s.sku_id = ANY($2::uuid[])
"""

_RECEIVE = """
WITH coming AS MATERIALIZED (
    SELECT c.sku_id, c.quantity, c.movement_id
    FROM unnest($3::uuid[], $4::bigint[], $5::uuid[]) WITH ORDINALITY c(sku_id, quantity, movement_id, place)
    WHERE NOT EXISTS (
        SELECT FROM trade_stock_movement m
        WHERE m.tenant_id = $1 AND m.document_id = $8 AND m.document_type = $7 AND m.kind = $6
          AND m.sku_id = c.sku_id)
    ORDER BY c.place
), moved AS (
    INSERT INTO trade_stock_movement (tenant_id, id, warehouse_id, sku_id, kind, on_hand_delta,
                                      reserved_delta, document_type, document_id, at, actor)
    SELECT $1, movement_id, $2, sku_id, $6, quantity, 0, $7, $8, $9, $10 FROM coming
)
, stocked AS (
    INSERT INTO trade_stock AS s (tenant_id, warehouse_id, sku_id, on_hand)
    SELECT $1, $2, sku_id, quantity FROM coming
    ON CONFLICT (tenant_id, warehouse_id, sku_id) DO UPDATE SET on_hand = s.on_hand + excluded.on_hand
    RETURNING 1
)
SELECT count(*) FROM stocked
"""

# A correction upwards may be the first that is heard of a SKU; one downwards needs a row with enough in it.
_ADJUST = """
WITH change AS MATERIALIZED (
    SELECT *
    FROM unnest($3::uuid[], $4::bigint[], $5::uuid[]) WITH ORDINALITY c(sku_id, delta, movement_id, place)
    WHERE NOT EXISTS (
        SELECT FROM trade_stock_movement m
        WHERE m.tenant_id = $1 AND m.document_id = $6 AND m.document_type = 'count' AND m.sku_id = c.sku_id)
    ORDER BY c.place
), stocked AS (
    INSERT INTO trade_stock AS s (tenant_id, warehouse_id, sku_id, on_hand)
    SELECT $1, $2, sku_id, delta FROM change WHERE delta > 0
    ON CONFLICT (tenant_id, warehouse_id, sku_id) DO UPDATE SET on_hand = s.on_hand + excluded.on_hand
    RETURNING sku_id
), locked AS MATERIALIZED (
    SELECT s.sku_id, c.delta
    FROM trade_stock s JOIN change c ON c.sku_id = s.sku_id
    WHERE s.tenant_id = $1 AND s.warehouse_id = $2 AND c.delta < 0
    ORDER BY s.sku_id
    FOR NO KEY UPDATE OF s
), taken AS (
    UPDATE trade_stock s SET on_hand = s.on_hand + l.delta
    FROM locked l
    WHERE s.tenant_id = $1 AND s.warehouse_id = $2 AND s.sku_id = l.sku_id
      AND s.on_hand + l.delta >= s.reserved
    RETURNING s.sku_id
), done AS (
    SELECT sku_id FROM stocked UNION ALL SELECT sku_id FROM taken
), moved AS (
    INSERT INTO trade_stock_movement (tenant_id, id, warehouse_id, sku_id, kind, on_hand_delta,
                                      reserved_delta, document_type, document_id, at, actor)
    SELECT $1, c.movement_id, $2, c.sku_id, 'adjust', c.delta, 0, 'count', $6, $7, $8
    FROM change c JOIN done USING (sku_id)
)
SELECT (SELECT count(*) FROM done) = (SELECT count(*) FROM change)
"""

_DIFFERENCES = """
SELECT coalesce(s.sku_id, m.sku_id), coalesce(s.warehouse_id, m.warehouse_id),
       coalesce(s.on_hand, 0), coalesce(s.reserved, 0), coalesce(m.on_hand, 0), coalesce(m.reserved, 0)
FROM (SELECT warehouse_id, sku_id, on_hand, reserved FROM trade_stock WHERE tenant_id = $1) s
FULL JOIN (
    SELECT warehouse_id, sku_id, sum(on_hand_delta)::bigint AS on_hand,
           sum(reserved_delta)::bigint AS reserved
    FROM trade_stock_movement WHERE tenant_id = $1 GROUP BY warehouse_id, sku_id
) m ON m.warehouse_id = s.warehouse_id AND m.sku_id = s.sku_id
WHERE coalesce(s.on_hand, 0) <> coalesce(m.on_hand, 0) OR coalesce(s.reserved, 0) <> coalesce(m.reserved, 0)
ORDER BY 1
"""
