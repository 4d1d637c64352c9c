"""Customers by what they owe."""

from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.money import Money

from headgate_trade.cursors import page_size, read_cursor, write_cursor


class CustomerBalance(msgspec.Struct, frozen=True):
    """What a customer owes, and what their open orders will add.

    Args:
        owed: posted, in minor units of `currency`; negative is in their favour.
        pending: held by orders that have not been sent out.
    """

    customer_id: UUID
    code: str
    name: str
    owed: int
    pending: int
    currency: str


class BalancePage(msgspec.Struct, frozen=True):
    """A page of balances; `next` is the cursor of the page after it."""

    items: list[CustomerBalance]
    next: str | None


class AccountHolder(msgspec.Struct, frozen=True):
    """Whose account it is."""

    id: UUID
    code: str
    name: str


async def account_holder(ctx: Context, customer_id: UUID) -> AccountHolder:
    """Name the customer of an account; whoever may see accounts may know that.

    Raises:
        NotFound: no such customer.
    """
    ctx.require("trade.accounts.read")
    found = await ctx.db.fetch_as(
        AccountHolder,
        "SELECT id, code, name FROM trade_customer WHERE tenant_id = $1 AND id = $2",
        ctx.tenant.id, customer_id,
    )  # fmt: skip
    if not found:
        raise NotFound(N_("There is no such customer."))
    return found[0]


async def list_balances(ctx: Context, *, after: str | None = None, limit: int = 50) -> BalancePage:
    """Give a page of customers, who owes most first."""
    ctx.require("trade.accounts.read")
    owed, account_id = read_cursor(after, tuple[int, UUID]) if after else (None, None)
    size = page_size(limit)
    rows = await ctx.db.fetch(
        """
        SELECT a.id AS account_id, c.id, c.code, c.name, a.posted, a.pending, a.currency
        FROM trade_account a
        JOIN trade_customer c ON c.tenant_id = $1 AND c.id = a.customer_id
        WHERE a.tenant_id = $1 AND a.kind = 'receivable'
          AND ($3::bigint IS NULL OR a.posted < $3 OR (a.posted = $3 AND a.id > $4::uuid))
        ORDER BY a.posted DESC, a.id LIMIT $2
        """,
        ctx.tenant.id, size + 1, owed, account_id,
    )  # fmt: skip
    items = [CustomerBalance(*list(row)[1:]) for row in rows[:size]]
    if len(rows) <= size:
        return BalancePage(items, None)
    last = rows[size - 1]
    return BalancePage(items, write_cursor(last["posted"], last["account_id"]))


async def total_owed(ctx: Context) -> tuple[Money, Money]:
    """Give what all customers owe together, and what their open orders will add."""
    ctx.require("trade.accounts.read")
    row = await ctx.db.fetch_row(
        "SELECT coalesce(sum(posted), 0)::bigint, coalesce(sum(pending), 0)::bigint FROM trade_account "
        "WHERE tenant_id = $1 AND kind = 'receivable' AND currency = $2",
        ctx.tenant.id, ctx.tenant.currency,
    )  # fmt: skip
    assert row is not None
    return Money(row[0], ctx.tenant.currency), Money(row[1], ctx.tenant.currency)
