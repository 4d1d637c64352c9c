"""Settings: who belongs to the distributor, and who is let in."""

from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, Invalid
from headgate_sdk.i18n import N_
from headgate_sdk.web import action, page, see_other
from litestar import Response
from litestar.enums import RequestEncodingType
from litestar.params import Body, Parameter

from headgate_kernel.identity.inviting import Admitted, Invitee, invite_again, invite_staff
from headgate_kernel.identity.member_changes import end_member, restore_member, set_member_roles
from headgate_kernel.identity.member_sessions import end_member_sessions
from headgate_kernel.identity.members import PEOPLE_READ, PEOPLE_WRITE, View, count_members, list_members
from headgate_kernel.identity.rights import rights_changed
from headgate_kernel.identity.roles import list_roles
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.form_errors import Many, many, show_again
from headgate_kernel.web.pages.person import person_page, role_choices

PATH = "/settings/people"
PERSON = f"{PATH}/{{member_id:uuid}}"

VIEWS: dict[View, str] = {
    "staff": N_("Staff"), "customers": N_("People of customers"), "invited": N_("Invited"),
    "ended": N_("Access ended"),
}  # fmt: skip

Shown = Annotated[int, Parameter(ge=0, le=1_000_000)]


class InviteForm(msgspec.Struct, kw_only=True):
    """Somebody to invite, as typed."""

    login: str = ""
    name: str = ""
    roles: Many = ""


class RolesForm(msgspec.Struct):
    """Roles that somebody has from now on."""

    roles: Many = ""


class SessionForm(msgspec.Struct):
    """The session that ends; none is all of them."""

    session: str = ""


@page(PATH, permission=PEOPLE_READ, include_in_schema=False)
async def people(
    ctx: Context,
    view: View = "staff",
    role: str = "",
    *,
    q: Annotated[str, Parameter(max_length=100)] = "",
    after: str = "",
    shown: Shown = 0,
) -> Response[Any]:
    """List people by name, those of one view, with one role, or who match."""
    found = await list_members(
        ctx, view=view, role_id=_id(role, "role"), query=q, after=after or None, limit=50
    )
    shown += len(found.items)
    following = {"view": view, "role": role, "q": q.strip(), "after": found.next, "shown": shown}
    return await ctx.render(
        "settings/people.html", members=found.items, total=found.total, shown=shown, view=view, views=VIEWS,
        counts=await count_members(ctx), roles=await list_roles(ctx), role=role, query=q.strip(), path=PATH,
        next_href=f"{PATH}?{urlencode({k: v for k, v in following.items() if v})}" if found.next else "",
        now=ctx.clock.now(),
        may_write=ctx.allowed(PEOPLE_WRITE),
    )  # fmt: skip


@page(f"{PATH}/invite", permission=PEOPLE_WRITE, include_in_schema=False)
async def invite_page(ctx: Context, kernel: Kernel) -> Response[Any]:
    """Show the empty form."""
    return await _invite_form(ctx, kernel, InviteForm())


@action(f"{PATH}/invite", permission=PEOPLE_WRITE, include_in_schema=False)
async def invite(
    ctx: Context,
    kernel: Kernel,
    data: Annotated[InviteForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Invite somebody, and show the link once."""
    try:
        async with ctx.db.savepoint():
            role_ids = [UUID(one) for one in many(data.roles)]
            admitted = await invite_staff(kernel, ctx, Invitee(data.login, data.name), role_ids)
    except ValueError:
        return await _invite_form(ctx, kernel, data, Invalid(N_("There is no such role."), field="roles"))
    except HeadgateError as error:
        return await _invite_form(ctx, kernel, data, error)
    rights_changed(kernel)
    return await _invited(ctx, admitted, data.name)


@page(PERSON, permission=PEOPLE_READ, include_in_schema=False)
async def person(ctx: Context, kernel: Kernel, member_id: UUID, done: str = "") -> Response[Any]:
    """Show one person."""
    return await person_page(ctx, kernel, member_id, done=done)


@action(f"{PERSON}/roles", permission=PEOPLE_WRITE, include_in_schema=False)
async def change_roles(
    ctx: Context,
    kernel: Kernel,
    member_id: UUID,
    data: Annotated[RolesForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Give somebody other roles."""
    try:
        async with ctx.db.savepoint():
            await set_member_roles(ctx, member_id, [_uuid(one, "roles") for one in many(data.roles)])
    except HeadgateError as error:
        return await person_page(ctx, kernel, member_id, error=error, ticked=many(data.roles))
    rights_changed(kernel)
    return see_other(f"{PATH}/{member_id}?done=saved")


@action(f"{PERSON}/end", permission=PEOPLE_WRITE, include_in_schema=False)
async def end(ctx: Context, kernel: Kernel, member_id: UUID) -> Response[Any]:
    """End somebody's access."""
    try:
        async with ctx.db.savepoint():
            await end_member(kernel, ctx, member_id)
    except HeadgateError as error:
        return await person_page(ctx, kernel, member_id, error=error)
    rights_changed(kernel)
    return see_other(f"{PATH}/{member_id}?done=ended")


@action(f"{PERSON}/restore", permission=PEOPLE_WRITE, include_in_schema=False)
async def restore(ctx: Context, kernel: Kernel, member_id: UUID) -> Response[Any]:
    """Let somebody back in."""
    try:
        async with ctx.db.savepoint():
            await restore_member(kernel, ctx, member_id)
    except HeadgateError as error:
        return await person_page(ctx, kernel, member_id, error=error)
    rights_changed(kernel)
    return see_other(f"{PATH}/{member_id}?done=restored")


@action(f"{PERSON}/invitation", permission=PEOPLE_WRITE, include_in_schema=False)
async def send_again(ctx: Context, kernel: Kernel, member_id: UUID) -> Response[Any]:
    """Send an invitation once more, and show the new link."""
    try:
        async with ctx.db.savepoint():
            admitted = await invite_again(kernel, ctx, member_id)
    except HeadgateError as error:
        return await person_page(ctx, kernel, member_id, error=error)
    return await _invited(ctx, admitted, "")


@action(f"{PERSON}/sessions/end", permission=PEOPLE_WRITE, include_in_schema=False)
async def end_sessions(
    ctx: Context,
    kernel: Kernel,
    member_id: UUID,
    data: Annotated[SessionForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """End one of somebody's sessions here, or all."""
    await end_member_sessions(kernel, ctx, member_id, _id(data.session, "session"))
    return see_other(f"{PATH}/{member_id}?done=signed_out")


HANDLERS = (
    people,
    invite_page,
    invite,
    person,
    change_roles,
    end,
    restore,
    send_again,
    end_sessions,
)


def _id(text: str, field: str) -> UUID | None:
    return _uuid(text, field) if text else None


def _uuid(text: str, field: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(
            N_("'{text}' is not an id. Follow a link instead."), field=field, text=text[:40]
        ) from None


async def _invite_form(
    ctx: Context, kernel: Kernel, form: InviteForm, error: HeadgateError | None = None
) -> Response[Any]:
    choices = await role_choices(ctx, kernel, many(form.roles))
    return await show_again(
        ctx, kernel, "settings/person_invite.html", error, form=form, choices=choices, path=PATH
    )


async def _invited(ctx: Context, admitted: Admitted, name: str) -> Response[Any]:
    response = await ctx.render("settings/person_invited.html", admitted=admitted, name=name, path=PATH)
    response.headers["cache-control"] = "no-store"
    return response
