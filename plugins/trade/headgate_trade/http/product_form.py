"""The form of one SKU: what is typed, and how it is read."""

from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

import msgspec
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_sdk.money import parse_price
from headgate_sdk.quantity import parse_quantity, quantity_text

from headgate_trade.attribute_values import AttributeValue
from headgate_trade.catalogue import Sku
from headgate_trade.catalogue_input import SkuInput, UnitInput
from headgate_trade.http.forms import Many, typed
from headgate_trade.units import parse_factor, tidy_price

SPARE_ROWS = 2

T = TypeVar("T")


class UnitRow(msgspec.Struct, frozen=True):
    """A row of the table of sales units."""

    name: str
    factor: str
    is_default: bool


class ProductForm(msgspec.Struct, kw_only=True):
    """One SKU as typed. `default_unit` is the number of the row of units, 0 being the base unit."""

    code: str = ""
    name: str = ""
    spec: str = ""
    category: str = ""
    barcode: str = ""
    maker_code: str = ""
    base_unit: str = ""
    base_price: str = ""
    unit: Many = ""
    factor: Many = ""
    default_unit: str = "0"
    min_quantity: str = "1"
    multiple: str = "1"
    stocked: str = ""
    description: str = ""
    attribute_key: Many = ""
    attribute: Many = ""

    def attributes(self) -> dict[str, str]:
        """Give the values of attributes by key, as typed."""
        return dict(zip(typed(self.attribute_key), typed(self.attribute), strict=False))

    def unit_rows(self) -> list[UnitRow]:
        """Give the rows of other units, with some to spare."""
        names, factors = typed(self.unit), typed(self.factor)
        rows = [
            UnitRow(name, factor, self.default_unit == str(number))
            for number, (name, factor) in enumerate(zip(names, factors, strict=False), 1)
        ]
        while rows and not rows[-1].name and not rows[-1].factor:
            rows.pop()
        return rows + [UnitRow("", "", is_default=False)] * SPARE_ROWS


def form_of(sku: Sku, attributes: Sequence[AttributeValue] = ()) -> ProductForm:
    """Write a SKU into its form."""
    others = [unit for unit in sku.units if unit.name != sku.base_unit]
    default = next((number for number, unit in enumerate(others, 1) if unit.is_default), 0)
    return ProductForm(
        code=sku.code, name=sku.name, spec=sku.spec, category=sku.category, barcode=sku.barcode,
        maker_code=sku.maker_code, base_unit=sku.base_unit,
        base_price=format(tidy_price(sku.base_price), "f"), unit=[unit.name for unit in others],
        factor=[quantity_text(Fraction(unit.num, unit.den)) for unit in others], default_unit=str(default),
        min_quantity=str(sku.min_quantity), multiple=str(sku.multiple), stocked="on" if sku.stocked else "",
        description=sku.description, attribute_key=[one.attribute.key for one in attributes],
        attribute=[one.text for one in attributes],
    )  # fmt: skip


def read_form(form: ProductForm, *, status: str = "active", category: str = "") -> SkuInput:
    """Read the form.

    Args:
        form: as typed.
        status: of the SKU.
        category: that the SKU stands in; in another one the typed attributes make no sense.

    Raises:
        InvalidFields: everything that cannot be read, by field.
    """
    problems: list[HeadgateError] = []

    def keep(problem: Invalid, instead: T) -> T:
        problems.append(problem)
        return instead

    try:
        base_price = parse_price(form.base_price, field="base_price")
    except Invalid as problem:
        base_price = keep(problem, Decimal(0))
    whole: dict[str, int] = {}
    for field in ("min_quantity", "multiple"):
        try:
            whole[field] = _whole(getattr(form, field), field)
        except Invalid as problem:
            whole[field] = keep(problem, 1)
    units: list[UnitInput] = []
    for number, row in enumerate(form.unit_rows(), 1):
        try:
            if row.name.strip() or row.factor.strip():
                units.append(_unit(row, number))
        except Invalid as problem:
            problems.append(problem)
    if problems:
        raise InvalidFields(problems)
    return SkuInput(
        code=form.code.strip(), name=form.name.strip(), category=form.category.strip(),
        base_unit=form.base_unit.strip(), base_price=base_price, spec=form.spec.strip(),
        barcode=form.barcode.strip(), maker_code=form.maker_code.strip(), units=tuple(units),
        min_quantity=whole["min_quantity"], multiple=whole["multiple"], stocked=bool(form.stocked),
        status=status, description=form.description.strip(),
        attributes=form.attributes() if category and category == form.category.strip() else None,
    )  # fmt: skip


def _unit(row: UnitRow, number: int) -> UnitInput:
    if not row.name.strip():
        raise Invalid(N_("Name the unit, or clear its factor."), field=f"unit.{number}")
    factor = parse_factor(row.factor, field=f"factor.{number}")
    return UnitInput(row.name.strip(), factor.numerator, factor.denominator, row.is_default)


def _whole(text: str, field: str) -> int:
    value = parse_quantity(text, field=field)
    if value != value.to_integral_value() or not 1 <= value <= 10**9:
        raise Invalid(N_("Write a whole number of base units, 1 or more."), field=field)
    return int(value)
