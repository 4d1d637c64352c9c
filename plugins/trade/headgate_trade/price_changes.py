"""Setting prices in batches, by SKU and unit: on price lists, for customers, or as last traded elsewhere."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk.audit import MOST, many_changes
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.money import check_price

from headgate_trade.catalogue_input import SaveResult


class PriceListItem(msgspec.Struct, frozen=True):
    """A price on a price list; without a price, the item is taken off the list."""

    price_list_id: UUID
    sku_id: UUID
    unit: str
    price: Decimal | None


class CustomerPrice(msgspec.Struct, frozen=True):
    """A price fixed for a customer; without a price, the customer loses it."""

    customer_id: UUID
    sku_id: UUID
    unit: str
    price: Decimal | None


class TrackedPrice(msgspec.Struct, frozen=True):
    """The price at which a customer last traded, as another system knows it."""

    customer_id: UUID
    sku_id: UUID
    unit: str
    price: Decimal
    traded_at: datetime


async def set_price_list_items(ctx: Context, rows: Sequence[PriceListItem]) -> SaveResult:
    """Set, alter or remove prices of price lists.

    Raises:
        InvalidFields: rows (one-based) with a bad price, an unknown list or SKU, a unit that the SKU is not
            sold in, or the same item twice; nothing is changed then.
    """
    return await _set(ctx, rows, "trade_price_list_item", "price_list_id", "trade_price_list")


async def set_customer_price(ctx: Context, rows: Sequence[CustomerPrice]) -> SaveResult:
    """Set, alter or remove prices fixed for customers.

    Raises:
        InvalidFields: as for `set_price_list_items`.
    """
    return await _set(ctx, rows, "trade_customer_price", "customer_id", "trade_customer")


async def import_tracked(ctx: Context, rows: Sequence[TrackedPrice]) -> SaveResult:
    """Take over last prices from another system; a later one that we know already is kept.

    Raises:
        InvalidFields: as for `set_price_list_items`.
    """
    ctx.require("trade.prices.write")
    await _check(ctx, rows, "customer_id", "trade_customer")
    written = await ctx.db.fetch(
        """
        WITH given AS (
            SELECT * FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::timestamptz[])
                AS r(customer_id, sku_id, unit, price, traded_at)
        ), old AS (
            SELECT t.customer_id, t.sku_id, t.unit FROM trade_tracked_price t
            JOIN given r USING (customer_id, sku_id, unit) WHERE t.tenant_id = $1
        ), done AS (
            INSERT INTO trade_tracked_price AS t (tenant_id, customer_id, sku_id, unit, price, traded_at)
            SELECT $1, r.* FROM given r
            ON CONFLICT (tenant_id, customer_id, sku_id, unit) DO UPDATE
                SET price = excluded.price, traded_at = excluded.traded_at, order_id = NULL
                WHERE excluded.traded_at > t.traded_at
            RETURNING t.customer_id, t.sku_id, t.unit
        )
        SELECT old.unit IS NOT NULL FROM done LEFT JOIN old USING (customer_id, sku_id, unit)
        """,
        ctx.tenant.id, *_keys(rows, "customer_id"),
        [row.price for row in rows], [row.traded_at for row in rows],
    )  # fmt: skip
    changed = sum(row[0] for row in written)
    return SaveResult(len(written) - changed, changed, len(rows) - len(written))


_Row = PriceListItem | CustomerPrice | TrackedPrice


async def _set(
    ctx: Context,
    rows: Sequence[PriceListItem | CustomerPrice],
    table: str,
    owner: str,
    owners: str,
) -> SaveResult:
    ctx.require("trade.prices.write")
    await _check(ctx, rows, owner, owners)
    before = {
        (row[0], row[1], row[2]): row[3]
        for row in await ctx.db.fetch(
            f"""
            SELECT p.{owner}, p.sku_id, p.unit, p.price FROM {table} p
            JOIN unnest($2::uuid[], $3::uuid[], $4::text[]) AS r(owner, sku_id, unit)
                ON p.{owner} = r.owner AND p.sku_id = r.sku_id AND p.unit = r.unit
            WHERE p.tenant_id = $1
            """,  # noqa: S608 (names of our own tables)
            ctx.tenant.id, *_keys(rows, owner),
        )
    }  # fmt: skip
    writes: list[PriceListItem | CustomerPrice] = []
    removals: list[PriceListItem | CustomerPrice] = []
    created = 0
    for row in rows:
        old = before.get((getattr(row, owner), row.sku_id, row.unit))
        if row.price is None and old is not None:
            removals.append(row)
        elif row.price is not None and row.price != old:
            writes.append(row)
            created += old is None
    if removals:
        await ctx.db.execute(
            f"""
            DELETE FROM {table} p USING unnest($2::uuid[], $3::uuid[], $4::text[]) AS r(owner, sku_id, unit)
            WHERE p.tenant_id = $1 AND p.{owner} = r.owner AND p.sku_id = r.sku_id AND p.unit = r.unit
            """,  # noqa: S608
            ctx.tenant.id, *_keys(removals, owner),
        )  # fmt: skip
    if writes:
        await ctx.db.execute(
            f"""
            INSERT INTO {table} (tenant_id, {owner}, sku_id, unit, price, changed_at, changed_by)
            SELECT $1, r.*, $6, $7 FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::numeric[]) AS r
            ON CONFLICT (tenant_id, {owner}, sku_id, unit) DO UPDATE
                SET price = excluded.price, changed_at = excluded.changed_at, changed_by = excluded.changed_by
            """,  # noqa: S608
            ctx.tenant.id, *_keys(writes, owner), [row.price for row in writes], ctx.clock.now(),
            ctx.actor.name,
        )  # fmt: skip
    changed = len(writes) - created + len(removals)
    if writes or removals:
        await _audit(ctx, [*writes, *removals], before, owner, owners, created=created, changed=changed)
    return SaveResult(created, changed, len(rows) - created - changed)


async def _audit(
    ctx: Context,
    rows: Sequence[PriceListItem | CustomerPrice],
    before: Mapping[tuple[UUID, UUID, str], Decimal],
    owner: str,
    owners: str,
    **counts: int,
) -> None:
    """Tell the log which prices were set, by names that people know."""
    first = rows[:MOST]
    names = await ctx.db.fetch(
        f"""
        SELECT o.name, s.code FROM unnest($2::uuid[], $3::uuid[]) WITH ORDINALITY AS r(owner, sku_id, ord)
        JOIN {owners} o ON o.tenant_id = $1 AND o.id = r.owner
        JOIN trade_sku s ON s.tenant_id = $1 AND s.id = r.sku_id ORDER BY r.ord
        """,  # noqa: S608 (names of our own tables)
        ctx.tenant.id, *_keys(first, owner)[:2],
    )  # fmt: skip
    whose = {getattr(row, owner) for row in rows}
    changes = [
        (
            f"{'' if len(whose) == 1 else name + ' · '}{code} {row.unit}",
            before.get((getattr(row, owner), row.sku_id, row.unit)),
            row.price,
        )
        for row, (name, code) in zip(first, names, strict=True)
    ]
    if len(rows) > len(first):
        counts["more"] = len(rows) - len(first)
    subject = names[0]["name"] if len(whose) == 1 else owners
    await ctx.audit("trade.prices.set", subject, **many_changes(changes), **counts)


def _keys(rows: Sequence[_Row], owner: str) -> tuple[list[UUID], list[UUID], list[str]]:
    return [getattr(row, owner) for row in rows], [row.sku_id for row in rows], [row.unit for row in rows]


async def _check(ctx: Context, rows: Sequence[_Row], owner: str, owners: str) -> None:
    problems: list[HeadgateError] = []
    seen: set[tuple[UUID, UUID, str]] = set()
    known = await ctx.db.fetch(
        f"""
        SELECT o.id IS NOT NULL, s.id IS NOT NULL, u.name IS NOT NULL
        FROM unnest($2::uuid[], $3::uuid[], $4::text[]) WITH ORDINALITY AS r(owner, sku_id, unit, ord)
        LEFT JOIN {owners} o ON o.tenant_id = $1 AND o.id = r.owner
        LEFT JOIN trade_sku s ON s.tenant_id = $1 AND s.id = r.sku_id
        LEFT JOIN trade_sku_unit u ON u.tenant_id = $1 AND u.sku_id = r.sku_id AND u.name = r.unit
        ORDER BY r.ord
        """,  # noqa: S608
        ctx.tenant.id, *_keys(rows, owner),
    )  # fmt: skip
    for number, (row, (has_owner, has_sku, has_unit)) in enumerate(zip(rows, known, strict=True), 1):
        key = (getattr(row, owner), row.sku_id, row.unit)
        if not has_owner:
            problems.append(Invalid(N_("There is no such price list or customer."), field=owner, row=number))
        elif not has_sku:
            problems.append(Invalid(N_("There is no such item."), field="sku_id", row=number))
        elif not has_unit:
            problems.append(
                Invalid(N_("The item is not sold by '{unit}'."), field="unit", row=number, unit=row.unit)
            )
        elif key in seen:
            problems.append(
                Invalid(N_("This item and unit is listed twice. Leave one out."), field="sku_id", row=number)
            )
        else:
            problems.extend(_price_problem(row.price, number))
        seen.add(key)
    if problems:
        raise InvalidFields(problems)


def _price_problem(price: Decimal | None, row: int) -> list[HeadgateError]:
    if price is None:
        return []
    try:
        check_price(price, row=row)
    except Invalid as problem:
        return [problem]
    return []
