"""The buyer's company in the JSON API: for its owner."""

from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.members import InvitedMember
from headgate_sdk.web import create, read, replace
from headgate_trade.api import (
    CompanyMember,
    CompanyRole,
    MemberInput,
    buyer,
    change_member_role,
    end_member,
    invite_member,
    invite_member_again,
    list_company,
)
from litestar.types import ControllerRouterHandler

PEOPLE = "/mall/company/people"
MANAGE = "trade.company.write"


class CompanyRoleIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does from now on."""

    role: CompanyRole


class CompanyInvited(msgspec.Struct, frozen=True):
    """An invitation; the link is told this once."""

    id: UUID
    link: str


class CompanyAccessEnded(msgspec.Struct, frozen=True):
    """Somebody whose access has ended."""

    id: UUID
    state: Literal["ended"] = "ended"


@read(PEOPLE, permission=MANAGE)
async def read_company(ctx: Context) -> list[CompanyMember]:
    """The people of the buyer's company, by name."""
    return await list_company(ctx, (await buyer(ctx)).id)


@create(PEOPLE, permission=MANAGE)
async def create_company_member(ctx: Context, data: MemberInput) -> CompanyInvited:
    """Invite somebody into the buyer's company."""
    return _invited(await invite_member(ctx, (await buyer(ctx)).id, data))


@create(f"{PEOPLE}/{{member_id:uuid}}/invitation", permission=MANAGE)
async def create_company_invitation(ctx: Context, member_id: UUID) -> CompanyInvited:
    """Send somebody's invitation once more; the link before is worth nothing then."""
    return _invited(await invite_member_again(ctx, (await buyer(ctx)).id, member_id))


@replace(f"{PEOPLE}/{{member_id:uuid}}/role", permission=MANAGE)
async def put_company_role(ctx: Context, member_id: UUID, data: CompanyRoleIn) -> CompanyRoleIn:
    """Change what somebody does in the buyer's company."""
    await change_member_role(ctx, (await buyer(ctx)).id, member_id, data.role)
    return data


@create(f"{PEOPLE}/{{member_id:uuid}}/end", permission=MANAGE, status_code=200)
async def end_company_member(ctx: Context, member_id: UUID) -> CompanyAccessEnded:
    """End somebody's access at once."""
    await end_member(ctx, (await buyer(ctx)).id, member_id)
    return CompanyAccessEnded(member_id)


ROUTES: tuple[ControllerRouterHandler, ...] = (
    read_company,
    create_company_member,
    create_company_invitation,
    put_company_role,
    end_company_member,
)


def _invited(invited: InvitedMember) -> CompanyInvited:
    return CompanyInvited(invited.id, invited.link)
