"""What all pages of the mall share: they are for buyers, and answer htmx with the piece that it asks for."""

from collections.abc import Awaitable, Callable, Mapping
from functools import wraps
from typing import Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid, InvalidFields
from headgate_sdk.i18n import N_
from headgate_trade.api import Cart
from litestar import Request, Response

R = TypeVar("R", bound=Response[Any])
AnyRequest = Request[Any, Any, Any]


def for_buyers(
    handler: Callable[..., Awaitable[Response[Any]]],
) -> Callable[..., Awaitable[Response[Any]]]:
    """Show the distributor's own staff, who have no cart and no prices here, where their work is instead."""

    @wraps(handler)
    async def guarded(*args: Any, ctx: Context, **kwargs: Any) -> Response[Any]:
        if ctx.actor.kind != "customer":
            response = await ctx.render("mall/not_a_buyer.html")
            response.status_code = 403
            return response
        return await handler(*args, ctx=ctx, **kwargs)

    return guarded


def read_id(text: str, field: str) -> UUID | None:
    """Read an optional id from an address; an empty one is none.

    Raises:
        Invalid: not an id.
    """
    if not text:
        return None
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(
            N_("'{text}' is not an id. Follow a link instead."), field=field, text=text[:40]
        ) from None


def address(path: str, **query: object) -> str:
    """Give the address of a page with what is set of its query."""
    return f"{path}?{urlencode({name: value for name, value in query.items() if value})}"


def fragment_of(request: AnyRequest) -> str:
    """Give the id of the piece of the page that htmx asks for; empty when the whole page is wanted."""
    headers = request.headers
    if headers.get("HX-Request") != "true" or headers.get("HX-History-Restore-Request") == "true":
        return ""
    return headers.get("HX-Target") or ""


def piece(response: R) -> R:
    """Keep caches from handing a piece to somebody who asks for the page, or the other way round."""
    response.headers["Vary"] = "HX-Request, HX-Target"
    return response


def with_badge(response: R, cart: Cart) -> R:
    """Tell every face of the navigation how many lines the cart has now."""
    badge = {"badge": {"href": "/mall/cart", "text": str(cart.count) if cart.count else ""}}
    response.headers["HX-Trigger"] = msgspec.json.encode(badge).decode()
    return response


def told(ctx: Context, message: str, params: Mapping[str, object]) -> str:
    """Write a msgid with its values in the reader's language, whatever the values are called."""
    text = ctx.translate(message)
    return text.format(**params) if params else text


def words(ctx: Context, error: HeadgateError) -> str:
    """Tell what is wrong in the reader's language; of several things each one."""
    if isinstance(error, InvalidFields):
        return " ".join(words(ctx, problem) for problem in error.problems)
    return told(ctx, error.message, error.params)
