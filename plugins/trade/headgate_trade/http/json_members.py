"""People of customers in the JSON API."""

from typing import Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.web import create, read, replace

from headgate_trade.company import (
    CompanyMember,
    CompanyRole,
    MemberInput,
    change_member_role,
    end_member,
    invite_member,
    invite_member_again,
    list_company,
)

PEOPLE = "/customers/{customer_id:uuid}/people"


class MemberRoleIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What somebody does in the company from now on."""

    role: CompanyRole


class InvitedView(msgspec.Struct, frozen=True):
    """An invitation; the link is told this once, and null for who came before and needs none."""

    id: UUID
    link: str | None


class AccessEnded(msgspec.Struct, frozen=True):
    """Somebody whose access has ended."""

    id: UUID
    state: Literal["ended"] = "ended"


@read(PEOPLE, permission="trade.customers.read")
async def read_members(ctx: Context, customer_id: UUID) -> list[CompanyMember]:
    """List the people of a customer by name."""
    return await list_company(ctx, customer_id)


@create(PEOPLE, permission="trade.customers.write")
async def create_member(ctx: Context, customer_id: UUID, data: MemberInput) -> InvitedView:
    """Invite somebody to order for a customer."""
    invited = await invite_member(ctx, customer_id, data)
    return InvitedView(invited.id, invited.link or None)


@create(f"{PEOPLE}/{{member_id:uuid}}/invitation", permission="trade.customers.write")
async def create_invitation(ctx: Context, customer_id: UUID, member_id: UUID) -> InvitedView:
    """Send somebody's invitation once more; the link before is worth nothing then."""
    invited = await invite_member_again(ctx, customer_id, member_id)
    return InvitedView(invited.id, invited.link or None)


@replace(f"{PEOPLE}/{{member_id:uuid}}/role", permission="trade.customers.write")
async def put_member_role(
    ctx: Context, customer_id: UUID, member_id: UUID, data: MemberRoleIn
) -> MemberRoleIn:
    """Change what somebody does in the company."""
    await change_member_role(ctx, customer_id, member_id, data.role)
    return data


@create(f"{PEOPLE}/{{member_id:uuid}}/end", permission="trade.customers.write", status_code=200)
async def end_membership(ctx: Context, customer_id: UUID, member_id: UUID) -> AccessEnded:
    """End somebody's access at once."""
    await end_member(ctx, customer_id, member_id)
    return AccessEnded(member_id)


HANDLERS = (read_members, create_member, create_invitation, put_member_role, end_membership)
