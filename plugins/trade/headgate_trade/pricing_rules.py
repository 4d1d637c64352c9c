"""The rules that give a price, asked in order for each row of the price read.

The first rule with a price wins. The trace keeps all of them: what each would give and where from, or why it
has none; it costs more than the price, so long lists do without.
"""

from collections.abc import Callable, Sequence
from datetime import tzinfo
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

import msgspec
from headgate_sdk.database import Record
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.quantity import Unit

from headgate_trade.pricing_trace import (
    NEVER_TRADED,
    NO_CUSTOMER,
    NO_DISCOUNT,
    NO_LEVEL,
    NO_LIST,
    NOT_LISTED,
    NOT_SET,
    OUTRANKED,
    WON,
    TraceEntry,
    day_of,
)
from headgate_trade.units import price_of_unit, tidy_price

_STEP = Decimal("0.000001")


class Price(msgspec.Struct, frozen=True):
    """A price and why it is that.

    Args:
        sku_id: what is priced.
        unit: name of the sales unit.
        unit_price: of one sales unit.
        rule: which rule gave it.
        trace: every rule that was considered; empty where nobody asked for it.
        base_price: of one sales unit, to show struck through beside a lower price.
        currency: ISO 4217 code.
    """

    sku_id: UUID
    unit: str
    unit_price: Decimal
    rule: str
    trace: tuple[TraceEntry, ...]
    base_price: Decimal
    currency: str


class PricedCustomer(msgspec.Struct, frozen=True):
    """What the price read tells about the customer."""

    id: UUID
    code: str
    name: str
    status: str
    group_id: UUID | None
    address: str


class PricedLine(msgspec.Struct, frozen=True, kw_only=True):
    """One request with everything that placing an order or showing a cart needs.

    Args:
        sku_id: as requested.
        unit_name: as requested.
        customer: who it is priced for; None for base prices.
        code: of the SKU; empty when there is no such SKU.
        name: of the product.
        spec: of the SKU.
        status: `active`, `stopped`, or `unknown` when there is no such SKU.
        stocked: whether stock is kept of it.
        base_unit: name of the base unit.
        unit: the sales unit; None when the SKU is not sold in it.
        min_quantity: base units at least.
        multiple: base units must divide by it.
        price: None when there is no such SKU or unit.
        on_hand: base units in the default warehouse.
        reserved: base units promised to orders.
        warehouse_id: the default warehouse; None for what is not stocked.
    """

    sku_id: UUID
    unit_name: str
    customer: PricedCustomer | None = None
    code: str = ""
    name: str = ""
    spec: str = ""
    status: str = "unknown"
    stocked: bool = True
    base_unit: str = ""
    unit: Unit | None = None
    min_quantity: int = 1
    multiple: int = 1
    price: Price | None = None
    on_hand: int = 0
    reserved: int = 0
    warehouse_id: UUID | None = None

    @property
    def available(self) -> int:
        """Base units that are not promised to anybody."""
        return self.on_hand - self.reserved

    def problem(self, *, row: int | None = None) -> HeadgateError | None:
        """Say why this cannot be sold at all, if so: no such SKU, stopped, or not in this unit."""
        if self.status == "unknown":
            return Invalid(N_("There is no such item. It may have been removed."), field="sku_id", row=row)
        if self.status == "stopped":
            return Invalid(
                N_("{code} {name} is no longer sold. Please take it out."),
                field="sku_id", row=row, code=self.code, name=self.name,
            )  # fmt: skip
        if self.unit is None:
            return Invalid(
                N_("{code} {name} is not sold by '{unit}'. Choose another unit."),
                field="unit", row=row, code=self.code, name=self.name, unit=self.unit_name,
            )  # fmt: skip
        return None


class Offer(msgspec.Struct, frozen=True):
    """What one SKU costs in one unit, and how much of it can be promised.

    Args:
        price: without its trace.
        available: base units; None for what no stock is kept of.
    """

    price: Price
    available: int | None


def prices_from_rows(rows: Sequence[Record], currency: str, zone: tzinfo) -> list[PricedLine]:
    """Decide the price of each row of `PRICE_SQL`, and tell why."""
    if not rows:
        return []
    first = rows[0]
    customer = None
    if first["customer_id"] is not None:
        customer = PricedCustomer(
            first["customer_id"], first["customer_code"], first["customer_name"], first["customer_status"],
            first["group_id"], first["address"],
        )  # fmt: skip
    return [_line(row, customer, currency, zone) for row in rows]


def offers_from_rows(rows: Sequence[Record], currency: str) -> list[Offer] | None:
    """Decide the price of each row of `OFFER_SQL`; None when something among them cannot be sold."""
    if any(row["num"] is None or row["status"] != "active" for row in rows):
        return None
    return [
        Offer(
            _decide(row, row["customer_id"] is not None, currency, None),
            (row["on_hand"] or 0) - (row["reserved"] or 0) if row["stocked"] else None,
        )
        for row in rows
    ]


def _line(row: Record, customer: PricedCustomer | None, currency: str, zone: tzinfo) -> PricedLine:
    if row["code"] is None:
        return PricedLine(sku_id=row["sku_id"], unit_name=row["unit"], customer=customer)
    stocked = row["stocked"]
    return PricedLine(
        sku_id=row["sku_id"], unit_name=row["unit"], customer=customer,
        code=row["code"], name=row["name"], spec=row["spec"], status=row["status"], stocked=stocked,
        base_unit=row["base_unit"], min_quantity=row["min_quantity"], multiple=row["multiple"],
        unit=None if row["num"] is None else Unit(row["unit"], row["num"], row["den"]),
        price=None if row["num"] is None else _decide(row, customer is not None, currency, zone),
        on_hand=row["on_hand"] or 0, reserved=row["reserved"] or 0,
        warehouse_id=row["warehouse_id"] if stocked else None,
    )  # fmt: skip


def _decide(row: Record, has_customer: bool, currency: str, zone: tzinfo | None) -> Price:
    """Take the first rule with a price; `zone` is that of the days in the trace, None for no trace."""
    base = tidy_price(price_of_unit(row["base_price"], row["num"], row["den"]))
    rule, unit_price = "base", base
    if has_customer:
        for candidate in _RULES:
            price = candidate.price(row)
            if price is not None:
                rule, unit_price = candidate.id, price
                break
    trace: tuple[TraceEntry, ...] = ()
    if zone is not None:
        trace = _trace(row, rule, base, zone) if has_customer else (_base_entry(base, NO_CUSTOMER),)
    return Price(row["sku_id"], row["unit"], unit_price, rule, trace, base, currency)


def _trace(row: Record, winner: str, base: Decimal, zone: tzinfo) -> tuple[TraceEntry, ...]:
    trace: list[TraceEntry] = []
    for rule in _RULES:
        price = rule.price(row)
        if price is None:
            trace.append(TraceEntry(rule.id, why=rule.why_not(row)))
        else:
            won = rule.id == winner
            trace.append(
                TraceEntry(
                    rule.id, format(price, "f"), rule.source(row, zone), won, WON if won else OUTRANKED
                )
            )
    trace.append(_base_entry(base, WON if winner == "base" else ""))
    return tuple(trace)


def _base_entry(base: Decimal, why_won: str) -> TraceEntry:
    return TraceEntry("base", format(base, "f"), won=bool(why_won), why=why_won or OUTRANKED)


class _Rule(msgspec.Struct, frozen=True):
    """A rule that may have a price for a row; what it says of it is asked for traces only."""

    id: str
    price: Callable[[Record], Decimal | None]
    source: Callable[[Record, tzinfo], str]
    why_not: Callable[[Record], str]


def _fixed(row: Record) -> Decimal | None:
    return None if row["fixed_price"] is None else tidy_price(row["fixed_price"])


def _fixed_source(row: Record, zone: tzinfo) -> str:
    return f"{row['fixed_by']}, {day_of(row['fixed_at'], zone)}"


def _tracked(row: Record) -> Decimal | None:
    return None if row["tracked_price"] is None else tidy_price(row["tracked_price"])


def _tracked_source(row: Record, zone: tzinfo) -> str:
    day = day_of(row["tracked_at"], zone)
    return f"{row['tracked_order']}, {day}" if row["tracked_order"] else day


def _listed(row: Record) -> Decimal | None:
    if row["list_price"] is not None:
        return tidy_price(row["list_price"])
    if row["list_base_price"] is None:
        return None
    return tidy_price(price_of_unit(row["list_base_price"], row["num"], row["den"]))


def _listed_source(row: Record, _zone: tzinfo) -> str:
    name: str = row["list_name"]
    return f"{name} ({row['base_unit']})" if row["list_price"] is None else name


def _level(row: Record) -> Decimal | None:
    discount: Decimal | None = row["discount"]
    if not discount:
        return None
    exact = row["base_price"] * (100 - discount) * row["num"] / (100 * row["den"])
    return tidy_price(exact.quantize(_STEP, ROUND_HALF_UP))


def _level_source(row: Record, _zone: tzinfo) -> str:
    return f"{row['level_name']} -{tidy_price(row['discount'])}%"


_RULES = (
    _Rule("fixed", _fixed, _fixed_source, lambda _: NOT_SET),
    _Rule("tracked", _tracked, _tracked_source, lambda _: NEVER_TRADED),
    _Rule("list", _listed, _listed_source, lambda row: NO_LIST if row["list_name"] is None else NOT_LISTED),
    _Rule("level", _level, _level_source, lambda row: NO_LEVEL if row["level_name"] is None else NO_DISCOUNT),
)
"""In the order in which they are asked; the base price stands behind them."""
