"""Changing the catalogue: SKUs are saved in batches by code, with one statement for each table."""

from collections.abc import Sequence
from uuid import UUID

import msgspec
from headgate_sdk.audit import MOST, many_changes
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_trade.attribute_values import differing, read_wanted, write_values
from headgate_trade.catalogue_input import (
    Fingerprint,
    SaveResult,
    SkuInput,
    UnitInput,
    all_units,
    check_sku,
    code_taken,
    fingerprint,
)
from headgate_trade.categories import save_categories
from headgate_trade.search_index import IndexedSku, write_index

FIELDS = (
    "name", "spec", "category", "base_unit", "base_price", "barcode", "maker_code", "description", "stocked",
    "status", "min_quantity", "multiple", "units",
)  # fmt: skip
"""Names of what a fingerprint holds, for the audit log."""


async def save_skus(ctx: Context, rows: Sequence[SkuInput]) -> SaveResult:
    """Create or alter SKUs by code, with their units, products, categories and search words.

    Raises:
        InvalidFields: rows (one-based) that cannot be saved; nothing is saved then.
    """
    ctx.require("trade.catalogue.write")
    _check_batch(rows)
    wanted, problems = await read_wanted(ctx, rows)
    if problems:
        raise InvalidFields(problems)
    existing = await _existing(ctx, [sku.code for sku in rows])
    retold = await differing(ctx, wanted)
    changed = [
        sku
        for sku in rows
        if sku.code in existing and (sku.code in retold or _differs(sku, existing[sku.code]))
    ]
    created = [sku for sku in rows if sku.code not in existing]
    recounted = {
        sku.code: number
        for number, sku in enumerate(rows, 1)
        if sku.code in existing and existing[sku.code][3] != sku.base_unit
    }
    await _refuse_recounting(ctx, recounted)
    if writes := created + changed:
        await write_values(ctx, wanted, await _write(ctx, writes))
        await ctx.audit(
            "trade.catalogue.saved",
            writes[0].code if len(writes) == 1 else "",
            **many_changes(
                change
                for sku in changed[:MOST]
                for change in _field_changes(sku, existing[sku.code], alone=len(writes) == 1)
            ),
            created=len(created),
            changed=len(changed),
        )
    return SaveResult(len(created), len(changed), len(rows) - len(writes))


async def stop_sku(ctx: Context, sku_id: UUID) -> None:
    """Take a SKU off sale; orders under way keep it."""
    await _set_status(ctx, sku_id, "stopped")


async def activate_sku(ctx: Context, sku_id: UUID) -> None:
    """Put a SKU on sale again."""
    await _set_status(ctx, sku_id, "active")


async def set_product_image(ctx: Context, product_id: UUID, image_id: UUID | None) -> None:
    """Show another picture, kept by `ctx.store_file`, with all SKUs of a product; None shows none."""
    ctx.require("trade.catalogue.write")
    product = await ctx.db.fetch_row(
        """
        UPDATE trade_product p SET image_id = $3
        FROM (SELECT image_id, name FROM trade_product WHERE tenant_id = $1 AND id = $2 FOR UPDATE) was
        WHERE p.tenant_id = $1 AND p.id = $2 RETURNING was.name, was.image_id
        """,
        ctx.tenant.id, product_id, image_id,
    )  # fmt: skip
    if product is None:
        raise NotFound(N_("There is no such product."))
    await ctx.audit("trade.product.image_set", product["name"], before=product["image_id"], after=image_id)


async def _set_status(ctx: Context, sku_id: UUID, status: str) -> None:
    ctx.require("trade.catalogue.write")
    before = await ctx.db.fetch_value(
        "SELECT status FROM trade_sku WHERE tenant_id = $1 AND id = $2 FOR UPDATE", ctx.tenant.id, sku_id
    )
    found = await ctx.db.fetch_as(
        IndexedSku,
        """
        UPDATE trade_sku SET status = $3, changed_at = $4 WHERE tenant_id = $1 AND id = $2
        RETURNING id, name, spec, code, maker_code, barcode, status
        """,
        ctx.tenant.id, sku_id, status, ctx.clock.now(),
    )  # fmt: skip
    if not found:
        raise NotFound(N_("There is no such item."))
    await write_index(ctx, found)
    if before != status:
        await ctx.audit("trade.sku.status_set", found[0].code, before=before, after=status)


def _field_changes(sku: SkuInput, existing: Fingerprint, *, alone: bool) -> list[tuple[str, object, object]]:
    """Tell the log what of a SKU changes; a description that is left out stays as it is."""
    return [
        (name if alone else f"{sku.code} {name}", _plain(was), _plain(now))
        for name, was, now in zip(FIELDS, existing, fingerprint(sku), strict=True)
        if name != "description" or sku.description
    ]


def _plain(value: object) -> object:
    """Write units as people do: `盒 200/1`."""
    if isinstance(value, tuple):
        return ", ".join(f"{unit.name} {unit.num}/{unit.den}" for unit in value)
    return value


def _check_batch(rows: Sequence[SkuInput]) -> None:
    problems: list[HeadgateError] = []
    first_row: dict[str, int] = {}
    for number, sku in enumerate(rows, 1):
        try:
            check_sku(sku, row=number)
        except Invalid as problem:
            problems.append(problem)
        first = first_row.setdefault(sku.code, number)
        if first != number:
            problems.append(code_taken(sku.code, number, first))
    if problems:
        raise InvalidFields(problems)


def _differs(sku: SkuInput, existing: Fingerprint) -> bool:
    wished = fingerprint(sku)
    if not sku.description:
        wished = (*wished[:7], existing[7], *wished[8:])
    return wished != existing


_decode_units = msgspec.json.Decoder(list[tuple[str, int, int, bool]]).decode


async def _existing(ctx: Context, codes: list[str]) -> dict[str, Fingerprint]:
    rows = await ctx.db.fetch(
        """
        SELECT s.code, s.name, s.spec, c.name, s.base_unit, s.base_price, s.barcode, s.maker_code,
               p.description, s.stocked, s.status, s.min_quantity, s.multiple,
               (SELECT jsonb_agg(jsonb_build_array(u.name, u.num, u.den, u.is_default) ORDER BY u.sort)
                FROM trade_sku_unit u WHERE u.tenant_id = $1 AND u.sku_id = s.id)
        FROM trade_sku s
        JOIN trade_category c ON c.tenant_id = $1 AND c.id = s.category_id
        JOIN trade_product p ON p.tenant_id = $1 AND p.id = s.product_id
        WHERE s.tenant_id = $1 AND s.code = ANY($2::text[])
        """,
        ctx.tenant.id, codes,
    )  # fmt: skip
    found: dict[str, Fingerprint] = {}
    for row in rows:
        code, *plain, units = row
        found[code] = (*plain, tuple(UnitInput(*unit) for unit in _decode_units(units)))
    return found


async def _refuse_recounting(ctx: Context, rows: dict[str, int]) -> None:
    """Stock is counted in the base unit, so that may not change once anything was moved."""
    if not rows:
        return
    codes = await ctx.db.fetch(
        """
        SELECT s.code FROM trade_sku s WHERE s.tenant_id = $1 AND s.code = ANY($2::text[]) AND EXISTS (
            SELECT FROM trade_stock_movement m WHERE m.tenant_id = $1 AND m.sku_id = s.id)
        """,
        ctx.tenant.id, list(rows),
    )  # fmt: skip
    if codes:
        raise InvalidFields([
            Invalid(
                N_(
                    "{code} has stock counted in its base unit, which cannot be changed. "
                    "Save it under a new code."
                ),
                field="base_unit", row=rows[row[0]], code=row[0],
            )
            for row in codes
        ])  # fmt: skip


async def _write(ctx: Context, rows: list[SkuInput]) -> dict[str, UUID]:
    """Write SKUs with all that hangs on them; gives their ids by code."""
    categories = await save_categories(ctx, {sku.category: "" for sku in rows})
    products = await _save_products(ctx, rows, categories)
    written = await ctx.db.fetch(
        """
        INSERT INTO trade_sku AS s (tenant_id, id, product_id, category_id, code, name, spec, barcode,
            maker_code, base_unit, base_price, stocked, status, min_quantity, multiple, changed_at)
        SELECT $1, r.*, $2 FROM unnest($3::uuid[], $4::uuid[], $5::uuid[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::numeric[], $13::boolean[], $14::text[], $15::bigint[],
            $16::bigint[]) AS r
        ON CONFLICT (tenant_id, code) DO UPDATE SET product_id = excluded.product_id,
            category_id = excluded.category_id, name = excluded.name, spec = excluded.spec,
            barcode = excluded.barcode, maker_code = excluded.maker_code, base_unit = excluded.base_unit,
            base_price = excluded.base_price, stocked = excluded.stocked, status = excluded.status,
            min_quantity = excluded.min_quantity, multiple = excluded.multiple,
            changed_at = excluded.changed_at
        RETURNING s.code, s.id
        """,
        ctx.tenant.id, ctx.clock.now(), [new_id() for _ in rows],
        [products[categories[sku.category], sku.name] for sku in rows],
        [categories[sku.category] for sku in rows],
        [sku.code for sku in rows], [sku.name for sku in rows], [sku.spec for sku in rows],
        [sku.barcode for sku in rows], [sku.maker_code for sku in rows], [sku.base_unit for sku in rows],
        [sku.base_price for sku in rows], [sku.stocked for sku in rows], [sku.status for sku in rows],
        [sku.min_quantity for sku in rows], [sku.multiple for sku in rows],
    )  # fmt: skip
    ids: dict[str, UUID] = {row[0]: row[1] for row in written}
    await _save_units(ctx, rows, ids)
    await _save_search(ctx, rows, ids)
    return ids


async def _save_products(
    ctx: Context, rows: list[SkuInput], categories: dict[str, UUID]
) -> dict[tuple[UUID, str], UUID]:
    descriptions: dict[tuple[UUID, str], str] = {}
    for sku in rows:
        key = (categories[sku.category], sku.name)
        descriptions[key] = sku.description or descriptions.get(key, "")
    written = await ctx.db.fetch(
        """
        INSERT INTO trade_product AS p (tenant_id, id, category_id, name, description, created_at)
        SELECT $1, r.*, $2 FROM unnest($3::uuid[], $4::uuid[], $5::text[], $6::text[]) AS r
        ON CONFLICT (tenant_id, category_id, name) DO UPDATE
            SET description = coalesce(nullif(excluded.description, ''), p.description)
        RETURNING p.category_id, p.name, p.id
        """,
        ctx.tenant.id, ctx.clock.now(), [new_id() for _ in descriptions],
        [category for category, _ in descriptions], [name for _, name in descriptions],
        list(descriptions.values()),
    )  # fmt: skip
    return {(row[0], row[1]): row[2] for row in written}


async def _save_units(ctx: Context, rows: list[SkuInput], ids: dict[str, UUID]) -> None:
    units = [(ids[sku.code], sort, unit) for sku in rows for sort, unit in enumerate(all_units(sku))]
    await ctx.db.execute(
        "DELETE FROM trade_sku_unit WHERE tenant_id = $1 AND sku_id = ANY($2::uuid[])",
        ctx.tenant.id, list(ids.values()),
    )  # fmt: skip
    await ctx.db.execute(
        """
        INSERT INTO trade_sku_unit (tenant_id, sku_id, sort, name, num, den, is_default)
        SELECT $1, r.* FROM unnest($2::uuid[], $3::integer[], $4::text[], $5::bigint[], $6::bigint[],
            $7::boolean[]) AS r
        """,
        ctx.tenant.id, [sku_id for sku_id, _, _ in units], [sort for _, sort, _ in units],
        [unit.name for *_, unit in units], [unit.num for *_, unit in units], [unit.den for *_, unit in units],
        [unit.is_default for *_, unit in units],
    )  # fmt: skip


async def _save_search(ctx: Context, rows: list[SkuInput], ids: dict[str, UUID]) -> None:
    await write_index(
        ctx,
        [
            IndexedSku(ids[sku.code], sku.name, sku.spec, sku.code, sku.maker_code, sku.barcode, sku.status)
            for sku in rows
        ],
    )
