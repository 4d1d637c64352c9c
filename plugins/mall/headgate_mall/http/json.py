"""The buyers' part of the JSON API: the same use cases as the pages, for mini programs and other systems."""

from typing import Annotated
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.quantity import parse_quantity
from headgate_sdk.web import create, read, replace
from headgate_trade.api import (
    account_entries,
    buyer,
    cancel_order,
    customer_account,
    get_cart,
    get_order,
    get_sku,
    list_orders,
    place_cart,
    quantities_in_cart,
    resolve_step,
    set_cart_line,
    sku_attributes,
)
from litestar import Response
from litestar.openapi import ResponseSpec
from litestar.params import HeaderParameter, Parameter, QueryParameter
from litestar.types import ControllerRouterHandler

from headgate_mall.http.buyers import read_id
from headgate_mall.http.catalogue_pages import PAGE, Query, find_skus
from headgate_mall.http.json_schemas import (
    AccountView,
    Amount,
    CartView,
    CataloguePage,
    EntryView,
    OrderDetailView,
    OrderView,
    PriceReason,
    SkuDetail,
)
from headgate_mall.http.json_views import (
    attribute_views,
    cart_view,
    money_view,
    order_detail_view,
    order_views,
    sku_view,
)
from headgate_mall.http.order_pages import CancelForm, OrderState, StepForm
from headgate_mall.shelf import load_row, load_shelf

Limit = Annotated[int, Parameter(ge=1, le=200)]


class LineIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A line of the cart to set.

    Args:
        sku_id: which SKU.
        unit: name of the sales unit.
        quantity: decimal text; `0` takes the line out.
    """

    sku_id: UUID
    unit: str
    quantity: str


class CheckoutIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What goes with the cart.

    Args:
        note: for the distributor.
        address: where to deliver; null is the customer's own.
    """

    note: Annotated[str, msgspec.Meta(max_length=1000)] = ""
    address: Annotated[str, msgspec.Meta(max_length=500)] | None = None


class Placed(msgspec.Struct, frozen=True):
    """The order that was placed; `replayed` when this key had placed it before."""

    id: UUID
    number: str
    total: Amount
    replayed: bool


class OrderList(msgspec.Struct, frozen=True):
    """A page of orders, latest first."""

    items: list[OrderView]
    next: str | None


@read("/mall/catalogue", permission="trade.catalogue.read")
async def read_catalogue(
    ctx: Context, category: str = "", q: Query = "", after: str = "", limit: Limit = PAGE
) -> CataloguePage:
    """A page of goods at the buyer's own prices, with stock and what lies in the cart."""
    customer = await buyer(ctx)
    found = await find_skus(ctx, read_id(category, "category"), q.strip(), after or None, limit)
    rows = await load_shelf(ctx, customer.id, found.items, await quantities_in_cart(ctx))
    return CataloguePage([sku_view(row) for row in rows], found.next, ctx.tenant.currency)


@read("/mall/skus/{sku_id:uuid}", permission="trade.catalogue.read")
async def read_sku(ctx: Context, sku_id: UUID) -> SkuDetail:
    """One SKU on sale, with the reasons of its prices."""
    customer, sku = await buyer(ctx), await get_sku(ctx, sku_id)
    row = await load_row(ctx, customer.id, sku, await quantities_in_cart(ctx))
    reasons = [PriceReason(choice.unit.name, choice.price.trace) for choice in row.choices]
    attributes = attribute_views(await sku_attributes(ctx, sku.id, sku.category_id))
    return SkuDetail(sku_view(row), sku.description, attributes, reasons)


@read("/mall/cart", permission="trade.orders.place_own")
async def read_cart(ctx: Context) -> CartView:
    """The buyer's cart with what would keep it from being ordered."""
    return cart_view(ctx, await get_cart(ctx))


@replace("/mall/cart/lines", permission="trade.orders.place_own")
async def put_cart_line(ctx: Context, data: LineIn) -> CartView:
    """Set the quantity of one SKU in one unit; the answer is the whole cart."""
    await set_cart_line(ctx, data.sku_id, data.unit, parse_quantity(data.quantity))
    return cart_view(ctx, await get_cart(ctx))


@create(
    "/mall/checkout", permission="trade.orders.place_own", critical=True,
    responses={200: ResponseSpec(Placed, description="This key had placed the order before.")},
)  # fmt: skip
async def place_order_of_cart(
    ctx: Context,
    data: CheckoutIn,
    key: Annotated[str, HeaderParameter(name="Idempotency-Key", min_length=8, max_length=100)],
) -> Response[Placed]:
    """Order what is in the cart; the same key gives the same order, however often it is sent."""
    address = data.address if data.address is not None else (await buyer(ctx)).address
    placed = await place_cart(ctx, key, data.note, address)
    view = Placed(placed.id, placed.number, money_view(placed.total), placed.replayed)
    return Response(view, status_code=200 if placed.replayed else 201)


@read("/mall/orders", permission="trade.orders.place_own")
async def read_orders(
    ctx: Context,
    in_state: Annotated[OrderState, QueryParameter(name="state")] = "",
    after: str = "",
    limit: Limit = PAGE,
) -> OrderList:
    """The customer's orders, latest first."""
    customer = await buyer(ctx)
    page = await list_orders(
        ctx, customer_id=customer.id, state=in_state or None, after=after or None, limit=limit
    )
    return OrderList(order_views(ctx, page.items), page.next)


@read("/mall/orders/{order_id:uuid}", permission="trade.orders.place_own")
async def read_order(ctx: Context, order_id: UUID) -> OrderDetailView:
    """One order of the customer with its timeline and open steps."""
    return order_detail_view(ctx, await get_order(ctx, order_id))


@create("/mall/orders/{order_id:uuid}/steps/{step:str}", permission="trade.orders.place_own", status_code=200)
async def resolve_order_step(ctx: Context, order_id: UUID, step: str, data: StepForm) -> OrderDetailView:
    """Do an open step that is the buyer's, such as `trade.receive`; the step's own permission decides."""
    await resolve_step(ctx, order_id, step, data.decision, data.note, expected_seq=data.seq)
    return order_detail_view(ctx, await get_order(ctx, order_id))


@create("/mall/orders/{order_id:uuid}/cancel", permission="trade.orders.place_own", status_code=200)
async def cancel_own_order(ctx: Context, order_id: UUID, data: CancelForm) -> OrderDetailView:
    """Cancel an order while that is still possible."""
    await cancel_order(ctx, order_id, data.reason)
    return order_detail_view(ctx, await get_order(ctx, order_id))


@read("/mall/account", permission="trade.accounts.read_own")
async def read_account(ctx: Context, after: str = "", limit: Limit = PAGE) -> AccountView:
    """What the customer owes, and the postings that make it up."""
    customer = await buyer(ctx)
    account = await customer_account(ctx, customer.id)
    page = await account_entries(ctx, customer.id, after=after or None, limit=limit)
    entries = [
        EntryView(
            entry.at,
            entry.kind,
            entry.document_number,
            entry.document_id,
            money_view(entry.amount),
            money_view(entry.balance_after) if entry.balance_after is not None else None,
        )
        for entry in page.items
    ]
    return AccountView(money_view(account.balance), money_view(account.pending), entries, page.next)


ROUTES: tuple[ControllerRouterHandler, ...] = (
    read_catalogue,
    read_sku,
    read_cart,
    put_cart_line,
    place_order_of_cart,
    read_orders,
    read_order,
    resolve_order_step,
    cancel_own_order,
    read_account,
)
