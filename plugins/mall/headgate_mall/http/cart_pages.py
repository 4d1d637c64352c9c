"""Cart and checkout: quantities by thumb, problems told at their line, one button that orders once."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.ids import new_id
from headgate_sdk.quantity import parse_quantity
from headgate_sdk.web import action, page, see_other
from headgate_trade.api import (
    Cart,
    clear_cart,
    customer_account,
    get_cart,
    get_sku,
    place_cart,
    set_cart_line,
)
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_mall.basket import cart_rows, line_id, nearest_of
from headgate_mall.http.buyers import AnyRequest, for_buyers, fragment_of, read_id, with_badge, words
from headgate_mall.reorder import look_again
from headgate_mall.shelf import cart_quantities, load_row

PLACE = "trade.orders.place_own"

Surface = Literal["shelf", "cart"]


class LineForm(msgspec.Struct, frozen=True):
    """What a stepper sends.

    Args:
        sku: which SKU.
        unit: name of its sales unit.
        quantity: as typed; 0 takes the line out.
        surface: the page that the stepper stands on.
    """

    sku: UUID
    unit: str
    quantity: str = ""
    surface: Surface = "shelf"


class CheckoutForm(msgspec.Struct, frozen=True):
    """What the checkout sends; `key` was made with the page, so that a second press is no second order."""

    key: Annotated[str, msgspec.Meta(min_length=8, max_length=100)]
    address: Annotated[str, msgspec.Meta(max_length=500)] = ""
    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""


@page("/mall/cart", permission=PLACE)
@for_buyers
async def cart_page(ctx: Context, again: str = "") -> Response[str]:
    """Show the cart; after "order again" also what differs from that order."""
    cart = await get_cart(ctx)
    order_id = read_id(again, "again")
    changes = await look_again(ctx, cart.customer.id, order_id) if order_id else []
    return await ctx.render("mall/cart.html", **await _cart_values(ctx, cart), changes=changes)


async def _cart_values(ctx: Context, cart: Cart) -> dict[str, object]:
    return {"cart": cart, "lines": cart_rows(cart), "notices": await ctx.slot("mall.cart", cart)}


@action("/mall/cart/lines", permission=PLACE)
@for_buyers
async def set_line(
    ctx: Context,
    request: AnyRequest,
    data: Annotated[LineForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[str]:
    """Set a line of the cart; what is wrong with the quantity is told where it was typed."""
    error = None
    try:
        await set_cart_line(ctx, data.sku, data.unit, parse_quantity(data.quantity or "0"))
    except Invalid as refused:
        error = refused
    if not fragment_of(request):
        if error:
            raise error
        return see_other("/mall/cart")
    cart = await get_cart(ctx)
    said = _said(ctx, data, error)
    if data.surface == "cart":
        whole = fragment_of(request).startswith("line-")
        response = await ctx.render(
            "mall/_cart_answer.html", **await _cart_values(ctx, cart), **said, whole=whole
        )
    else:
        response = await _shelf_answer(ctx, fragment_of(request), data, cart, said)
    response.status_code = 422 if error else 200
    return with_badge(response, cart)


async def _shelf_answer(
    ctx: Context, fragment: str, data: LineForm, cart: Cart, said: dict[str, object]
) -> Response[str]:
    """Answer a stepper of the shelf: what to say below the row, or the row when a proposal was taken."""
    sku = await get_sku(ctx, data.sku)
    row = None
    if sku.status == "active":
        row = await load_row(ctx, cart.customer.id, sku, cart_quantities(cart), unit=data.unit)
    whole = row is not None and fragment == f"p-{sku.id}"
    template = "mall/_row_answer.html" if whole else "mall/_said_answer.html"
    return await ctx.render(template, row=row, cart=cart, **said)


def _said(ctx: Context, data: LineForm, error: Invalid | None) -> dict[str, object]:
    """Give what the row says: the refusal, and the nearest quantities that would do."""
    return {
        "said": words(ctx, error) if error else "",
        "nearest": nearest_of(error.params) if error else (),
        "sku_id": data.sku,
        "unit": data.unit,
        "said_id": line_id(data.sku, data.unit),
    }


@action("/mall/cart/clear", permission=PLACE)
@for_buyers
async def empty_cart(ctx: Context) -> Response[str]:
    """Take everything out of the cart."""
    await clear_cart(ctx)
    return see_other("/mall/cart")


@page("/mall/checkout", permission=PLACE, critical=True)
@for_buyers
async def checkout_page(ctx: Context) -> Response[str]:
    """Show what the order will be, on one page with one button; what keeps it back stands in the cart."""
    cart = await get_cart(ctx)
    if not cart.placeable:
        return see_other("/mall/cart")
    return await _checkout(ctx, cart, CheckoutForm(key=new_id().hex, address=cart.customer.address))


async def _checkout(
    ctx: Context, cart: Cart, form: CheckoutForm, error: HeadgateError | None = None
) -> Response[str]:
    may_read = ctx.allowed("trade.accounts.read_own")
    account = await customer_account(ctx, cart.customer.id) if may_read else None
    response = await ctx.render(
        "mall/checkout.html",
        **await _cart_values(ctx, cart),
        account=account,
        form=form,
        error=words(ctx, error) if error else "",
    )
    response.status_code = error.status if error else 200
    return response


@action("/mall/checkout", permission=PLACE, critical=True)
@for_buyers
async def checkout(
    ctx: Context, data: Annotated[CheckoutForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[str]:
    """Place the order and show it; when it is refused, show why and keep what was typed."""
    try:
        async with ctx.db.savepoint():
            placed = await place_cart(ctx, data.key, data.note, data.address)
    except HeadgateError as refused:
        return await _checkout(ctx, await get_cart(ctx), data, refused)
    return see_other(f"/mall/orders/{placed.id}")
