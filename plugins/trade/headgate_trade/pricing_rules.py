"""The rules that give a price, asked in order for each row of the price read.

Each rule gives a price with its source, or says why it has none; the first with a price wins, and the trace
keeps all of them.
"""

from collections.abc import Sequence
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
_Candidate = tuple[str, Decimal | None, str, str]
"""Rule, its price if it has one, the source, and why it has none."""


class Price(msgspec.Struct, frozen=True):
    """A price and why it is that.

    Args:
        sku_id: what is priced.
        unit: name of the sales unit.
        unit_price: of one sales unit.
        rule: which rule gave it.
        trace: every rule that was considered.
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


def _decide(row: Record, has_customer: bool, currency: str, zone: tzinfo) -> Price:
    base = tidy_price(price_of_unit(row["base_price"], row["num"], row["den"]))
    if has_customer:
        asked = (_fixed(row, zone), _tracked(row, zone), _listed(row), _level(row))
        candidates: tuple[_Candidate, ...] = (*asked, ("base", base, "", ""))
    else:
        candidates = (("base", base, "", NO_CUSTOMER),)
    trace: list[TraceEntry] = []
    winner: tuple[str, Decimal] | None = None
    for rule, price, source, why_not in candidates:
        if price is None:
            trace.append(TraceEntry(rule, why=why_not))
        elif winner is None:
            winner = (rule, price)
            trace.append(TraceEntry(rule, format(price, "f"), source, won=True, why=why_not or WON))
        else:
            trace.append(TraceEntry(rule, format(price, "f"), source, why=OUTRANKED))
    rule, unit_price = winner or ("base", base)
    return Price(row["sku_id"], row["unit"], unit_price, rule, tuple(trace), base, currency)


def _fixed(row: Record, zone: tzinfo) -> _Candidate:
    if row["fixed_price"] is None:
        return "fixed", None, "", NOT_SET
    source = f"{row['fixed_by']}, {day_of(row['fixed_at'], zone)}"
    return "fixed", tidy_price(row["fixed_price"]), source, ""


def _tracked(row: Record, zone: tzinfo) -> _Candidate:
    if row["tracked_price"] is None:
        return "tracked", None, "", NEVER_TRADED
    day = day_of(row["tracked_at"], zone)
    source = f"{row['tracked_order']}, {day}" if row["tracked_order"] else day
    return "tracked", tidy_price(row["tracked_price"]), source, ""


def _listed(row: Record) -> _Candidate:
    if row["list_name"] is None:
        return "list", None, "", NO_LIST
    if row["list_price"] is not None:
        return "list", tidy_price(row["list_price"]), row["list_name"], ""
    if row["list_base_price"] is None:
        return "list", None, row["list_name"], NOT_LISTED
    price = tidy_price(price_of_unit(row["list_base_price"], row["num"], row["den"]))
    return "list", price, f"{row['list_name']} ({row['base_unit']})", ""


def _level(row: Record) -> _Candidate:
    if row["level_name"] is None:
        return "level", None, "", NO_LEVEL
    discount: Decimal = row["discount"]
    if not discount:
        return "level", None, row["level_name"], NO_DISCOUNT
    exact = row["base_price"] * (100 - discount) * row["num"] / (100 * row["den"])
    price = tidy_price(exact.quantize(_STEP, ROUND_HALF_UP))
    return "level", price, f"{row['level_name']} -{tidy_price(discount)}%", ""
