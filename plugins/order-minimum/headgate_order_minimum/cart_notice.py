"""What the cart says while the order is still too small."""

from headgate_sdk.context import Context
from headgate_trade.api import Cart, buyer

from headgate_order_minimum.rules import shortfalls


async def render_cart_notice(ctx: Context, cart: Cart) -> str:
    """Show how much is missing, with a bar; nothing for an empty cart or once the minimum is reached."""
    if not cart.lines:
        return ""
    [found] = await shortfalls(ctx, [((await buyer(ctx)).group_id, cart.total)])
    if found is None:
        return ""
    return (await ctx.render("order-minimum/_cart_notice.html", shortfall=found)).content
