"""Customers, their prices and their accounts in the JSON API."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.ids import new_id
from headgate_sdk.money import Money, parse_price, round_to_minor
from headgate_sdk.web import create, read, replace

from headgate_trade.accounts import CreditNote, account_entries, customer_account, post_credit_notes
from headgate_trade.catalogue import SaveResult
from headgate_trade.customer_changes import CustomerInput, save_customers
from headgate_trade.customers import Customer, get_customer, list_customers
from headgate_trade.http.json_catalogue import After, Limit, Query
from headgate_trade.http.json_money import Amount, amount_of
from headgate_trade.price_changes import CustomerPrice, set_customer_price
from headgate_trade.prices import PriceRequest, resolve_prices
from headgate_trade.pricing_trace import TraceEntry

MAX_REQUESTS = 2_000


class CustomerList(msgspec.Struct, frozen=True):
    """A page of customers; give `next` as `after` for the following page."""

    items: list[Customer]
    next: str | None


class PriceIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A customer's fixed price of a SKU in one unit; null takes it away."""

    sku_id: UUID
    unit: str
    price: Decimal | None


class PriceQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to price, and for whom; without a customer base prices are given."""

    lines: list[PriceRequest]
    customer_id: UUID | None = None


class PriceView(msgspec.Struct, frozen=True):
    """A price, the rule that gave it and every rule that was considered."""

    sku_id: UUID
    unit: str
    price: Decimal
    base_price: Decimal
    currency: str
    rule: str
    trace: tuple[TraceEntry, ...]


class EntryView(msgspec.Struct, frozen=True):
    """An entry of an account: positive amounts are owed more; what is only held has no balance after it."""

    at: datetime
    kind: str
    document_type: str
    document_id: UUID
    document_number: str
    amount: Amount
    balance_after: Amount | None


class AccountView(msgspec.Struct, frozen=True):
    """What a customer owes, what is held by open orders, and a page of entries, newest first."""

    balance: Amount
    pending: Amount
    entries: list[EntryView]
    next: str | None


class CreditNoteIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A credit note.

    Args:
        amount: above zero, decimal text in the tenant's currency.
        number: as people know it.
        id: of the document; sending the same one again books nothing twice.
    """

    amount: str
    number: str
    id: UUID | None = None


@read("/customers", permission="trade.customers.read")
async def read_customers(ctx: Context, q: Query = "", after: After = None, limit: Limit = 50) -> CustomerList:
    """List customers by name; `q` finds part of a name or a code."""
    page = await list_customers(ctx, query=q, after=after, limit=limit)
    return CustomerList(page.items, page.next)


@read("/customers/{customer_id:uuid}", permission="trade.customers.read")
async def read_customer(ctx: Context, customer_id: UUID) -> Customer:
    """Give one customer."""
    return await get_customer(ctx, customer_id)


@replace("/customers", permission="trade.customers.write")
async def put_customers(ctx: Context, data: list[CustomerInput]) -> SaveResult:
    """Save a batch of customers by their codes: new ones are made, known ones changed; all, or none."""
    return await save_customers(ctx, data)


@replace("/customers/{customer_id:uuid}/prices", permission="trade.prices.write")
async def put_customer_prices(ctx: Context, customer_id: UUID, data: list[PriceIn]) -> SaveResult:
    """Set fixed prices of one customer."""
    return await set_customer_price(
        ctx, [CustomerPrice(customer_id, row.sku_id, row.unit, row.price) for row in data]
    )


@create("/prices", permission="trade.prices.read", status_code=200)
async def read_prices(ctx: Context, data: PriceQuestion) -> list[PriceView]:
    """Price a batch for one customer, in the order asked; nothing is changed."""
    if len(data.lines) > MAX_REQUESTS:
        raise Invalid(N_("Ask for at most {most} prices at once."), field="lines", most=MAX_REQUESTS)
    prices = await resolve_prices(ctx, data.customer_id, data.lines)
    return [
        PriceView(
            price.sku_id,
            price.unit,
            price.unit_price,
            price.base_price,
            price.currency,
            price.rule,
            price.trace,
        )
        for price in prices
    ]


@read("/accounts/{customer_id:uuid}", permission="trade.accounts.read")
async def read_account(
    ctx: Context, customer_id: UUID, after: After = None, limit: Limit = 50
) -> AccountView:
    """Give what a customer owes, and the entries that make it up."""
    account = await customer_account(ctx, customer_id)
    page = await account_entries(ctx, customer_id, after=after, limit=limit)
    entries = [
        EntryView(
            entry.at, entry.kind, entry.document_type, entry.document_id, entry.document_number,
            amount_of(entry.amount), None if entry.balance_after is None else amount_of(entry.balance_after),
        )
        for entry in page.items
    ]  # fmt: skip
    return AccountView(amount_of(account.balance), amount_of(account.pending), entries, page.next)


@create("/accounts/{customer_id:uuid}/credit-notes", permission="trade.accounts.write")
async def create_credit_note(ctx: Context, customer_id: UUID, data: CreditNoteIn) -> AccountView:
    """Book a credit note; the answer is the account after it."""
    await get_customer(ctx, customer_id)
    value = parse_price(data.amount, field="amount")
    minor = round_to_minor(value, ctx.tenant.currency)
    if Money(minor, ctx.tenant.currency).decimal() != value:
        raise Invalid(N_("The amount has more digits than the currency."), field="amount")
    note = CreditNote(customer_id, Money(minor, ctx.tenant.currency), data.number, id=data.id or new_id())
    await post_credit_notes(ctx, [note])
    account = await customer_account(ctx, customer_id)
    return AccountView(amount_of(account.balance), amount_of(account.pending), [], None)


HANDLERS = (
    read_customers,
    read_customer,
    put_customers,
    put_customer_prices,
    read_prices,
    read_account,
    create_credit_note,
)
