"""Replaying a wholesaler's history: its real orders, placed through the use case that everybody orders by.

Each document is placed at its own time with the prices that were charged. Where the resolver gives the same
price, its rule stands on the line; any other is kept as an agreed price, with the resolver's answer in the
trace. The flow is completed at once, because the history holds invoices: the goods had left. Documents that
cancel are booked as credit notes. Nothing happens twice when it is run again.
"""

import time
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID, uuid5
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.commands import TenantRunner
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import Money
from headgate_sdk.progress import report as report_progress

from headgate_trade.accounts import CreditNote, post_credit_notes
from headgate_trade.flow import ORDER
from headgate_trade.imports.retail_history import Document
from headgate_trade.imports.retail_import import BASE_UNIT
from headgate_trade.orders import OrderInput, OrderLineInput, Placement, at_moment, place_orders
from headgate_trade.replay_report import RefusedDocument, Replayed, ReplayReport, compare

SOURCE = "replay"
BATCH = 50
"""Documents of one unit of work."""
LABEL = N_("Replaying orders")
_CREDIT_NOTES = UUID("0f0f2f64-6f35-5c50-8f83-3c1d3dbb9a10")


class _Known(msgspec.Struct):
    """What a tenant's data says about the codes of a history."""

    skus: dict[str, UUID]
    customers: dict[str, tuple[UUID, str]]
    placed: frozenset[str]


async def replay_history(
    runner: TenantRunner, documents: Iterable[Document], *, start: date | None = None, end: date | None = None
) -> ReplayReport:
    """Place the orders and book the credit notes of a history, and compare the books with it.

    Args:
        runner: opens units of work for the tenant, as the system.
        documents: in the order of time.
        start: first day, in the tenant's timezone; None for all from the beginning.
        end: last day.

    Returns:
        What was done, and every difference between the source and the books.
    """
    began = time.monotonic()
    async with runner.context() as ctx:
        zone = ZoneInfo(ctx.tenant.timezone)
        wanted = [document for document in documents if _within(document.at, zone, start, end)]
        known = await _look_up(ctx)
    replayed = Replayed()
    done = 0
    for batch in _batches(wanted):
        async with runner.context() as ctx:
            await _replay_batch(ctx, batch, known, replayed)
        done += len(batch)
        report_progress(LABEL, done, len(wanted))
    async with runner.context() as ctx:
        return await compare(ctx, wanted, replayed, source=SOURCE, seconds=lambda: time.monotonic() - began)


def _within(moment: datetime, zone: ZoneInfo, start: date | None, end: date | None) -> bool:
    day = moment.astimezone(zone).date()
    return (start is None or day >= start) and (end is None or day <= end)


def _batches(documents: Sequence[Document]) -> Iterable[Sequence[Document]]:
    for first in range(0, len(documents), BATCH):
        yield documents[first : first + BATCH]


def segments(documents: Iterable[Document]) -> Iterable[list[Document]]:
    """Cut documents so that no customer comes twice in one part: their second builds on their first."""
    part: list[Document] = []
    seen: set[str] = set()
    for document in documents:
        if document.customer in seen:
            yield part
            part, seen = [], set()
        part.append(document)
        seen.add(document.customer)
    if part:
        yield part


async def _look_up(ctx: Context) -> _Known:
    skus = await ctx.db.fetch("SELECT code, id FROM trade_sku WHERE tenant_id = $1", ctx.tenant.id)
    customers = await ctx.db.fetch(
        "SELECT code, id, name FROM trade_customer WHERE tenant_id = $1", ctx.tenant.id
    )
    placed = await ctx.db.fetch(
        "SELECT reference FROM trade_order WHERE tenant_id = $1 AND source = $2", ctx.tenant.id, SOURCE
    )
    return _Known(
        {row["code"]: row["id"] for row in skus},
        {row["code"]: (row["id"], row["name"]) for row in customers},
        frozenset(row["reference"] for row in placed),
    )


async def _replay_batch(ctx: Context, batch: Sequence[Document], known: _Known, replayed: Replayed) -> None:
    ready: list[Document] = []
    for document in batch:
        if document.number in known.placed:
            replayed.already += 1
        elif (missing := _missing(document, known)) is not None:
            replayed.refused.append(RefusedDocument.of(document.number, missing))
        else:
            ready.append(document)
    for part in segments(ready):
        try:
            async with ctx.db.savepoint():
                await _replay_part(ctx, part, known)
        except HeadgateError:
            for document in part:
                await _replay_alone(ctx, document, known, replayed)


async def _replay_alone(ctx: Context, document: Document, known: _Known, replayed: Replayed) -> None:
    try:
        async with ctx.db.savepoint():
            await _replay_part(ctx, [document], known)
    except HeadgateError as error:
        replayed.refused.append(RefusedDocument.of(document.number, error))


async def _replay_part(ctx: Context, part: Sequence[Document], known: _Known) -> None:
    """Place orders of different customers in one batch and see each to its end; book their credit notes."""
    orders = [document for document in part if not document.is_cancellation]
    placed = await place_orders(ctx, [_placement(document, known) for document in orders])
    for order, document in zip(placed, orders, strict=True):
        if not order.replayed:
            await at_moment(ctx, document.at).workflow.complete_all(ORDER, order.id)
    notes = [_credit_note(ctx, document, known) for document in part if document.is_cancellation]
    if notes:
        await post_credit_notes(ctx, notes)


def _placement(document: Document, known: _Known) -> Placement:
    customer_id, name = known.customers[document.customer]
    lines = tuple(
        OrderLineInput(known.skus[line.code], BASE_UNIT, Decimal(line.quantity), line.price)
        for line in document.lines
    )
    order = OrderInput(customer_id, lines, source=SOURCE, reference=document.number)
    return Placement(order, document.number, at=document.at, by=name)


def _credit_note(ctx: Context, document: Document, known: _Known) -> CreditNote:
    customer_id, _ = known.customers[document.customer]
    amount = Money(document.total(ctx.tenant.currency), ctx.tenant.currency)
    return CreditNote(customer_id, amount, document.number, document.at, credit_note_id(ctx, document.number))


def credit_note_id(ctx: Context, number: str) -> UUID:
    """Give the id under which a cancelling document is booked: the same one each time it is replayed."""
    return uuid5(_CREDIT_NOTES, f"{ctx.tenant.id}/{number}")


def _missing(document: Document, known: _Known) -> Invalid | None:
    if document.customer not in known.customers:
        return Invalid(N_("There is no customer {code}. Import the history first."), code=document.customer)
    if not document.is_cancellation:
        for line in document.lines:
            if line.code not in known.skus:
                return Invalid(N_("There is no item {code}. Import the history first."), code=line.code)
    return None
