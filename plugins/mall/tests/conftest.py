"""Real objects of the trade's API, small enough to read in a test."""

from decimal import Decimal
from uuid import UUID, uuid5

import pytest
from headgate_trade.api import OrderLine, Price, Sku, SkuUnit

_SPACE = UUID("0193f000-0000-7000-8000-000000000000")


@pytest.fixture
def make_sku():
    """`units` are (name, num, den) besides the base unit."""

    def make(
        name="bolt", *, base="个", units=(), usual="", minimum=1, multiple=1, stocked=True, status="active"
    ):
        return Sku(
            id=uuid5(_SPACE, name), code=name.upper(), name=name, spec="M6", barcode="", maker_code="",
            category_id=uuid5(_SPACE, "category"), category="螺栓", icon="wrench", base_unit=base,
            base_price=Decimal("0.085"), stocked=stocked, status=status, min_quantity=minimum,
            multiple=multiple, product_id=uuid5(_SPACE, "product"), image_id=None, description="",
            units=tuple(
                SkuUnit(unit, num, den, unit == (usual or base)) for unit, num, den in [(base, 1, 1), *units]
            ),
        )  # fmt: skip

    return make


@pytest.fixture
def make_price():
    def make(sku, unit, price, base_price=None):
        return Price(sku.id, unit, Decimal(price), "list", (), Decimal(base_price or price), "CNY")

    return make


@pytest.fixture
def make_order_line():
    def make(sku, unit, quantity, base_quantity, price):
        return OrderLine(
            line_no=1, sku_id=sku.id, sku_code=sku.code, sku_name=sku.name, spec=sku.spec, unit=unit,
            quantity=Decimal(quantity), base_quantity=base_quantity, unit_price=Decimal(price),
            amount=int(Decimal(quantity) * Decimal(price) * 100), price_rule="list", trace=(),
        )  # fmt: skip

    return make
