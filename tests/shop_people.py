"""What a filled distributor has of people, roles and tokens."""

from datetime import timedelta
from uuid import UUID

import msgspec
from headgate_kernel.identity.inviting import Invitee, invite_staff
from headgate_kernel.identity.issued_tokens import NewToken, issue_token, revoke_tokens_of
from headgate_kernel.identity.member_sessions import list_member_sessions
from headgate_kernel.identity.members import read_member
from headgate_kernel.identity.permissions import permission_groups
from headgate_kernel.identity.roles import RoleInput, create_role
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.directory import Tenant
from headgate_sdk.ids import new_id
from headgate_sdk.testing.tenants import actor_of
from headgate_trade.api import MemberInput, invite_member


class People(msgspec.Struct, frozen=True, kw_only=True):
    """Ids.

    Args:
        member: of staff who have not come yet.
        session: of theirs.
        own_session: another one of the owner.
        role: that nobody has.
        token: of the owner.
        company_member: of the first customer, who has not come yet.
    """

    member: UUID
    session: UUID
    own_session: UUID
    role: UUID
    token: UUID
    company_member: UUID

    def by_kind(self) -> dict[str, str]:
        """Give the ids by the kinds of the isolation suite."""
        return {
            "member": str(self.member), "session": str(self.session), "role": str(self.role),
            "token": str(self.token), "company member": str(self.company_member),
            "own session": str(self.own_session),
        }  # fmt: skip


async def fill_people(kernel: Kernel, tenant: Tenant, customer: UUID, canary: str, secret: str) -> People:
    """Invite staff and a customer's person, make a role and a token, as the owner does."""
    owner, mark = await actor_of(kernel, tenant, "owner"), new_id().hex[-10:]
    async with kernel.context(tenant, actor=owner) as ctx:
        groups = permission_groups(kernel.host, ctx.plugins)
        clerk = await ctx.db.fetch_value(
            "SELECT id FROM role WHERE tenant_id = $1 AND key = 'clerk'", ctx.tenant.id
        )
        invited = await invite_staff(
            kernel, ctx, Invitee(f"{mark}@{canary}.example", f"Hired {canary}"), [clerk]
        )
        role = await create_role(ctx, RoleInput(f"Spare {mark} {canary}", ("trade.catalogue.read",)), groups)
        await revoke_tokens_of(ctx, owner.membership_id)  # of earlier calls: there is a most for each person
        until = ctx.clock.now() + timedelta(days=30)
        token, _ = await issue_token(ctx, NewToken(f"For {canary}", ("trade.catalogue.read",), until), groups)
        buyer = MemberInput(f"{mark}@{secret}.example", f"Zhou {secret}", "buyer")
        company_member = (await invite_member(ctx, customer, buyer)).id
        person = (await read_member(ctx, invited.id)).person_id
    await kernel.sessions.open(person, tenant.info.id, invited.id, f"Browser {canary}")
    own = await kernel.sessions.open(
        owner.person_id, tenant.info.id, owner.membership_id, f"Browser {canary}"
    )
    own_session = (await kernel.sessions.find(own, tenant.info.id)).id
    async with kernel.context(tenant, actor=owner) as ctx:
        session = (await list_member_sessions(kernel, ctx, invited.id))[0].id
    return People(
        member=invited.id, session=session, own_session=own_session, role=role, token=token,
        company_member=company_member,
    )  # fmt: skip


async def narrow_token(kernel: Kernel, tenant: Tenant, *scopes: str) -> str:
    """Give a token of the owner that may do little."""
    async with kernel.context(tenant, actor=await actor_of(kernel, tenant, "owner")) as ctx:
        until = ctx.clock.now() + timedelta(days=1)
        groups = permission_groups(kernel.host, ctx.plugins)
        return (await issue_token(ctx, NewToken("narrow", scopes, until), groups))[1]
