"""Customers: the firms that buy, their groups and levels, and the people who order for them."""

from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Forbidden, NotFound
from headgate_sdk.i18n import N_

from headgate_trade.cursors import page_size, read_name_cursor, write_cursor
from headgate_trade.customer_changes import CustomerInput, link_member, save_customers
from headgate_trade.terms import CustomerGroup, list_groups

__all__ = [
    "Customer",
    "CustomerGroup",
    "CustomerInput",
    "CustomerPage",
    "buyer",
    "get_customer",
    "link_member",
    "list_customers",
    "list_groups",
    "list_members",
    "save_customers",
]


class Customer(msgspec.Struct, frozen=True):
    """A firm that buys.

    Args:
        id: of the customer.
        code: the distributor's code, unique.
        name: of the firm.
        group_id: its group decides the price list.
        group_name: empty without a group.
        level_id: its level decides the discount on base prices.
        level_name: empty without a level.
        contact: whom to ask for.
        phone: of the contact.
        address: where goods go.
        status: `active` or `stopped`.
    """

    id: UUID
    code: str
    name: str
    group_id: UUID | None
    group_name: str
    level_id: UUID | None
    level_name: str
    contact: str
    phone: str
    address: str
    status: str


class CustomerPage(msgspec.Struct, frozen=True):
    """A page of customers; `next` is the cursor of the page after it, None at the end."""

    items: list[Customer]
    next: str | None


_COLUMNS = """
c.id, c.code, c.name, c.group_id, coalesce(g.name, '') AS group_name, c.level_id,
coalesce(l.name, '') AS level_name, c.contact, c.phone, c.address, c.status
"""
_JOINS = """
LEFT JOIN trade_customer_group g ON g.tenant_id = $1 AND g.id = c.group_id
LEFT JOIN trade_price_level l ON l.tenant_id = $1 AND l.id = c.level_id
"""


async def buyer(ctx: Context) -> Customer:
    """Give the customer for whom the signed-in person orders.

    Raises:
        Forbidden: the person orders for nobody.
    """
    found: list[Customer] = []
    if ctx.actor.membership_id is not None:
        found = await ctx.db.fetch_as(
            Customer,
            f"""
            SELECT {_COLUMNS} FROM trade_customer_member m
            JOIN trade_customer c ON c.tenant_id = $1 AND c.id = m.customer_id {_JOINS}
            WHERE m.tenant_id = $1 AND m.membership_id = $2
            """,  # noqa: S608
            ctx.tenant.id, ctx.actor.membership_id,
        )  # fmt: skip
    if not found:
        raise Forbidden(
            N_("You do not order for any customer yet. Ask the distributor to connect your account.")
        )
    return found[0]


async def get_customer(ctx: Context, customer_id: UUID) -> Customer:
    """Give one customer; a buyer gets none but their own.

    Raises:
        NotFound: no such customer, or not the buyer's.
    """
    if ctx.actor.kind == "customer":
        own = await buyer(ctx)
        if own.id == customer_id:
            return own
        raise NotFound(N_("There is no such customer."))
    ctx.require("trade.customers.read")
    found = await ctx.db.fetch_as(
        Customer,
        f"SELECT {_COLUMNS} FROM trade_customer c {_JOINS} WHERE c.tenant_id = $1 AND c.id = $2",  # noqa: S608
        ctx.tenant.id, customer_id,
    )  # fmt: skip
    if not found:
        raise NotFound(N_("There is no such customer."))
    return found[0]


async def list_customers(
    ctx: Context, *, query: str = "", after: str | None = None, limit: int = 50
) -> CustomerPage:
    """Give a page of customers by name.

    Args:
        ctx: needs `trade.customers.read`.
        query: part of the name, code, contact or phone.
        after: `next` of the page before.
        limit: rows of the page, at most 200.
    """
    ctx.require("trade.customers.read")
    size = page_size(limit)
    name, last = read_name_cursor(after) if after is not None else (None, None)
    items = await ctx.db.fetch_as(
        Customer,
        f"""
        SELECT {_COLUMNS} FROM (
            SELECT * FROM trade_customer WHERE tenant_id = $1
                AND ($3::text IS NULL OR (name, id) > ($3, $4::uuid))
                AND ($5 = '' OR strpos(lower(concat_ws(E'\\n', name, code, contact, phone)), lower($5)) > 0)
            ORDER BY name, id LIMIT $2) c {_JOINS}
        ORDER BY c.name, c.id
        """,  # noqa: S608
        ctx.tenant.id, size + 1, name, last, query.strip(),
    )  # fmt: skip
    if len(items) <= size:
        return CustomerPage(items, None)
    return CustomerPage(items[:size], write_cursor(items[size - 1].name, items[size - 1].id))


async def list_members(ctx: Context, customer_id: UUID) -> list[UUID]:
    """Give the memberships of the people who order for a customer."""
    ctx.require("trade.customers.read")
    rows = await ctx.db.fetch(
        """
        SELECT membership_id FROM trade_customer_member WHERE tenant_id = $1 AND customer_id = $2
        ORDER BY membership_id
        """,
        ctx.tenant.id, customer_id,
    )  # fmt: skip
    return [row[0] for row in rows]
