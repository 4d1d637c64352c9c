"""Customers by what they owe, and the entries of one account."""

from typing import Any
from uuid import UUID

from headgate_sdk.context import Context
from headgate_sdk.web import page
from litestar import Response

from headgate_trade.accounts import ENTRY_NAMES, account_entries, customer_account
from headgate_trade.desk.account_views import account_holder, list_balances, total_owed
from headgate_trade.http.forms import address

PATH = "/desk/accounts"


@page(PATH, permission="trade.accounts.read")
async def accounts(ctx: Context, after: str = "") -> Response[Any]:
    """List customers, who owes most first."""
    found = await list_balances(ctx, after=after or None)
    owed, pending = await total_owed(ctx)
    return await ctx.render(
        "trade/accounts.html",
        balances=found.items,
        owed=owed,
        pending=pending,
        next_href=address(PATH, after=found.next) if found.next else "",
    )


@page(f"{PATH}/{{customer_id:uuid}}", permission="trade.accounts.read")
async def account(ctx: Context, customer_id: UUID, after: str = "") -> Response[Any]:
    """Show the entries of one customer's account, newest first."""
    found = await account_entries(ctx, customer_id, after=after or None)
    return await ctx.render(
        "trade/account.html",
        customer=await account_holder(ctx, customer_id),
        account=await customer_account(ctx, customer_id),
        entries=found.items,
        entry_names=ENTRY_NAMES,
        next_href=address(f"{PATH}/{customer_id}", after=found.next) if found.next else "",
    )


HANDLERS = (accounts, account)
