"""Values of attributes: read by their type from what is typed, kept by SKU, shown in order."""

import unicodedata
from collections.abc import Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_

from headgate_trade.attributes import Attribute, attributes_by_category, list_attributes, number_text

if TYPE_CHECKING:
    from headgate_trade.catalogue_input import SkuInput

Value = Decimal | str | bool

MAX_TEXT = 500
MAX_NUMBER = Decimal(10) ** 15
DECIMALS = 9
YES = frozenset({"是", "有", "yes", "y", "true", "1", "✓", "√"})
NO = frozenset({"否", "无", "no", "n", "false", "0", "×", "✗"})


class AttributeValue(msgspec.Struct, frozen=True):
    """An attribute of one SKU; its value is None where nobody has said it."""

    attribute: Attribute
    value: Value | None

    @property
    def text(self) -> str:
        """The value as it is typed: without its unit; `yes` or `no`."""
        return value_text(self.value)


Wanted = dict[str, dict[UUID, Value]]
"""Values by code of the SKU and attribute; a code that is not there keeps its values."""


async def sku_attributes(ctx: Context, sku_id: UUID, category_id: UUID) -> list[AttributeValue]:
    """Give the attributes of a SKU's category with its values."""
    attributes = await list_attributes(ctx, category_id)
    if not attributes:
        return []
    values = (await _values(ctx, [sku_id])).get(sku_id, {})
    return [AttributeValue(attribute, values.get(attribute.id)) for attribute in attributes]


async def read_wanted(ctx: Context, rows: Sequence["SkuInput"]) -> tuple[Wanted, list[HeadgateError]]:
    """Read the values that SKUs are to have, by the types of their categories' attributes.

    Returns:
        What was read, and everything that does not fit; each names the row (one-based) and the attribute.
    """
    given = [(number, row) for number, row in enumerate(rows, 1) if row.attributes is not None]
    if not given:
        return {}, []
    known = await attributes_by_category(ctx, [row.category for _, row in given])
    wanted: Wanted = {}
    problems: list[HeadgateError] = []
    for number, row in given:
        attributes = known.get(row.category, {})
        values = wanted[row.code] = {}
        for key, text in (row.attributes or {}).items():
            field = f"attr:{key}"
            if not text.strip():
                continue
            if key not in attributes:
                problems.append(
                    Invalid(
                        N_("The category {category} has no attribute {key}. Make it, or leave this empty."),
                        field=field, row=number, category=row.category, key=key,
                    )
                )  # fmt: skip
                continue
            try:
                values[attributes[key].id] = parse_value(attributes[key], text, field=field, row=number)
            except Invalid as problem:
                problems.append(problem)
    return wanted, problems


def parse_value(attribute: Attribute, text: str, *, field: str, row: int | None = None) -> Value:
    """Read one value.

    Args:
        attribute: says what it has to be.
        text: not empty; a number may carry the attribute's unit.
        field: named in the error.
        row: named in the error.

    Raises:
        Invalid: says what could be written.
    """
    tidy = unicodedata.normalize("NFKC", text).strip()
    if attribute.type == "number":
        return _number(attribute, tidy, field, row)
    if attribute.type == "bool":
        if tidy.casefold() in YES:
            return True
        if tidy.casefold() in NO:
            return False
        raise Invalid(N_("'{text}' is neither yes nor no."), field=field, row=row, text=text[:80])
    plain = text.strip()
    if attribute.type == "choice":
        if plain not in attribute.choices:
            raise Invalid(
                N_("{name} cannot be '{text}'. Choose one of: {known}."),
                field=field, row=row, name=attribute.name, text=plain[:80],
                known="、".join(attribute.choices),
            )  # fmt: skip
        return plain
    if len(plain) > MAX_TEXT:
        raise Invalid(N_("Too long: {most} characters at most."), field=field, row=row, most=MAX_TEXT)
    return plain


def _number(attribute: Attribute, text: str, field: str, row: int | None) -> Decimal:
    unit = unicodedata.normalize("NFKC", attribute.unit)
    digits = text.removesuffix(unit).strip() if unit else text
    try:
        number = Decimal(digits.replace(",", ""))
        fits = number.is_finite() and abs(number) < MAX_NUMBER and _decimals(number) <= DECIMALS
    except InvalidOperation:
        fits = False
    if not fits:
        raise Invalid(
            N_("{name} is a number, '{text}' is not. Write it like 12.5."),
            field=field, row=row, name=attribute.name, text=text[:80],
        )  # fmt: skip
    return number


def _decimals(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def value_text(value: Value | None) -> str:
    """Write a value as it is typed."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return number_text(value) if isinstance(value, Decimal) else value


async def differing(ctx: Context, wanted: Wanted) -> set[str]:
    """Give the codes of SKUs that exist and whose values are others than wanted."""
    if not wanted:
        return set()
    rows = await ctx.db.fetch(
        "SELECT code, id FROM trade_sku WHERE tenant_id = $1 AND code = ANY($2::text[])",
        ctx.tenant.id, list(wanted),
    )  # fmt: skip
    codes = {row["id"]: row["code"] for row in rows}
    values = await _values(ctx, list(codes))
    return {code for sku_id, code in codes.items() if values.get(sku_id, {}) != wanted[code]}


async def write_values(ctx: Context, wanted: Wanted, ids: Mapping[str, UUID]) -> None:
    """Keep the values of SKUs that were just written, and drop those of categories that they left.

    Args:
        ctx: of the change.
        wanted: by code.
        ids: of all SKUs that were written, by code.
    """
    given = {ids[code]: values for code, values in wanted.items() if code in ids}
    await ctx.db.execute(_DROP, ctx.tenant.id, list(ids.values()), list(given))
    rows = [
        (sku_id, attribute, value) for sku_id, values in given.items() for attribute, value in values.items()
    ]
    if rows:
        await ctx.db.execute(
            _WRITE,
            ctx.tenant.id,
            [sku_id for sku_id, _, _ in rows],
            [attribute for _, attribute, _ in rows],
            [value if isinstance(value, Decimal) else None for *_, value in rows],
            [value if isinstance(value, str) else None for *_, value in rows],
            [value if isinstance(value, bool) else None for *_, value in rows],
        )


async def _values(ctx: Context, sku_ids: Sequence[UUID]) -> dict[UUID, dict[UUID, Value]]:
    rows = await ctx.db.fetch(
        """
        SELECT sku_id, attribute_id, number, text, flag FROM trade_sku_attribute
        WHERE tenant_id = $1 AND sku_id = ANY($2::uuid[])
        """,
        ctx.tenant.id, list(sku_ids),
    )  # fmt: skip
    found: dict[UUID, dict[UUID, Value]] = {}
    for sku_id, attribute_id, *alternatives in rows:
        found.setdefault(sku_id, {})[attribute_id] = next(one for one in alternatives if one is not None)
    return found


_DROP = """
DELETE FROM trade_sku_attribute v WHERE v.tenant_id = $1 AND v.sku_id = ANY($2::uuid[])
    AND (v.sku_id = ANY($3::uuid[]) OR NOT EXISTS (
        SELECT FROM trade_sku s JOIN trade_attribute a ON a.tenant_id = $1 AND a.category_id = s.category_id
        WHERE s.tenant_id = $1 AND s.id = v.sku_id AND a.id = v.attribute_id))
"""
_WRITE = """
INSERT INTO trade_sku_attribute (tenant_id, sku_id, attribute_id, number, text, flag)
SELECT $1, r.* FROM unnest($2::uuid[], $3::uuid[], $4::numeric[], $5::text[], $6::boolean[]) AS r
"""
