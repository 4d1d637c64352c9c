"""Pages of the mall and the buyers' part of the JSON API."""

from litestar.types import ControllerRouterHandler

from headgate_mall.http.account_pages import account_page
from headgate_mall.http.cart_pages import cart_page, checkout, checkout_page, empty_cart, set_line
from headgate_mall.http.catalogue_pages import catalogue, sku_page, sku_row
from headgate_mall.http.company_json import ROUTES as COMPANY_JSON_ROUTES
from headgate_mall.http.company_pages import ROUTES as COMPANY_ROUTES
from headgate_mall.http.home_pages import home
from headgate_mall.http.json import ROUTES as JSON_ROUTES
from headgate_mall.http.order_pages import again, cancel, do_step, order_page, order_progress, orders_page

ROUTES: tuple[ControllerRouterHandler, ...] = (
    home,
    catalogue,
    sku_page,
    sku_row,
    cart_page,
    set_line,
    empty_cart,
    checkout_page,
    checkout,
    orders_page,
    order_page,
    order_progress,
    do_step,
    cancel,
    again,
    account_page,
    *COMPANY_ROUTES,
    *COMPANY_JSON_ROUTES,
    *JSON_ROUTES,
)
