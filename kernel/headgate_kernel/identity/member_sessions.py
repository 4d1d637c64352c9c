"""Where one of a tenant's people is signed in here, when they signed in, and an end to it."""

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import NotFound
from headgate_sdk.i18n import N_

from headgate_kernel.identity.members import PEOPLE_READ, PEOPLE_WRITE, Member, read_member
from headgate_kernel.identity.permissions import check_grant

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel


class MemberSession(msgspec.Struct, frozen=True):
    """A session at this distributor.

    Args:
        id: of the session; its token is nobody's to see.
        created_at: when the person signed in.
        seen_at: when it was last used, to within some minutes.
        method: how they signed in.
        address: from where.
        user_agent: with what.
        by_operator: an operator opened it in the person's place.
    """

    id: UUID
    created_at: datetime
    seen_at: datetime
    method: str
    address: str
    user_agent: str
    by_operator: bool


class SignIn(msgspec.Struct, frozen=True):
    """A sign-in that succeeded."""

    at: datetime
    method: str
    address: str
    user_agent: str


async def list_member_sessions(kernel: "Kernel", ctx: Context, member_id: UUID) -> list[MemberSession]:
    """Give somebody's open sessions at this distributor, and none elsewhere; the latest used first.

    Args:
        kernel: of the process.
        ctx: needs `headgate.people.read`.
        member_id: whose.
    """
    ctx.require(PEOPLE_READ)
    async with kernel.databases.platform_scope() as db:
        return await db.fetch_as(
            MemberSession,
            "SELECT id, created_at, seen_at, method, address, user_agent, impersonation_id IS NOT NULL "
            "FROM session WHERE tenant_id = $1 AND membership_id = $2 AND state = 'open' AND expires_at > $3 "
            "AND seen_at > $3 - idle ORDER BY seen_at DESC, id LIMIT 50",
            ctx.tenant.id, member_id, ctx.clock.now(),
        )  # fmt: skip


async def list_sign_ins(ctx: Context, member_id: UUID, *, limit: int = 10) -> list[SignIn]:
    """Give somebody's last sign-ins at this distributor, from the audit log."""
    ctx.require(PEOPLE_READ)
    rows = await ctx.db.fetch(
        "SELECT at, address, details FROM audit_entry WHERE tenant_id = $1 AND actor_id = $2 "
        "AND action = 'session.open' ORDER BY id DESC LIMIT $3",
        ctx.tenant.id, member_id, limit,
    )  # fmt: skip
    details = [msgspec.json.decode(row["details"], type=dict[str, str]) for row in rows]
    return [
        SignIn(row["at"], told.get("method", ""), row["address"], told.get("user_agent", ""))
        for row, told in zip(rows, details, strict=True)
    ]


async def end_member_sessions(
    kernel: "Kernel", ctx: Context, member_id: UUID, session_id: UUID | None = None
) -> int:
    """End somebody's sessions at this distributor: one, or all; gives how many.

    Args:
        kernel: of the process.
        ctx: needs `headgate.people.write` and all that the person may do.
        member_id: whose.
        session_id: which; None is all.

    Raises:
        NotFound: nobody here has this id, or they have no such session here.
        Forbidden: the person may do what the actor may not.
    """
    ctx.require(PEOPLE_WRITE)
    member = await read_member(ctx, member_id)
    check_grant(ctx.actor, member.permissions, field="roles")
    if session_id is None:
        ended = await end_sessions_of(kernel, ctx, member)
    else:
        open_here = {session.id for session in await list_member_sessions(kernel, ctx, member_id)}
        if session_id not in open_here:
            raise NotFound(N_("There is no such session. It may have ended already."))
        async with kernel.databases.platform_scope() as db:
            ended = int(await kernel.sessions.end_one(db, member.person_id, session_id))
    if ended:
        await ctx.audit("member.sign_out", str(member.id), sessions=ended)
    return ended


async def end_sessions_of(kernel: "Kernel", ctx: Context, member: Member) -> int:
    """End somebody's sessions at this distributor, for code that has checked who asks.

    Sessions are the platform's, so this is a transaction of its own.
    """
    async with kernel.databases.platform_scope() as db:
        return await kernel.sessions.end_at(db, ctx.tenant.id, member.person_id)
