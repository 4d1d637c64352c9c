"""A customer's people on the customer's page: who orders, who sees the account, who comes in."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.members import InvitedMember
from headgate_sdk.web import action, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_trade.company import (
    CompanyRole,
    MemberInput,
    change_member_role,
    end_member,
    invite_member,
    invite_member_again,
)
from headgate_trade.customers import get_customer
from headgate_trade.http.customer_pages import PATH, customer_page

PEOPLE = f"{PATH}/{{customer_id:uuid}}/people"
WRITE = "trade.customers.write"


class MemberForm(msgspec.Struct, kw_only=True):
    """Somebody to invite, as typed."""

    login: str = ""
    person: str = ""
    role: CompanyRole = "buyer"


class MemberRoleForm(msgspec.Struct):
    """What somebody does from now on."""

    role: CompanyRole


@action(PEOPLE, permission=WRITE)
async def add_member(
    ctx: Context,
    customer_id: UUID,
    data: Annotated[MemberForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Invite somebody to order for the customer, and show the link once."""
    try:
        async with ctx.db.savepoint():
            wanted = MemberInput(data.login, data.person, data.role)
            invited = await invite_member(ctx, customer_id, wanted)
    except HeadgateError as error:
        return await customer_page(ctx, customer_id, member_form=data, error=error)
    return await _invited(ctx, customer_id, invited)


@action(f"{PEOPLE}/{{member_id:uuid}}/role", permission=WRITE)
async def set_member_role(
    ctx: Context,
    customer_id: UUID,
    member_id: UUID,
    data: Annotated[MemberRoleForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Change what somebody does."""
    await change_member_role(ctx, customer_id, member_id, data.role)
    return see_other(f"{PATH}/{customer_id}?saved=1#people")


@action(f"{PEOPLE}/{{member_id:uuid}}/invitation", permission=WRITE)
async def send_again(ctx: Context, customer_id: UUID, member_id: UUID) -> Response[Any]:
    """Send an invitation once more, and show the new link."""
    return await _invited(ctx, customer_id, await invite_member_again(ctx, customer_id, member_id))


@action(f"{PEOPLE}/{{member_id:uuid}}/end", permission=WRITE)
async def remove_member(ctx: Context, customer_id: UUID, member_id: UUID) -> Response[Any]:
    """End somebody's access."""
    await end_member(ctx, customer_id, member_id)
    return see_other(f"{PATH}/{customer_id}?saved=1#people")


HANDLERS = (add_member, set_member_role, send_again, remove_member)


async def _invited(ctx: Context, customer_id: UUID, invited: InvitedMember) -> Response[Any]:
    response = await ctx.render(
        "trade/member_invited.html", customer=await get_customer(ctx, customer_id), link=invited.link
    )
    response.headers["cache-control"] = "no-store"
    return response
