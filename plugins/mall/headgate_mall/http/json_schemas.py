"""What the buyers' JSON API sends: decimals as text, amounts with their currency, times in UTC."""

from datetime import datetime
from uuid import UUID

import msgspec
from headgate_trade.api import TraceEntry


class Amount(msgspec.Struct, frozen=True):
    """An amount of money.

    Args:
        amount: decimal text in the major unit, such as `12.50`.
        currency: ISO 4217 code.
    """

    amount: str
    currency: str


class UnitPrice(msgspec.Struct, frozen=True):
    """A sales unit with the buyer's price.

    Args:
        unit: name of the sales unit.
        base_units: base units in one of it, exact: `24`, `0.5` or `1/3`.
        price: the buyer's own, of one sales unit.
        base_price: before anything that is the buyer's own.
        rule: which rule gave the price.
        in_cart: what lies in the buyer's cart in this unit.
        least: the smallest quantity that can be ordered.
        step: quantities rise by this.
        usual: whether it is the unit offered first.
    """

    unit: str
    base_units: str
    price: str
    base_price: str
    rule: str
    in_cart: str
    least: str
    step: str
    usual: bool


class SkuView(msgspec.Struct, frozen=True, kw_only=True):
    """One SKU as this buyer sees it.

    Args:
        id: of the SKU.
        code: the distributor's code.
        name: of the product.
        spec: what tells it from the product's other SKUs.
        barcode: digits; may be empty.
        maker_code: the maker's own code; may be empty.
        category_id: where it stands.
        category: name of the category.
        base_unit: unit in which stock is counted.
        stock: base units that can be ordered; null when no stock is kept, or the distributor does not tell.
        stock_state: `ok`, `wait` for few, `stop` for none; empty when no stock is kept or shown.
        image_id: picture of the product.
        units: units in which it is sold, the usual one first.
    """

    id: UUID
    code: str
    name: str
    spec: str
    barcode: str
    maker_code: str
    category_id: UUID
    category: str
    base_unit: str
    stock: int | None
    stock_state: str
    image_id: UUID | None
    units: list[UnitPrice]


class CataloguePage(msgspec.Struct, frozen=True):
    """A page of the catalogue; `next` goes into `after` for the page that follows, null at the end."""

    items: list[SkuView]
    next: str | None
    currency: str


class PriceReason(msgspec.Struct, frozen=True):
    """Why a unit's price is what it is: every rule that was considered, in order."""

    unit: str
    trace: tuple[TraceEntry, ...]


class AttributeView(msgspec.Struct, frozen=True):
    """A value of an attribute.

    Args:
        key: names the attribute in programs.
        name: as people call it.
        type: number, text, choice or bool.
        value: as text; `yes` or `no` for a bool.
        unit: of a number; may be empty.
    """

    key: str
    name: str
    type: str
    value: str
    unit: str


class SkuDetail(msgspec.Struct, frozen=True):
    """One SKU with its description, its attributes and the reasons of its prices."""

    sku: SkuView
    description: str
    attributes: list[AttributeView]
    reasons: list[PriceReason]


class CartLineView(msgspec.Struct, frozen=True):
    """A line of the cart; `problem` says what keeps it from being ordered, in the reader's language."""

    sku_id: UUID
    code: str
    name: str
    spec: str
    unit: str
    quantity: str
    base_quantity: int
    price: str | None
    amount: Amount
    problem: str


class CartView(msgspec.Struct, frozen=True):
    """The buyer's cart; an order can be placed when there are lines, and neither problems nor refusals."""

    lines: list[CartLineView]
    total: Amount
    refusals: list[str]


class OrderView(msgspec.Struct, frozen=True):
    """An order in a list; `waiting_for` are the names of its open steps."""

    id: UUID
    number: str
    placed_at: datetime
    total: Amount
    lines: int
    state: str
    waiting_for: list[str]


class OrderLineView(msgspec.Struct, frozen=True):
    """A line of an order at the price it was placed at."""

    sku_id: UUID
    code: str
    name: str
    spec: str
    unit: str
    quantity: str
    price: str
    rule: str
    amount: Amount


class StepEntry(msgspec.Struct, frozen=True):
    """One line of an order's timeline, in the reader's language."""

    label: str
    state: str
    who: str
    at: datetime | None
    note: str


class OpenStep(msgspec.Struct, frozen=True):
    """A step that is open; `mine` tells whether the caller can do it."""

    step: str
    name: str
    role: str
    mine: bool


class OrderDetailView(msgspec.Struct, frozen=True):
    """One order with its lines and its way; a step sends `seq` back, so that nobody acts on an old state."""

    order: OrderView
    lines: list[OrderLineView]
    note: str
    address: str
    timeline: list[StepEntry]
    open_steps: list[OpenStep]
    seq: int


class EntryView(msgspec.Struct, frozen=True):
    """One posting on the customer's account; what is owed grows by positive amounts."""

    at: datetime
    kind: str
    document_number: str
    document_id: UUID
    amount: Amount
    balance_after: Amount | None


class AccountView(msgspec.Struct, frozen=True):
    """What the customer owes, what orders on their way will add, and a page of postings, latest first."""

    balance: Amount
    pending: Amount
    entries: list[EntryView]
    next: str | None
