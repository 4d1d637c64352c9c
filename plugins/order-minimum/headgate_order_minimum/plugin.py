"""How the plugin introduces itself and where it takes part."""

from collections.abc import Sequence

from headgate_sdk.context import Context
from headgate_sdk.hooks import hookimpl
from headgate_sdk.i18n import N_
from headgate_sdk.manifest import Manifest, Permission
from headgate_sdk.orders import OrderDraft, Veto
from headgate_sdk.web import NavItem, Slot
from litestar.types import ControllerRouterHandler

from headgate_order_minimum.cart_notice import render_cart_notice
from headgate_order_minimum.pages import HANDLERS, PATH
from headgate_order_minimum.rules import READ, WRITE, amount_text, shortfalls
from headgate_order_minimum.tables import OrderMinimumRule

manifest = Manifest(
    id="order-minimum",
    name=N_("Order minimum"),
    description=N_(
        "The smallest order amount for each customer group. The cart shows how much is missing; "
        "a smaller order is not accepted."
    ),
    version="0.1.0",
    package="headgate_order_minimum",
    category="selling",
    icon="banknote",
    requires=("trade",),
    permissions=(
        Permission(READ, N_("See the smallest order amounts")),
        Permission(WRITE, N_("Change the smallest order amounts")),
    ),
    tables=(OrderMinimumRule,),
    deeds={"order-minimum.rules.replaced": N_("Smallest order amounts changed")},
)


@hookimpl
def headgate_routes() -> Sequence[ControllerRouterHandler]:
    """Give the page of the rules and the JSON endpoints."""
    return HANDLERS


@hookimpl
def headgate_nav() -> Sequence[NavItem]:
    """Stand under the prices."""
    return (
        NavItem(
            label=N_("Order minimum"), href=PATH, face="workbench", icon="banknote",
            section=N_("Prices"), permission=READ, order=80,
        ),
    )  # fmt: skip


@hookimpl
def headgate_slots() -> Sequence[Slot]:
    """Tell in the cart what is missing."""
    return (Slot("mall.cart", render_cart_notice, order=50),)


@hookimpl
async def headgate_check_orders(ctx: Context, drafts: Sequence[OrderDraft]) -> Sequence[Veto]:
    """Refuse orders below the smallest one of the customer's group."""
    found = await shortfalls(ctx, [(draft.group_id, draft.total) for draft in drafts])
    return [
        Veto(
            index,
            N_("The smallest order is {minimum}; {missing} is missing."),
            {"minimum": amount_text(short.minimum), "missing": amount_text(short.missing)},
        )
        for index, short in enumerate(found)
        if short is not None
    ]
