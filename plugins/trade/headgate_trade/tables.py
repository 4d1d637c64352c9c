"""Piccolo tables of what is read and written row by row; hot paths have their SQL beside the use case."""

from headgate_sdk.tables import TenantTable
from piccolo.columns import UUID, Boolean, Integer, Numeric, Text, Timestamptz
from piccolo.table import Table


class CategoryTable(TenantTable, Table, tablename="trade_category"):
    """Shelves of the catalogue."""

    id = UUID(primary_key=True)
    name = Text()
    icon = Text(default="package")
    sort = Integer(default=0)


class ProductTable(TenantTable, Table, tablename="trade_product"):
    """What SKUs share: picture and description."""

    id = UUID(primary_key=True)
    category_id = UUID()
    name = Text()
    description = Text(default="")
    image_id = UUID(null=True, default=None)
    created_at = Timestamptz()


class TermsTable(TenantTable):
    """Mixin of short tables whose rows have a key and a name."""

    id = UUID(primary_key=True)
    key = Text()
    name = Text()


class PriceListTable(TermsTable, Table, tablename="trade_price_list"):
    """Price lists."""


class PriceLevelTable(TermsTable, Table, tablename="trade_price_level"):
    """Customer levels with their discount in percent."""

    discount = Numeric(digits=(9, 6))


class CustomerGroupTable(TermsTable, Table, tablename="trade_customer_group"):
    """Customer groups with the price list they use."""

    price_list_id = UUID(null=True, default=None)


class WarehouseTable(TenantTable, Table, tablename="trade_warehouse"):
    """Places where stock is kept."""

    id = UUID(primary_key=True)
    key = Text()
    name = Text()
    is_default = Boolean(default=False)


TABLES: tuple[type[Table], ...] = (
    CategoryTable,
    ProductTable,
    PriceListTable,
    PriceLevelTable,
    CustomerGroupTable,
    WarehouseTable,
)
"""All of them, for the manifest."""
