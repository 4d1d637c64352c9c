"""A page of goods as one buyer sees it: their prices, the stock, and what already lies in their cart.

However long the page, it costs one question for prices and stock and one for the cart.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.i18n import N_
from headgate_trade.api import (
    Cart,
    Price,
    PriceRequest,
    Sku,
    SkuUnit,
    TradeSettings,
    available,
    list_offers,
    resolve_prices,
)

from headgate_mall.packing import Steps, base_quantity, conversion, pick_unit, plain, steps_of, units_of

_NONE = Decimal(0)
_USUAL = TradeSettings()

InCart = Mapping[tuple[UUID, str], Decimal]


class StockView(msgspec.Struct, frozen=True):
    """Stock as a buyer reads it, in as much detail as the distributor shows.

    Args:
        state: `ok`, `wait` for few, `stop` for none; empty when stock is not kept or not shown.
        message: English msgid with `{n}` and `{unit}`.
        count: base units, exact or rounded down; 0 where the message has no place for it.
    """

    state: str = ""
    message: str = ""
    count: int = 0


class UnitChoice(msgspec.Struct, frozen=True):
    """One sales unit of a row.

    Args:
        unit: the sales unit.
        units: so many of it ...
        base_units: ... hold so many base units.
        price: the buyer's own.
        quantity: of this unit in the cart.
        chosen: whether the row's stepper counts in it.
    """

    unit: SkuUnit
    units: int
    base_units: int
    price: Price
    quantity: Decimal
    chosen: bool


class ShelfRow(msgspec.Struct, frozen=True):
    """One SKU on the shelf.

    Args:
        sku: what is sold.
        choices: its units, the usual one first.
        chosen: the unit of the stepper.
        stock: in words.
        available: base units; None when stock is not kept, or the buyer may not know how much there is.
        short: the cart asks for more than there is.
        steps: how the stepper moves.
    """

    sku: Sku
    choices: tuple[UnitChoice, ...]
    chosen: UnitChoice
    stock: StockView
    available: int | None
    short: bool
    steps: Steps

    @property
    def quantity(self) -> str:
        """What lies in the cart, in the chosen unit."""
        return plain(self.chosen.quantity)

    @property
    def struck(self) -> Decimal | None:
        """The base price to strike through beside the buyer's own: only where it is higher."""
        price = self.chosen.price
        return price.base_price if price.base_price > price.unit_price else None

    @property
    def elsewhere(self) -> tuple[UnitChoice, ...]:
        """Other units of the same SKU that lie in the cart."""
        return tuple(choice for choice in self.choices if choice.quantity and not choice.chosen)


async def load_shelf(
    ctx: Context,
    customer_id: UUID,
    skus: Sequence[Sku],
    in_cart: InCart,
    *,
    unit: str = "",
) -> list[ShelfRow]:
    """Price a page of SKUs that are on sale, in all their units, and look up their stock.

    Args:
        ctx: of the buyer.
        customer_id: whose prices.
        skus: a page of active SKUs.
        in_cart: quantities by SKU and unit.
        unit: unit for the steppers where a SKU has it; else what is in the cart, else the usual one.
    """
    if not skus:
        return []
    requests = [PriceRequest(sku.id, choice.name) for sku in skus for choice in units_of(sku)]
    offers = await list_offers(ctx, customer_id, requests)
    stock = {offer.price.sku_id: offer.available for offer in offers if offer.available is not None}
    settings = ctx.settings(TradeSettings)
    return shelf_rows(skus, [offer.price for offer in offers], stock, in_cart, unit=unit, settings=settings)


async def load_row(ctx: Context, customer_id: UUID, sku: Sku, in_cart: InCart, *, unit: str = "") -> ShelfRow:
    """Give the row of a single SKU, with the reasons of its prices."""
    prices = await resolve_prices(ctx, customer_id, [PriceRequest(sku.id, one.name) for one in sku.units])
    stock = await available(ctx, [sku.id] if sku.stocked else [])
    settings = ctx.settings(TradeSettings)
    return shelf_rows([sku], prices, stock, in_cart, unit=unit, settings=settings)[0]


def cart_quantities(cart: Cart) -> dict[tuple[UUID, str], Decimal]:
    """Give what lies in a cart that has been read already."""
    return {(line.sku.id, line.unit): line.quantity for line in cart.lines}


def shelf_rows(
    skus: Sequence[Sku],
    prices: Sequence[Price],
    stock: Mapping[UUID, int],
    in_cart: InCart,
    *,
    unit: str = "",
    settings: TradeSettings = _USUAL,
) -> list[ShelfRow]:
    """Put SKUs together with prices, stock and cart."""
    by_unit = {(price.sku_id, price.unit): price for price in prices}
    rows = []
    for sku in skus:
        units = units_of(sku)
        quantities = (
            [in_cart.get((sku.id, one.name), _NONE) for one in units] if in_cart else [_NONE] * len(units)
        )
        carried = next((one.name for one, quantity in zip(units, quantities, strict=True) if quantity), "")
        chosen = pick_unit(sku, unit, carried)
        choices = tuple(
            [
                UnitChoice(one, *conversion(one), by_unit[sku.id, one.name], quantity, one is chosen)
                for one, quantity in zip(units, quantities, strict=True)
            ]
        )
        count = stock.get(sku.id, 0) if sku.stocked else None
        told = count if settings.stock_display == "exact" else None
        rows.append(
            ShelfRow(
                sku=sku,
                choices=choices,
                chosen=choices[units.index(chosen)],
                stock=stock_view(count, chosen, sku, settings),
                available=told,
                short=count is not None and _wanted(choices) > count,
                steps=steps_of(sku, chosen, told),
            )
        )
    return rows


def stock_view(count: int | None, unit: SkuUnit, sku: Sku, settings: TradeSettings = _USUAL) -> StockView:
    """Say how much there is, and whether that is much for somebody who orders in this unit."""
    if count is None or settings.stock_display == "off":
        return StockView()
    if count <= 0:
        return StockView("stop", N_("Out of stock"))
    if settings.stock_display == "flag":
        return StockView("ok", N_("In stock"))
    exact = settings.stock_display == "exact"
    if count < max(settings.few * unit.num // unit.den, sku.min_quantity):
        few = StockView("wait", N_("Only {n} {unit} left"), count)
        return few if exact else StockView("wait", N_("Few left"))
    if exact:
        return StockView("ok", N_("In stock {n} {unit}"), count)
    return StockView("ok", N_("In stock, {n} {unit} or more"), band(count))


def band(count: int) -> int:
    """Round down to 1, 2 or 5 with zeros behind it."""
    power: int = 10 ** (len(str(count)) - 1)
    return next(step for step in (5 * power, 2 * power, power) if step <= count)


def _wanted(choices: Sequence[UnitChoice]) -> Fraction:
    """Give the base units that lie in the cart, in all units together."""
    return sum(
        (base_quantity(choice.quantity, choice.unit) for choice in choices if choice.quantity), Fraction()
    )
