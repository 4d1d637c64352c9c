"""What a SKU is saved from, and the checks that one row must pass."""

from decimal import Decimal

import msgspec
from headgate_sdk.errors import Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.money import check_price
from headgate_sdk.quantity import Unit

from headgate_trade.units import check_units

MAX_CODE = 64
MAX_NAME = 200
MAX_TEXT = 4000
STATUSES = ("active", "stopped")


class UnitInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sales unit besides the base unit: one of it is `num / den` base units."""

    name: str
    num: int
    den: int = 1
    is_default: bool = False


class SkuInput(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A SKU to save; the code tells whether it is a new one. Fields as in `Sku`.

    `attributes` are values by key as they are typed: all of them, or None to leave them as they are.
    """

    code: str
    name: str
    category: str
    base_unit: str
    base_price: Decimal
    spec: str = ""
    barcode: str = ""
    maker_code: str = ""
    units: tuple[UnitInput, ...] = ()
    min_quantity: int = 1
    multiple: int = 1
    stocked: bool = True
    status: str = "active"
    description: str = ""
    attributes: dict[str, str] | None = None


class SaveResult(msgspec.Struct, frozen=True):
    """How many rows of a batch were new, altered, and already as wished."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0

    def __add__(self, other: "SaveResult") -> "SaveResult":
        return SaveResult(
            self.created + other.created, self.changed + other.changed, self.unchanged + other.unchanged
        )


def check_sku(sku: SkuInput, *, row: int | None = None) -> None:
    """Insist that one SKU can be saved.

    Raises:
        Invalid: names the field and row.
    """
    for field, text, most in (("code", sku.code, MAX_CODE), ("name", sku.name, MAX_NAME),
                              ("category", sku.category, MAX_NAME)):  # fmt: skip
        if not text.strip():
            raise Invalid(N_("Please fill this in."), field=field, row=row)
        if len(text) > most:
            raise Invalid(N_("Too long: {most} characters at most."), field=field, row=row, most=most)
    for field, text in (("spec", sku.spec), ("barcode", sku.barcode), ("maker_code", sku.maker_code)):
        if len(text) > MAX_NAME:
            raise Invalid(N_("Too long: {most} characters at most."), field=field, row=row, most=MAX_NAME)
    if len(sku.description) > MAX_TEXT:
        raise Invalid(N_("Too long: {most} characters at most."), field="description", row=row, most=MAX_TEXT)
    check_price(sku.base_price, field="base_price", row=row)
    check_units(sku.base_unit, [Unit(unit.name, unit.num, unit.den) for unit in sku.units], row=row)
    for field, number in (("min_quantity", sku.min_quantity), ("multiple", sku.multiple)):
        if not 1 <= number <= 10**9:
            raise Invalid(N_("Write a whole number of base units, 1 or more."), field=field, row=row)
    if sku.status not in STATUSES:
        raise Invalid(N_("The status is either active or stopped."), field="status", row=row)


def code_taken(code: str, row: int, first: int) -> Invalid:
    """Say that a code stands in an earlier row already."""
    return Invalid(
        N_("The code {code} is in row {first} already."), field="code", row=row, code=code, first=first
    )


Fingerprint = tuple[str, str, str, str, Decimal, str, str, str, bool, str, int, int, tuple[UnitInput, ...]]
"""Everything of a SKU but its code; base unit at 3, description at 7."""


def fingerprint(sku: SkuInput) -> Fingerprint:
    """Give all that would be written of a SKU, to compare with what is there."""
    return (
        sku.name, sku.spec, sku.category, sku.base_unit, sku.base_price, sku.barcode, sku.maker_code,
        sku.description, sku.stocked, sku.status, sku.min_quantity, sku.multiple, all_units(sku),
    )  # fmt: skip


def all_units(sku: SkuInput) -> tuple[UnitInput, ...]:
    """Give the base unit and the others; exactly one is the default, the base unit where none is marked."""
    default = next((unit.name for unit in sku.units if unit.is_default), sku.base_unit)
    base = UnitInput(sku.base_unit, 1, 1, is_default=default == sku.base_unit)
    others = (UnitInput(unit.name, unit.num, unit.den, unit.name == default) for unit in sku.units)
    return (base, *others)
