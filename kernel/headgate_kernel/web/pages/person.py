"""One person's page: roles, where they are signed in, what was done about them."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from litestar import Response

from headgate_kernel.audit.words import KERNEL_DEEDS
from headgate_kernel.identity.member_sessions import list_member_sessions, list_sign_ins
from headgate_kernel.identity.members import PEOPLE_WRITE, get_member, member_history
from headgate_kernel.identity.permissions import for_customers, may_grant, permission_groups
from headgate_kernel.identity.roles import list_roles
from headgate_kernel.identity.session_list import METHODS
from headgate_kernel.identity.user_agents import device_words
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.form_errors import show_again

DONE = {
    "saved": N_("Saved."), "ended": N_("The access has ended, on every device."),
    "restored": N_("The person may come in again."), "signed_out": N_("Signed out."),
}  # fmt: skip


class RoleChoice(msgspec.Struct, frozen=True):
    """A role that can be ticked.

    Args:
        id: of the role.
        name: the distributor's word for it.
        ticked: the person has it.
        locked: the reader may not give or take it.
    """

    id: UUID
    name: str
    ticked: bool
    locked: bool


async def role_choices(ctx: Context, kernel: Kernel, ticked: Collection[str]) -> list[RoleChoice]:
    """Give the roles of staff; those that the reader could not give are locked.

    Args:
        ctx: of the reader.
        kernel: of the process.
        ticked: ids of roles that are ticked.
    """
    groups = permission_groups(kernel.host, ctx.plugins)
    choices = []
    for role in await list_roles(ctx):
        own = str(role.id) in ticked
        if own or not role.permissions or not for_customers(role.permissions, groups):
            locked = not all(may_grant(ctx.actor, one) for one in role.permissions)
            choices.append(RoleChoice(role.id, role.name, own, locked))
    return choices


async def person_page(
    ctx: Context,
    kernel: Kernel,
    member_id: UUID,
    *,
    error: HeadgateError | None = None,
    ticked: Collection[str] | None = None,
    done: str = "",
) -> Response[Any]:
    """Show one person; after a refusal with what was ticked."""
    member = await get_member(ctx, member_id)
    above = not all(may_grant(ctx.actor, one) for one in member.permissions)
    own = {str(role_id) for role_id in member.role_ids} if ticked is None else ticked

    def device(user_agent: str) -> str:
        return " · ".join(ctx.translate(word) for word in device_words(user_agent) if word)

    return await show_again(
        ctx, kernel, "settings/person.html", error, member=member, path="/settings/people",
        choices=await role_choices(ctx, kernel, own), done=DONE.get(done, ""), now=ctx.clock.now(),
        is_self=member.id == ctx.actor.membership_id, above=above,
        may_write=ctx.allowed(PEOPLE_WRITE) and not above,
        sessions=await list_member_sessions(kernel, ctx, member_id),
        sign_ins=await list_sign_ins(ctx, member_id), history=await member_history(ctx, member_id),
        methods=METHODS, actions=KERNEL_DEEDS, device=device,
    )  # fmt: skip
