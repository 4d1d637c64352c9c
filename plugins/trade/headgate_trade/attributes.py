"""Attributes: what is told of every item of a category, with its type and unit, in order."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Conflict, HeadgateError, InvalidFields, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_trade.attribute_input import AttributeInput, AttributeType, check_attributes
from headgate_trade.categories import save_categories


class Attribute(msgspec.Struct, frozen=True):
    """An attribute of a category's items.

    Args:
        id: of the attribute.
        category_id: whose items have it.
        category: name of the category.
        key: names it in files and programs.
        name: as people call it.
        type: what its values are.
        unit: of a number; may be empty.
        choices: what can be chosen, in order.
        position: within its category, from 1.
    """

    id: UUID
    category_id: UUID
    category: str
    key: str
    name: str
    type: AttributeType
    unit: str
    choices: tuple[str, ...]
    position: int


async def list_attributes(ctx: Context, category_id: UUID | None = None) -> list[Attribute]:
    """Give the attributes of a category, or of all, in the order in which they are shown."""
    ctx.require("trade.catalogue.read")
    rows = await ctx.db.fetch(
        f"{_SELECT} AND ($2::uuid IS NULL OR a.category_id = $2) ORDER BY c.sort, c.name, a.position, a.key",
        ctx.tenant.id, category_id,
    )  # fmt: skip
    return [_attribute(row) for row in rows]


async def attributes_by_category(ctx: Context, names: Iterable[str]) -> dict[str, dict[str, Attribute]]:
    """Give the attributes of categories, by name of the category and key."""
    rows = await ctx.db.fetch(
        f"{_SELECT} AND c.name = ANY($2::text[]) ORDER BY a.position, a.key",
        ctx.tenant.id, list(set(names)),
    )  # fmt: skip
    found: dict[str, dict[str, Attribute]] = {}
    for attribute in map(_attribute, rows):
        found.setdefault(attribute.category, {})[attribute.key] = attribute
    return found


async def save_attributes(ctx: Context, rows: Sequence[AttributeInput]) -> int:
    """Make or alter attributes, those of a category in the order given and before all others of it.

    Args:
        ctx: needs `trade.catalogue.write`.
        rows: by category and key; categories that are missing are made.

    Returns:
        How many were new or altered.

    Raises:
        InvalidFields: rows (one-based) that cannot be saved, or would leave values without sense.
    """
    ctx.require("trade.catalogue.write")
    check_attributes(rows)
    if not rows:
        return 0
    before = {(one.category, one.key): one for one in await list_attributes(ctx)}
    known = {one.category for one in before.values()} | await _categories(ctx)
    if fresh := {row.category: "" for row in rows if row.category not in known}:
        await save_categories(ctx, fresh)
    ids = {row["name"]: row["id"] for row in await ctx.db.fetch(_CATEGORY_IDS, ctx.tenant.id)}
    wanted = _in_order(rows, list(before.values()), ids)
    writes = [one for one in wanted if before.get((one.category, one.key)) != one]
    await _refuse_senseless(ctx, rows, [before[one.category, one.key] for one in writes
                                        if (one.category, one.key) in before], writes)  # fmt: skip
    for one in writes:
        await ctx.db.execute(
            _WRITE, ctx.tenant.id, one.id, one.category_id, one.key, one.name, one.type, one.unit,
            list(one.choices), one.position,
        )  # fmt: skip
    if writes:
        await ctx.audit(
            "trade.attributes.saved", "trade.attribute", keys=[f"{one.category}/{one.key}" for one in writes]
        )
    return len(writes)


async def save_attribute(ctx: Context, row: AttributeInput) -> int:
    """Make or alter one attribute: an old one keeps its place, a new one goes behind the others.

    Raises:
        InvalidFields: what cannot be saved.
    """
    ctx.require("trade.catalogue.write")
    others = (await attributes_by_category(ctx, [row.category])).get(row.category, {})
    rows = [
        row if one.key == row.key else _input_of(one)
        for one in sorted(others.values(), key=lambda one: one.position)
    ]
    try:
        return await save_attributes(ctx, rows if row.key in others else [*rows, row])
    except InvalidFields as refused:
        for problem in refused.problems:
            problem.row = None
        raise


def _input_of(one: Attribute) -> AttributeInput:
    return AttributeInput(one.category, one.key, one.name, one.type, one.unit, one.choices)


async def remove_attribute(ctx: Context, attribute_id: UUID) -> int:
    """Take an attribute away with all values of it; gives how many items had one.

    Raises:
        NotFound: no such attribute.
    """
    ctx.require("trade.catalogue.write")
    attribute = await get_attribute(ctx, attribute_id)
    values = len(
        await ctx.db.fetch(
            "DELETE FROM trade_sku_attribute WHERE tenant_id = $1 AND attribute_id = $2 RETURNING sku_id",
            ctx.tenant.id, attribute_id,
        )
    )  # fmt: skip
    await ctx.db.execute(
        "DELETE FROM trade_attribute WHERE tenant_id = $1 AND id = $2", ctx.tenant.id, attribute_id
    )
    await ctx.audit(
        "trade.attribute.removed", f"{attribute.category}/{attribute.key}", name=attribute.name, values=values
    )
    return values


async def get_attribute(ctx: Context, attribute_id: UUID) -> Attribute:
    """Give one attribute.

    Raises:
        NotFound: no such attribute.
    """
    ctx.require("trade.catalogue.read")
    row = await ctx.db.fetch_row(f"{_SELECT} AND a.id = $2", ctx.tenant.id, attribute_id)
    if row is None:
        raise NotFound(N_("There is no such attribute."))
    return _attribute(row)


def _in_order(
    rows: Sequence[AttributeInput], before: Sequence[Attribute], categories: dict[str, UUID]
) -> list[Attribute]:
    """Give the attributes as they will be, with those of the same categories that only move back."""
    places: dict[str, int] = {}
    ids = {(one.category, one.key): one.id for one in before}
    wanted: list[Attribute] = []
    for row in rows:
        places[row.category] = places.get(row.category, 0) + 1
        wanted.append(
            Attribute(
                ids.get((row.category, row.key)) or new_id(), categories[row.category], row.category,
                row.key, row.name, row.type, row.unit, row.choices, places[row.category],
            )
        )  # fmt: skip
    named = {(row.category, row.key) for row in rows}
    for one in before:
        if one.category in places and (one.category, one.key) not in named:
            places[one.category] += 1
            wanted.append(msgspec.structs.replace(one, position=places[one.category]))
    return wanted


async def _refuse_senseless(
    ctx: Context, rows: Sequence[AttributeInput], before: Sequence[Attribute], after: Sequence[Attribute]
) -> None:
    """Refuse another type, or fewer choices, where values stand that would make no sense any more."""
    later = {one.id: one for one in after}
    numbers = {(row.category, row.key): number for number, row in enumerate(rows, 1)}
    used = await ctx.db.fetch(
        "SELECT attribute_id, text FROM trade_sku_attribute WHERE tenant_id = $1 AND attribute_id = ANY($2)"
        " GROUP BY attribute_id, text",
        ctx.tenant.id, [one.id for one in before],
    )  # fmt: skip
    problems: dict[UUID, HeadgateError] = {}
    by_id = {one.id: one for one in before}
    for row in used:
        old, new = by_id[row["attribute_id"]], later[row["attribute_id"]]
        number = numbers.get((old.category, old.key))
        if old.type != new.type:
            problems[old.id] = Conflict(
                N_("{name} has values already, so it stays what it is. Make a new attribute."),
                field="type", row=number, name=old.name,
            )  # fmt: skip
        elif new.type == "choice" and row["text"] not in new.choices:
            problems[old.id] = Conflict(
                N_("'{text}' is chosen for some items, so it stays in the list of {name}."),
                field="choices", row=number, text=row["text"], name=old.name,
            )  # fmt: skip
    if problems:
        raise InvalidFields(list(problems.values()))


async def _categories(ctx: Context) -> set[str]:
    return {row["name"] for row in await ctx.db.fetch(_CATEGORY_IDS, ctx.tenant.id)}


def _attribute(row: object) -> Attribute:
    values = list(row)  # type: ignore[call-overload]
    values[7] = tuple(values[7])
    return Attribute(*values)


def number_text(number: Decimal) -> str:
    """Write a number of an attribute without needless zeros."""
    return format(number.normalize() + 0, "f")


_SELECT = """
SELECT a.id, a.category_id, c.name, a.key, a.name, a.type, a.unit, a.choices, a.position
FROM trade_attribute a JOIN trade_category c ON c.tenant_id = $1 AND c.id = a.category_id
WHERE a.tenant_id = $1
"""
_CATEGORY_IDS = "SELECT name, id FROM trade_category WHERE tenant_id = $1"
_WRITE = """
INSERT INTO trade_attribute (tenant_id, id, category_id, key, name, type, unit, choices, position)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (tenant_id, id) DO UPDATE SET name = excluded.name, type = excluded.type, unit = excluded.unit,
    choices = excluded.choices, position = excluded.position
"""
