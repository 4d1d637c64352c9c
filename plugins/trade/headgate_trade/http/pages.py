"""Every page of the workbench that trade brings."""

from headgate_trade.http import (
    account_pages,
    attribute_pages,
    customer_pages,
    import_pages,
    inbox_pages,
    member_pages,
    order_pages,
    price_pages,
    product_pages,
    stock_pages,
)

HANDLERS = (
    *inbox_pages.HANDLERS,
    *order_pages.HANDLERS,
    *product_pages.HANDLERS,
    *attribute_pages.HANDLERS,
    *customer_pages.HANDLERS,
    *member_pages.HANDLERS,
    *price_pages.HANDLERS,
    *stock_pages.HANDLERS,
    *account_pages.HANDLERS,
    *import_pages.HANDLERS,
)
