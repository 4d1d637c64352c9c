"""Customers: list, one customer's figures, data, own prices, orders and account."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.money import parse_price
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.accounts import ENTRY_NAMES, account_entries, customer_account
from headgate_trade.company import COMPANY_ROLE_NAMES, list_company
from headgate_trade.customers import (
    Customer,
    CustomerInput,
    get_customer,
    list_customers,
    list_groups,
    save_customers,
)
from headgate_trade.desk.by_code import create_customer, fix_price
from headgate_trade.desk.figures import customer_figures
from headgate_trade.desk.price_views import list_fixed_prices
from headgate_trade.http.forms import address, show_again
from headgate_trade.http.order_words import LOOKS, STATES
from headgate_trade.order_views import list_orders
from headgate_trade.price_changes import CustomerPrice, set_customer_price
from headgate_trade.terms import list_price_levels

PATH = "/desk/customers"
FEW = 8
"""Rows of orders and of the account that a customer's page shows before it links to all."""


class CustomerForm(msgspec.Struct, kw_only=True):
    """A customer as typed; group and level by name."""

    code: str = ""
    name: str = ""
    group: str = ""
    level: str = ""
    contact: str = ""
    phone: str = ""
    address: str = ""
    status: str = ""


class PriceForm(msgspec.Struct):
    """A price of this customer alone; the SKU by its code."""

    sku_code: str = ""
    unit: str = ""
    price: str = ""


class RemovalForm(msgspec.Struct):
    """The fixed price that is taken away."""

    sku_id: UUID
    unit: str


@page(PATH, permission="trade.customers.read")
async def customers(ctx: Context, q: str = "", after: str = "") -> Response[Any]:
    """List customers by name, or those that match."""
    query = q.strip()
    found = await list_customers(ctx, query=query, after=after or None)
    return await ctx.render(
        "trade/customers.html",
        customers=found.items,
        query=query,
        next_href=address(PATH, q=query, after=found.next) if found.next else "",
    )


@page(f"{PATH}/new", permission="trade.customers.write")
async def new_customer(ctx: Context) -> Response[Any]:
    """Show the empty form."""
    return await _new(ctx, CustomerForm())


@action(f"{PATH}/new", permission="trade.customers.write")
async def add_customer(
    ctx: Context, data: Annotated[CustomerForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Make a customer from the form."""
    try:
        async with ctx.db.savepoint():
            customer_id = await create_customer(ctx, _input(data))
    except HeadgateError as error:
        return await _new(ctx, data, error)
    return see_other(f"{PATH}/{customer_id}?saved=1")


@page(f"{PATH}/{{customer_id:uuid}}", permission="trade.customers.read")
async def customer(
    ctx: Context, customer_id: UUID, saved: bool = False, q: str = "", after: str = ""
) -> Response[Any]:
    """Show one customer."""
    return await customer_page(ctx, customer_id, saved=saved, query=q.strip(), after=after)


@action(f"{PATH}/{{customer_id:uuid}}", permission="trade.customers.write")
async def save_customer(
    ctx: Context,
    customer_id: UUID,
    data: Annotated[CustomerForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Save a customer's data; the code stays, and the level of whom may not see prices."""
    known = await get_customer(ctx, customer_id)
    data.code = known.code
    if not ctx.allowed("trade.prices.read"):
        data.level = known.level_name
    try:
        async with ctx.db.savepoint():
            await save_customers(ctx, [_input(data, status=data.status or known.status)])
    except HeadgateError as error:
        return await customer_page(ctx, customer_id, form=data, error=error)
    return see_other(f"{PATH}/{customer_id}?saved=1")


@action(f"{PATH}/{{customer_id:uuid}}/prices", permission="trade.prices.write")
async def add_price(
    ctx: Context,
    customer_id: UUID,
    data: Annotated[PriceForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Set a price for this customer alone."""
    try:
        async with ctx.db.savepoint():
            await fix_price(ctx, customer_id, data.sku_code, data.unit, parse_price(data.price))
    except HeadgateError as error:
        return await customer_page(ctx, customer_id, price_form=data, error=error)
    return see_other(f"{PATH}/{customer_id}?saved=1#prices")


@action(f"{PATH}/{{customer_id:uuid}}/prices/remove", permission="trade.prices.write")
async def remove_price(
    ctx: Context,
    customer_id: UUID,
    data: Annotated[RemovalForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Take a customer's own price away; the other rules hold again."""
    await set_customer_price(ctx, [CustomerPrice(customer_id, data.sku_id, data.unit, None)])
    return see_other(f"{PATH}/{customer_id}?saved=1#prices")


HANDLERS = (customers, new_customer, add_customer, customer, save_customer, add_price, remove_price)


def _input(form: CustomerForm, *, status: str = "active") -> CustomerInput:
    return CustomerInput(
        code=form.code.strip(), name=form.name.strip(), group=form.group, level=form.level,
        contact=form.contact.strip(), phone=form.phone.strip(), address=form.address.strip(), status=status,
    )  # fmt: skip


def _form_of(customer: Customer) -> CustomerForm:
    return CustomerForm(
        code=customer.code, name=customer.name, group=customer.group_name, level=customer.level_name,
        contact=customer.contact, phone=customer.phone, address=customer.address, status=customer.status,
    )  # fmt: skip


async def _terms(ctx: Context) -> dict[str, list[tuple[str, str]]]:
    """Give the choices of group and level; no levels to who may not see prices."""
    none = ("", "–")
    levels = await list_price_levels(ctx) if ctx.allowed("trade.prices.read") else []
    return {
        "groups": [none, *((group.name, group.name) for group in await list_groups(ctx))],
        "levels": [
            none,
            *((level.name, f"{level.name} (-{level.discount.normalize():f}%)") for level in levels),
        ],
    }


async def _new(ctx: Context, form: CustomerForm, error: HeadgateError | None = None) -> Response[Any]:
    return await show_again(
        ctx, "trade/customer_new.html", error, form=form, may_write=True, **await _terms(ctx)
    )


async def customer_page(
    ctx: Context,
    customer_id: UUID,
    *,
    form: CustomerForm | None = None,
    price_form: PriceForm | None = None,
    member_form: object = None,
    error: HeadgateError | None = None,
    saved: bool = False,
    query: str = "",
    after: str = "",
) -> Response[Any]:
    """Show a customer's page; after a refusal with what was typed into one of its forms."""
    found = await get_customer(ctx, customer_id)
    here = f"{PATH}/{customer_id}"
    sees_orders, sees_account = ctx.allowed("trade.orders.read"), ctx.allowed("trade.accounts.read")
    prices = None
    if ctx.allowed("trade.prices.read"):
        prices = await list_fixed_prices(ctx, customer_id, query=query, after=after or None)
    return await show_again(
        ctx,
        "trade/customer.html",
        error,
        customer=found,
        form=form or _form_of(found),
        price_form=price_form or PriceForm(),
        price_refused=error if price_form is not None else None,
        members=await list_company(ctx, customer_id),
        member_form=member_form,
        roles=COMPANY_ROLE_NAMES,
        figures=await customer_figures(ctx, customer_id) if sees_orders else None,
        account=await customer_account(ctx, customer_id) if sees_account else None,
        entries=(await account_entries(ctx, customer_id, limit=FEW)).items if sees_account else [],
        orders=(await list_orders(ctx, customer_id=customer_id, limit=FEW)).items if sees_orders else [],
        prices=prices,
        query=query,
        next_href=address(here, q=query, after=prices.next) if prices and prices.next else "",
        saved=saved,
        may_write=ctx.allowed("trade.customers.write"),
        may_price=ctx.allowed("trade.prices.write"),
        entry_names=ENTRY_NAMES,
        states=STATES,
        looks=LOOKS,
        **await _terms(ctx),
    )
