"""What the staff type with codes: a customer made by hand, a price set for one SKU in one unit."""

from decimal import Decimal
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.errors import Invalid, InvalidFields
from headgate_sdk.i18n import N_

from headgate_trade.customer_changes import CustomerInput, save_customers
from headgate_trade.price_changes import (
    CustomerPrice,
    PriceListItem,
    set_customer_price,
    set_price_list_items,
)


async def create_customer(ctx: Context, customer: CustomerInput) -> UUID:
    """Make a customer.

    Raises:
        InvalidFields: what cannot be saved, and a code that is taken.
    """
    ctx.require("trade.customers.write")
    taken = await ctx.db.fetch_value(
        "SELECT name FROM trade_customer WHERE tenant_id = $1 AND code = $2", ctx.tenant.id, customer.code
    )
    if taken is not None:
        raise InvalidFields([
            Invalid(N_("The code {code} is taken by {name}."), field="code", code=customer.code, name=taken)
        ])  # fmt: skip
    await save_customers(ctx, [customer])
    made: UUID = await ctx.db.fetch_value(
        "SELECT id FROM trade_customer WHERE tenant_id = $1 AND code = $2", ctx.tenant.id, customer.code
    )
    return made


async def fix_price(ctx: Context, customer_id: UUID, sku_code: str, unit: str, price: Decimal) -> None:
    """Set a customer's own price of a SKU, named by its code, in one unit.

    Raises:
        Invalid: there is no such code.
        InvalidFields: the price or the unit cannot be.
    """
    sku_id, unit = await _find(ctx, sku_code, unit)
    try:
        await set_customer_price(ctx, [CustomerPrice(customer_id, sku_id, unit, price)])
    except InvalidFields as error:
        raise _at_the_form(error) from None


async def put_on_list(ctx: Context, price_list_id: UUID, sku_code: str, unit: str, price: Decimal) -> None:
    """Set the price of a SKU, named by its code, in one unit on a price list.

    Raises:
        Invalid: there is no such code.
        InvalidFields: the price or the unit cannot be.
    """
    sku_id, unit = await _find(ctx, sku_code, unit)
    try:
        await set_price_list_items(ctx, [PriceListItem(price_list_id, sku_id, unit, price)])
    except InvalidFields as error:
        raise _at_the_form(error) from None


async def _find(ctx: Context, sku_code: str, unit: str) -> tuple[UUID, str]:
    """Find the SKU; without a unit its base unit is meant."""
    ctx.require("trade.prices.write")
    row = await ctx.db.fetch_row(
        "SELECT id, base_unit FROM trade_sku WHERE tenant_id = $1 AND code = $2",
        ctx.tenant.id,
        sku_code.strip(),
    )
    if row is None:
        raise Invalid(N_("There is no item with the code {code}."), field="code", code=sku_code.strip())
    return row["id"], unit.strip() or row["base_unit"]


def _at_the_form(error: InvalidFields) -> InvalidFields:
    """Name the problems by the fields of the form: the SKU is typed by its code."""
    for problem in error.problems:
        if problem.field == "sku_id":
            problem.field = "code"
    return error
