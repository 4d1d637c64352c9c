"""A customer's account as both sides see it: what is owed, what is held by open orders, and every entry.

Buyer and distributor read the same rows by the same functions; a buyer only their own customer's.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from headgate_sdk.audit import many_changes
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.money import Money, to_major

from headgate_trade.cursors import page_size, read_cursor, write_cursor
from headgate_trade.customers import buyer
from headgate_trade.ledger import NewTransfer, post_transfers

ENTRY_NAMES = {
    "held": N_("Open order"),
    "order": N_("Goods delivered"),
    "credit_note": N_("Credit note"),
}
"""English msgid of each kind of entry."""


class Account(msgspec.Struct, frozen=True):
    """What a customer owes.

    Args:
        customer_id: whose.
        balance: owed for goods that left, less credit notes; negative when the distributor owes.
        pending: amount of open orders whose goods have not left.
    """

    customer_id: UUID
    balance: Money
    pending: Money


class AccountEntry(msgspec.Struct, frozen=True):
    """One line of the account.

    Args:
        id: of the transfer.
        at: when.
        kind: see `ENTRY_NAMES`; `held` does not count for the balance yet.
        document_type: `order` or `credit_note`.
        document_number: as people know it.
        document_id: of the order or credit note.
        amount: positive is owed more.
        balance_after: None for what is held only.
    """

    id: UUID
    at: datetime
    kind: str
    document_type: str
    document_number: str
    document_id: UUID
    amount: Money
    balance_after: Money | None


class AccountPage(msgspec.Struct, frozen=True):
    """A page of entries, newest first; `next` is the cursor of the page after it, None at the end."""

    items: list[AccountEntry]
    next: str | None


class CreditNote(msgspec.Struct, frozen=True):
    """What a customer need not pay, or gets back.

    Args:
        customer_id: whose account.
        amount: above zero, in the tenant's currency.
        number: of the credit note.
        at: when; None is now.
        id: of the document; made when left out.
    """

    customer_id: UUID
    amount: Money
    number: str
    at: datetime | None = None
    id: UUID | None = None


async def customer_account(ctx: Context, customer_id: UUID) -> Account:
    """Give what a customer owes and what is pending.

    Raises:
        NotFound: no such customer, or not the buyer's own.
    """
    await _require_account(ctx, customer_id)
    row = await ctx.db.fetch_row(_ACCOUNT, ctx.tenant.id, customer_id, ctx.tenant.currency)
    if row is None:
        raise NotFound(N_("There is no such customer."))
    return Account(
        customer_id, Money(row["posted"], ctx.tenant.currency), Money(row["pending"], ctx.tenant.currency)
    )


async def account_entries(
    ctx: Context, customer_id: UUID, *, after: str | None = None, limit: int = 50
) -> AccountPage:
    """Give the entries of a customer's account, newest first, with the balance after each.

    Args:
        ctx: staff with `trade.accounts.read`, or the customer's buyer.
        customer_id: whose.
        after: cursor of the page before.
        limit: entries on the page.

    Raises:
        NotFound: no such customer, or not the buyer's own.
    """
    account = await customer_account(ctx, customer_id)
    before_at, before_id, balance = None, None, account.balance.amount
    if after is not None:
        before_at, before_id, balance = read_cursor(after, tuple[datetime, UUID, int])
    limit = page_size(limit)
    rows = await ctx.db.fetch(
        _ENTRIES, ctx.tenant.id, customer_id, ctx.tenant.currency, before_at, before_id, limit + 1
    )  # fmt: skip
    currency = ctx.tenant.currency
    items: list[AccountEntry] = []
    for row in rows[:limit]:
        held = row["phase"] == "pending"
        items.append(
            AccountEntry(
                row["id"], row["at"], "held" if held else row["document_type"], row["document_type"],
                row["document_number"], row["document_id"], Money(row["amount"], currency),
                None if held else Money(balance, currency),
            )
        )  # fmt: skip
        if not held:
            balance -= row["amount"]
    following = write_cursor(items[-1].at, items[-1].id, balance) if len(rows) > limit else None
    return AccountPage(items, following)


async def post_credit_notes(ctx: Context, notes: Sequence[CreditNote]) -> None:
    """Book credit notes: the customers owe less. A note whose id is booked already is left alone.

    Args:
        ctx: needs `trade.accounts.write`.
        notes: any number, for any customers.

    Raises:
        Invalid: an amount that is not above zero, or in another currency; names the row.
    """
    ctx.require("trade.accounts.write")
    for row, note in enumerate(notes, start=1):
        if note.amount.amount <= 0 or note.amount.currency != ctx.tenant.currency:
            raise Invalid(
                N_("A credit note needs an amount above zero in {currency}."),
                field="amount", row=row, currency=ctx.tenant.currency,
            )  # fmt: skip
    known = await ctx.db.fetch(_BOOKED, ctx.tenant.id, [note.id for note in notes if note.id is not None])
    booked = {row["document_id"] for row in known}
    new = [note for note in notes if note.id not in booked]
    await post_transfers(
        ctx,
        [
            NewTransfer(
                note.customer_id, "credit", "returns", note.amount.amount, "credit_note", note.id or new_id(),
                note.number, note.at or ctx.clock.now(),
            )
            for note in new
        ],
    )  # fmt: skip
    if new:
        await ctx.audit(
            "trade.credit_notes.booked",
            new[0].number if len(new) == 1 else f"{new[0].number} … {new[-1].number}",
            **many_changes((note.number, None, _amount_text(note.amount)) for note in new),
            customers=len({note.customer_id for note in new}),
        )


def _amount_text(amount: Money) -> str:
    return f"{to_major(amount.amount, amount.currency)} {amount.currency}"


async def post_credit_note(ctx: Context, customer_id: UUID, amount: Money, number: str) -> None:
    """Book one credit note now."""
    await post_credit_notes(ctx, [CreditNote(customer_id, amount, number)])


async def _require_account(ctx: Context, customer_id: UUID) -> None:
    if ctx.actor.kind != "customer":
        ctx.require("trade.accounts.read")
        return
    ctx.require("trade.accounts.read_own")
    if (await buyer(ctx)).id != customer_id:
        raise NotFound(N_("There is no such customer."))


_ACCOUNT = """
SELECT coalesce(a.posted, 0) AS posted, coalesce(a.pending, 0) AS pending
FROM trade_customer c
LEFT JOIN trade_account a
    ON a.tenant_id = $1 AND a.kind = 'receivable' AND a.customer_id = c.id AND a.currency = $3
WHERE c.tenant_id = $1 AND c.id = $2
"""

# By the time of the document, not of booking: a replay or an import may book the past.
_ENTRIES = """
WITH account AS MATERIALIZED (
    SELECT id FROM trade_account
    WHERE tenant_id = $1 AND kind = 'receivable' AND customer_id = $2 AND currency = $3
), entry AS (
    (SELECT t.id, t.at, t.phase, t.document_type, t.document_number, t.document_id, t.amount AS amount
     FROM trade_transfer t
     WHERE t.tenant_id = $1 AND t.debit_account_id = (SELECT id FROM account) AND t.phase <> 'void'
       AND ($4::timestamptz IS NULL OR (t.at, t.id) < ($4, $5::uuid))
       AND (t.phase <> 'pending' OR NOT EXISTS (
           SELECT FROM trade_transfer e WHERE e.tenant_id = $1 AND e.pending_id = t.id))
     ORDER BY t.at DESC, t.id DESC LIMIT $6)
    UNION ALL
    (SELECT t.id, t.at, t.phase, t.document_type, t.document_number, t.document_id, -t.amount AS amount
     FROM trade_transfer t
     WHERE t.tenant_id = $1 AND t.credit_account_id = (SELECT id FROM account) AND t.phase <> 'void'
       AND ($4::timestamptz IS NULL OR (t.at, t.id) < ($4, $5::uuid))
       AND (t.phase <> 'pending' OR NOT EXISTS (
           SELECT FROM trade_transfer e WHERE e.tenant_id = $1 AND e.pending_id = t.id))
     ORDER BY t.at DESC, t.id DESC LIMIT $6)
)
SELECT * FROM entry ORDER BY at DESC, id DESC LIMIT $6
"""

_BOOKED = """
SELECT document_id FROM trade_transfer
WHERE tenant_id = $1 AND document_id = ANY($2::uuid[]) AND document_type = 'credit_note'
"""
