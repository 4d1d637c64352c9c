"""The buyer's company: its owner lets people in, says what each does, and ends their access."""

from typing import Annotated
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, InvalidFields
from headgate_sdk.members import InvitedMember
from headgate_sdk.web import action, page, see_other
from headgate_trade.api import (
    COMPANY_ROLE_NAMES,
    CompanyRole,
    MemberInput,
    buyer,
    change_member_role,
    end_member,
    invite_member,
    invite_member_again,
    list_company,
)
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body
from litestar.types import ControllerRouterHandler

from headgate_mall.http.buyers import for_buyers, words

PATH = "/mall/company"
PERSON = f"{PATH}/people/{{member_id:uuid}}"
MANAGE = "trade.company.write"

DONE = ("saved", "ended")


class MemberForm(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to invite, as typed."""

    login: Annotated[str, msgspec.Meta(max_length=500)] = ""
    name: Annotated[str, msgspec.Meta(max_length=500)] = ""
    role: CompanyRole = "buyer"


class RoleForm(msgspec.Struct, frozen=True):
    """What somebody does from now on."""

    role: CompanyRole


@page(PATH, permission=MANAGE)
@for_buyers
async def company_page(ctx: Context, done: str = "") -> Response[str]:
    """Show the people of the company."""
    return await _company(ctx, MemberForm(), done=done)


@action(f"{PATH}/people", permission=MANAGE)
@for_buyers
async def invite(
    ctx: Context, data: Annotated[MemberForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[str]:
    """Invite somebody, and show the link once."""
    customer = await buyer(ctx)
    try:
        async with ctx.db.savepoint():
            invited = await invite_member(ctx, customer.id, MemberInput(data.login, data.name, data.role))
    except HeadgateError as error:
        return await _company(ctx, data, error)
    return await _invited(ctx, invited)


@action(f"{PERSON}/role", permission=MANAGE)
@for_buyers
async def set_role(
    ctx: Context, member_id: UUID, data: Annotated[RoleForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[str]:
    """Change what somebody does."""
    await change_member_role(ctx, (await buyer(ctx)).id, member_id, data.role)
    return see_other(f"{PATH}?done=saved")


@action(f"{PERSON}/invitation", permission=MANAGE)
@for_buyers
async def send_again(ctx: Context, member_id: UUID) -> Response[str]:
    """Send an invitation once more, and show the new link."""
    return await _invited(ctx, await invite_member_again(ctx, (await buyer(ctx)).id, member_id))


@action(f"{PERSON}/end", permission=MANAGE)
@for_buyers
async def remove(ctx: Context, member_id: UUID) -> Response[str]:
    """End somebody's access."""
    await end_member(ctx, (await buyer(ctx)).id, member_id)
    return see_other(f"{PATH}?done=ended")


ROUTES: tuple[ControllerRouterHandler, ...] = (company_page, invite, set_role, send_again, remove)


async def _company(
    ctx: Context, form: MemberForm, error: HeadgateError | None = None, *, done: str = ""
) -> Response[str]:
    customer = await buyer(ctx)
    problems = error.problems if isinstance(error, InvalidFields) else (error,) if error else ()
    response = await ctx.render(
        "mall/company.html", customer=customer, members=await list_company(ctx, customer.id), form=form,
        errors={problem.field: words(ctx, problem) for problem in problems}, roles=COMPANY_ROLE_NAMES,
        done=done if done in DONE else "", own=ctx.actor.membership_id, path=PATH,
    )  # fmt: skip
    response.status_code = error.status if error else 200
    return response


async def _invited(ctx: Context, invited: InvitedMember) -> Response[str]:
    response = await ctx.render("mall/invited.html", link=invited.link, path=PATH)
    response.headers["cache-control"] = "no-store"
    return response
