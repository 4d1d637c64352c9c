"""The first page: search, the last order again, orders on their way, categories, first goods."""

from headgate_sdk.context import Context
from headgate_sdk.web import page
from headgate_trade.api import get_cart, get_order, list_categories, list_orders, list_skus
from litestar import Response

from headgate_mall.http.buyers import for_buyers
from headgate_mall.reorder import compare
from headgate_mall.shelf import cart_quantities, load_shelf

FIRST_PRODUCTS = 12
RECENT_ORDERS = 3


@page("/mall/", permission="trade.catalogue.read")
@for_buyers
async def home(ctx: Context) -> Response[str]:
    """Show what a returning buyer wants first."""
    cart = await get_cart(ctx)
    customer = cart.customer
    orders, again = [], []
    if ctx.allowed("trade.orders.place_own"):
        orders = (await list_orders(ctx, customer_id=customer.id, limit=RECENT_ORDERS)).items
    if orders:
        last = await get_order(ctx, orders[0].id)
        again = await compare(ctx, customer.id, last.lines)
    first = await list_skus(ctx, limit=FIRST_PRODUCTS)
    return await ctx.render(
        "mall/home.html",
        customer=customer,
        cart=cart,
        orders=orders,
        again=again,
        categories=await list_categories(ctx),
        rows=await load_shelf(ctx, customer.id, first.items, cart_quantities(cart)),
    )
