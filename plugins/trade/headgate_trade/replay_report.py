"""What a replay did, and how the books compare with the history that it was made from."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, InvalidFields
from headgate_sdk.money import Money

from headgate_trade.imports.retail_history import Document
from headgate_trade.ledger import ledger_differences
from headgate_trade.replay_prices import Repricing, repricings
from headgate_trade.stock import stock_differences


class RefusedDocument(msgspec.Struct, frozen=True):
    """A document that was not taken: its number and why, as a msgid with values."""

    number: str
    reason: str
    params: dict[str, str] = {}

    @classmethod
    def of(cls, number: str, error: HeadgateError) -> "RefusedDocument":
        """Make one of the error that refused it; of several problems the first is told."""
        first = error.problems[0] if isinstance(error, InvalidFields) and error.problems else error
        return cls(number, first.message, {name: str(value) for name, value in first.params.items()})


class Replayed(msgspec.Struct):
    """What happened so far: documents that were there already, and those that were refused."""

    already: int = 0
    refused: list[RefusedDocument] = msgspec.field(default_factory=list)


class Difference(msgspec.Struct, frozen=True):
    """A total that differs: of a month, or of a customer."""

    what: str
    key: str
    source: int
    booked: int


class MonthTotal(msgspec.Struct, frozen=True):
    """Orders and credit notes of a month, from the books."""

    month: str
    orders: int
    sales: Money
    credits: Money


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of a replay; everything is counted in the books, not in the loop that wrote them.

    Args:
        orders: of the period.
        lines: of these orders.
        customers: who placed them.
        codes: different SKUs on them.
        total: of them.
        credit_notes: booked for the period.
        credited: their amount.
        months: month by month.
        differences: months and customers whose sales or credits are not those of the source.
        repriced: lines that were charged at another price than the rules give, by why.
        rules: lines by the rule that gave their price.
        already: documents that an earlier run had taken.
        refused: documents that were not taken, and why.
        stock_differences: SKUs whose stock is not the sum of its movements.
        ledger_differences: accounts that are not the sum of their transfers.
        seconds: from start to end.
    """

    orders: int
    lines: int
    customers: int
    codes: int
    total: Money
    credit_notes: int
    credited: Money
    months: tuple[MonthTotal, ...]
    differences: tuple[Difference, ...]
    repriced: tuple[Repricing, ...]
    rules: dict[str, int]
    already: int
    refused: tuple[RefusedDocument, ...]
    stock_differences: int
    ledger_differences: int
    seconds: float

    @property
    def is_exact(self) -> bool:
        """Whether the books are the source's, to the penny, and add up."""
        return not (self.differences or self.refused or self.stock_differences or self.ledger_differences)


Totals = dict[tuple[str, str], int]
"""Minor units by (`sales`, `credits`, with `month` or `customer`) and key."""


async def compare(
    ctx: Context,
    documents: Sequence[Document],
    replayed: Replayed,
    *,
    source: str,
    seconds: Callable[[], float],
) -> ReplayReport:
    """Count what is in the books and hold it against the documents.

    Args:
        ctx: of the tenant.
        documents: of the period; the books are read for the same documents.
        replayed: what happened.
        source: as the orders were marked.
        seconds: since the start.
    """
    currency = ctx.tenant.currency
    zone = ZoneInfo(ctx.tenant.timezone)
    sales = [document.number for document in documents if not document.is_cancellation]
    notes = [document.number for document in documents if document.is_cancellation]
    counted = await ctx.db.fetch_row(_COUNTS, ctx.tenant.id, source, sales)
    assert counted is not None
    orders = await ctx.db.fetch(_ORDERS, ctx.tenant.id, source, sales)
    credits_ = await ctx.db.fetch(_CREDITS, ctx.tenant.id, notes)
    rules = await ctx.db.fetch(_RULES, ctx.tenant.id, source, sales)
    booked: Totals = defaultdict(int)
    per_month: Counter[str] = Counter()
    for row in orders:
        month = _month(row["at"], zone)
        per_month[month] += 1
        booked["sales of month", month] += row["amount"]
        booked["sales of customer", row["code"]] += row["amount"]
    for row in credits_:
        booked["credits of month", _month(row["at"], zone)] += row["amount"]
        booked["credits of customer", row["code"]] += row["amount"]
    months = sorted({key for what, key in booked if what.endswith("month")})
    return ReplayReport(
        orders=counted["orders"],
        lines=counted["lines"],
        customers=counted["customers"],
        codes=counted["codes"],
        total=Money(sum(row["amount"] for row in orders), currency),
        credit_notes=len(credits_),
        credited=Money(sum(row["amount"] for row in credits_), currency),
        months=tuple(
            MonthTotal(
                month,
                per_month[month],
                Money(booked.get(("sales of month", month), 0), currency),
                Money(booked.get(("credits of month", month), 0), currency),
            )
            for month in months
        ),
        differences=_differences(_source_totals(documents, currency, zone), booked),
        repriced=tuple(await repricings(ctx, source, sales)),
        rules={row["price_rule"]: row["lines"] for row in rules},
        already=replayed.already,
        refused=tuple(replayed.refused),
        stock_differences=len(await stock_differences(ctx)),
        ledger_differences=len(await ledger_differences(ctx)),
        seconds=seconds(),
    )


def _source_totals(documents: Sequence[Document], currency: str, zone: ZoneInfo) -> Totals:
    totals: Totals = defaultdict(int)
    for document in documents:
        kind = "credits" if document.is_cancellation else "sales"
        amount = document.total(currency)
        totals[f"{kind} of month", _month(document.at, zone)] += amount
        totals[f"{kind} of customer", document.customer] += amount
    return totals


def _differences(source: Totals, booked: Totals) -> tuple[Difference, ...]:
    return tuple(
        Difference(*key, source.get(key, 0), booked.get(key, 0))
        for key in sorted(source.keys() | booked.keys())
        if source.get(key, 0) != booked.get(key, 0)
    )


def _month(moment: datetime, zone: ZoneInfo) -> str:
    return moment.astimezone(zone).strftime("%Y-%m")


_ORDERS = """
SELECT c.code, o.placed_at AS at, o.total AS amount
FROM trade_order o
JOIN trade_customer c ON c.tenant_id = $1 AND c.id = o.customer_id
WHERE o.tenant_id = $1 AND o.source = $2 AND o.reference = ANY($3::text[])
"""

_COUNTS = """
SELECT count(DISTINCT o.id) AS orders, count(*) AS lines, count(DISTINCT o.customer_id) AS customers,
       count(DISTINCT l.sku_id) AS codes
FROM trade_order o
JOIN trade_order_line l ON l.tenant_id = $1 AND l.order_id = o.id
WHERE o.tenant_id = $1 AND o.source = $2 AND o.reference = ANY($3::text[])
"""

_RULES = """
SELECT l.price_rule, count(*) AS lines
FROM trade_order o
JOIN trade_order_line l ON l.tenant_id = $1 AND l.order_id = o.id
WHERE o.tenant_id = $1 AND o.source = $2 AND o.reference = ANY($3::text[])
GROUP BY 1 ORDER BY 1
"""

_CREDITS = """
SELECT c.code, t.at, t.amount
FROM trade_transfer t
JOIN trade_account a ON a.tenant_id = $1 AND a.id = t.credit_account_id
JOIN trade_customer c ON c.tenant_id = $1 AND c.id = a.customer_id
WHERE t.tenant_id = $1 AND t.document_type = 'credit_note' AND t.document_number = ANY($2::text[])
"""
