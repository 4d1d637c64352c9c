"""Sales units as a buyer meets them: what a box holds, and the steps in which it can be ordered."""

from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from math import gcd

import msgspec
from headgate_sdk.quantity import quantity_text
from headgate_trade.api import Sku, SkuUnit


class Steps(msgspec.Struct, frozen=True):
    """How a stepper moves, in whole sales units, as text for the input.

    Args:
        step: one press.
        least: the smallest quantity that may be ordered.
        most: the largest that stock allows; empty when stock sets no limit.
    """

    step: str
    least: str
    most: str = ""


def units_of(sku: Sku) -> tuple[SkuUnit, ...]:
    """Give the units in which a SKU can be ordered, the usual one first."""
    usual = sku.default_unit
    return (usual, *[unit for unit in sku.units if unit is not usual])


def pick_unit(sku: Sku, *wanted: str) -> SkuUnit:
    """Give the first of the wanted units that the SKU has, else its usual one."""
    return next((unit for name in wanted if (unit := sku.unit_named(name))), sku.default_unit)


def conversion(unit: SkuUnit) -> tuple[int, int]:
    """Give `(sales units, base units)` that are equal, in the smallest whole numbers: 1 box is 24 pieces."""
    common = gcd(unit.num, unit.den)
    return unit.den // common, unit.num // common


def steps_of(sku: Sku, unit: SkuUnit, available: int | None) -> Steps:
    """Work out how a stepper moves so that each press lands on a quantity that may be ordered.

    Args:
        sku: with its minimum and multiple in base units.
        unit: the sales unit on the stepper.
        available: base units in stock; None when stock is not kept.
    """
    steps, step, base_a_step = _steps(sku.min_quantity, sku.multiple, unit.num, unit.den)
    if available is None:
        return steps
    return Steps(steps.step, steps.least, str(max(available, 0) // base_a_step * step))


@lru_cache(maxsize=10_000)
def _steps(minimum: int, multiple: int, num: int, den: int) -> tuple[Steps, int, int]:
    """Give steps without a limit, one step, and the base units in it; few kinds serve all SKUs."""
    step = den * multiple // gcd(num, den * multiple)
    base_a_step = step * num // den
    least = -(-minimum // base_a_step) * step
    return Steps(str(step), str(least)), step, base_a_step


def base_quantity(quantity: Decimal, unit: SkuUnit) -> Fraction:
    """Give the base units in a quantity of a sales unit, exactly."""
    return Fraction(quantity) * Fraction(unit.num, unit.den)


def orderable(sku: Sku, unit: SkuUnit, quantity: Decimal) -> bool:
    """Tell whether the SKU's minimum and multiple allow a quantity."""
    base = base_quantity(quantity, unit)
    return base >= sku.min_quantity and (base / sku.multiple).denominator == 1


def plain(quantity: Decimal | Fraction) -> str:
    """Write a quantity without needless zeros: `24`, `1.5`."""
    return quantity_text(Fraction(quantity)) if quantity else "0"
