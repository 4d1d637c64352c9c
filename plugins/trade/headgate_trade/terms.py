"""The words in which terms are agreed: customer groups, price levels and price lists.

Few and short tables, read and written whole through Piccolo.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from headgate_sdk.audit import many_changes
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id

from headgate_trade.tables import CustomerGroupTable, PriceLevelTable, PriceListTable, TermsTable

DEEDS: Mapping[type[TermsTable], str] = {
    PriceLevelTable: "trade.price_level.saved",
    PriceListTable: "trade.price_list.saved",
    CustomerGroupTable: "trade.customer_group.saved",
}
"""What the audit log calls a change."""


class PriceLevel(msgspec.Struct, frozen=True):
    """A level of customers; `discount` is percent off the base price."""

    id: UUID
    key: str
    name: str
    discount: Decimal


class PriceList(msgspec.Struct, frozen=True):
    """A price list, used by customer groups."""

    id: UUID
    key: str
    name: str


class CustomerGroup(msgspec.Struct, frozen=True):
    """A group of customers with the price list it uses, if any."""

    id: UUID
    key: str
    name: str
    price_list_id: UUID | None


class Words(msgspec.Struct, frozen=True):
    """All groups, levels and lists of a tenant, found by key or by name."""

    groups: Mapping[str, UUID]
    levels: Mapping[str, UUID]
    lists: Mapping[str, UUID]

    def group_id(self, word: str) -> UUID | None:
        """Find a customer group."""
        return self.groups.get(word)

    def level_id(self, word: str) -> UUID | None:
        """Find a price level."""
        return self.levels.get(word)

    def list_id(self, word: str) -> UUID | None:
        """Find a price list."""
        return self.lists.get(word)


async def list_groups(ctx: Context) -> list[CustomerGroup]:
    """Give all customer groups by name."""
    ctx.require("trade.customers.read")
    rows = await CustomerGroupTable.select().order_by(CustomerGroupTable.name)
    return [CustomerGroup(row["id"], row["key"], row["name"], row["price_list_id"]) for row in rows]


async def list_price_levels(ctx: Context) -> list[PriceLevel]:
    """Give all price levels, the smallest discount first."""
    ctx.require("trade.prices.read")
    rows = await PriceLevelTable.select().order_by(PriceLevelTable.discount)
    return [PriceLevel(row["id"], row["key"], row["name"], row["discount"]) for row in rows]


async def list_price_lists(ctx: Context) -> list[PriceList]:
    """Give all price lists by name."""
    ctx.require("trade.prices.read")
    rows = await PriceListTable.select().order_by(PriceListTable.name)
    return [PriceList(row["id"], row["key"], row["name"]) for row in rows]


async def read_words(ctx: Context) -> Words:
    """Read everything that rows of a file may name."""
    return Words(
        await _ids_by_word(CustomerGroupTable),
        await _ids_by_word(PriceLevelTable),
        await _ids_by_word(PriceListTable),
    )


async def save_price_level(ctx: Context, key: str, name: str, discount: Decimal) -> UUID:
    """Make or alter a price level.

    Raises:
        Invalid: the discount is not from 0 to below 100 percent.
    """
    ctx.require("trade.prices.write")
    if not (discount.is_finite() and 0 <= discount < 100):
        raise Invalid(N_("A discount is from 0 to less than 100 percent."), field="discount")
    return await _save(ctx, PriceLevelTable, key, {"name": name, "discount": discount})


async def save_price_list(ctx: Context, key: str, name: str) -> UUID:
    """Make or rename a price list."""
    ctx.require("trade.prices.write")
    return await _save(ctx, PriceListTable, key, {"name": name})


async def save_customer_group(ctx: Context, key: str, name: str, price_list_id: UUID | None) -> UUID:
    """Make or alter a customer group."""
    ctx.require("trade.customers.write")
    values = {"name": name, "price_list_id": price_list_id}
    return await _save(ctx, CustomerGroupTable, key, values)


async def _ids_by_word(table: type[TermsTable]) -> dict[str, UUID]:
    rows = await table.select(table.id, table.key, table.name)
    return {row["name"]: row["id"] for row in rows} | {row["key"]: row["id"] for row in rows}


async def _save(ctx: Context, table: type[TermsTable], key: str, values: dict[str, Any]) -> UUID:
    if not key.strip() or not str(values["name"]).strip():
        raise Invalid(N_("Please fill this in."), field="name")
    found = await table.select().where(table.key == key).first()
    if found is None:
        row_id = new_id()
        await table.insert(table(id=row_id, key=key, **values))
        changes = many_changes((name, None, value) for name, value in values.items())
        await ctx.audit(DEEDS[table], key, **changes)
        return row_id
    if any(found[name] != value for name, value in values.items()):
        await table.update(**values).where(table.key == key)
        changes = many_changes((name, found[name], value) for name, value in values.items())
        await ctx.audit(DEEDS[table], key, **changes)
    return UUID(str(found["id"]))
