"""The order mall's front door: what it is, its routes and its menu entries."""

from collections.abc import Sequence

from headgate_sdk.hooks import hookimpl
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import Manifest
from headgate_sdk.web import NavItem
from headgate_trade.api import cart_count
from litestar.types import ControllerRouterHandler

from headgate_mall.http import ROUTES

manifest = Manifest(
    id="mall",
    name=N_("Order mall"),
    description=N_(
        "Your customers order by phone: your catalogue at their own prices, with stock, their orders step by "
        "step, and what they owe."
    ),
    version="0.1.0",
    package="headgate_mall",
    category="selling",
    icon="store",
    requires=("trade",),
)


@hookimpl
def headgate_routes() -> Sequence[ControllerRouterHandler]:
    """Pages below `/mall/` and the buyers' part of the JSON API."""
    return ROUTES


@hookimpl
def headgate_nav() -> Sequence[NavItem]:
    """The bar at the bottom of the phone."""
    return (
        NavItem(
            label=N_("Home"), href="/mall/", face="mall", icon="house",
            permission="trade.catalogue.read", order=10,
        ),
        NavItem(
            label=N_("Catalogue"), href="/mall/catalogue", face="mall", icon="layout-grid",
            permission="trade.catalogue.read", order=20,
        ),
        NavItem(
            label=N_("Cart"), href="/mall/cart", face="mall", icon="shopping-cart",
            permission="trade.orders.place_own", order=30, badge=cart_count,
        ),
        NavItem(
            label=N_("Orders"), href="/mall/orders", face="mall", icon="clipboard-list",
            permission="trade.orders.place_own", order=40,
        ),
        NavItem(
            label=N_("Account"), href="/mall/account", face="mall", icon="user-round",
            permission="trade.accounts.read_own", order=50,
        ),
    )  # fmt: skip
