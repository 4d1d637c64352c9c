"""Settings: API tokens, one's own; to owners those of everybody."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.identity.issued_tokens import (
    LONGEST,
    NewToken,
    is_whole,
    issue_token,
    list_tokens,
    offered_scopes,
    revoke_token,
)
from headgate_kernel.identity.permissions import EVERYTHING, permission_groups
from headgate_kernel.identity.rights import rights_changed
from headgate_kernel.identity.tokens import TOKENS_WRITE
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.form_errors import Many, many, show_again

PATH = "/settings/tokens"
LIVES = {7: N_("One week"), 30: N_("One month"), 90: N_("Three months"), 180: N_("Half a year"),
         LONGEST.days: N_("One year")}  # fmt: skip

STATES = {
    "live": ("ok", N_("Good")), "expired": ("info", N_("Expired")), "revoked": ("stop", N_("Revoked")),
    "orphaned": ("stop", N_("Owner has left")),
}  # fmt: skip


class TokenForm(msgspec.Struct, kw_only=True):
    """A token as asked for.

    Args:
        name: what it is for.
        scopes: that are ticked.
        days: for how long it lives.
    """

    name: str = ""
    scopes: Many = ""
    days: Annotated[int, msgspec.Meta(ge=1, le=LONGEST.days)] = 90


@page(PATH, permission=TOKENS_WRITE, include_in_schema=False)
async def tokens(ctx: Context, revoked: bool = False) -> Response[Any]:
    """List tokens, those that are good first."""
    now = ctx.clock.now()
    entries = [(token, token.state_at(now)) for token in await list_tokens(ctx)]
    return await ctx.render(
        "settings/tokens.html", states=STATES, path=PATH, revoked=revoked, everybodys=ctx.allowed(EVERYTHING),
        entries=sorted(entries, key=lambda entry: entry[1] != "live"),
    )  # fmt: skip


@page(f"{PATH}/new", permission=TOKENS_WRITE, recent=True, include_in_schema=False)
async def new_token(ctx: Context, kernel: Kernel) -> Response[Any]:
    """Show the empty form."""
    return await _form(ctx, kernel, TokenForm())


@action(f"{PATH}/new", permission=TOKENS_WRITE, recent=True, include_in_schema=False)
async def add_token(
    ctx: Context, kernel: Kernel, data: Annotated[TokenForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Issue a token, and show it this once."""
    expires_at = ctx.clock.now() + timedelta(days=data.days)
    groups = permission_groups(kernel.host, ctx.plugins)
    try:
        async with ctx.db.savepoint():
            wanted = NewToken(data.name, tuple(many(data.scopes)), expires_at)
            _, text = await issue_token(ctx, wanted, groups)
    except HeadgateError as error:
        return await _form(ctx, kernel, data, error)
    response = await ctx.render(
        "settings/token_shown.html", text=text, name=data.name, expires_at=expires_at, path=PATH
    )
    response.headers["cache-control"] = "no-store"
    return response


@action(f"{PATH}/{{token_id:uuid}}/revoke", permission=TOKENS_WRITE, include_in_schema=False)
async def revoke(ctx: Context, kernel: Kernel, token_id: UUID) -> Response[Any]:
    """Revoke a token."""
    await revoke_token(ctx, token_id)
    rights_changed(kernel)
    return see_other(f"{PATH}?revoked=1")


HANDLERS = (tokens, new_token, add_token, revoke)


async def _form(
    ctx: Context, kernel: Kernel, form: TokenForm, error: HeadgateError | None = None
) -> Response[Any]:
    groups = permission_groups(kernel.host, ctx.plugins)
    offered = [(group, is_whole(ctx, group)) for group in offered_scopes(ctx, groups)]
    return await show_again(
        ctx, kernel, "settings/token_new.html", error, form=form, ticked=many(form.scopes), offered=offered,
        everything=ctx.allowed(EVERYTHING), lives=LIVES, path=PATH,
    )  # fmt: skip
