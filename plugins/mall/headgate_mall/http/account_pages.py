"""What the customer owes, where it comes from, and the buyer's own settings."""

from typing import Annotated

from headgate_sdk.context import Context
from headgate_sdk.web import page
from headgate_trade.api import ENTRY_NAMES, account_entries, buyer, customer_account
from litestar import Response
from litestar.params import Parameter

from headgate_mall.http.buyers import AnyRequest, address, for_buyers, fragment_of, piece

PAGE = 30


@page("/mall/account", permission="trade.accounts.read_own")
@for_buyers
async def account_page(
    ctx: Context,
    request: AnyRequest,
    after: str = "",
    shown: Annotated[int, Parameter(ge=0, le=1_000_000)] = 0,
) -> Response[str]:
    """Show the balance large, then the rows that make it up."""
    customer = await buyer(ctx)
    entries = await account_entries(ctx, customer.id, after=after or None, limit=PAGE)
    shown += len(entries.items)
    following = address("/mall/account", after=entries.next, shown=shown) if entries.next else ""
    values = {"entries": entries.items, "next_href": following, "shown": shown, "names": ENTRY_NAMES}
    if fragment_of(request) == "entries":
        return piece(await ctx.render("mall/_more_entries.html", **values))
    account = await customer_account(ctx, customer.id)
    return piece(await ctx.render("mall/account.html", customer=customer, account=account, **values))
