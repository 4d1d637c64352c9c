"""Settings: operators who help: whether they ask first, what they ask for, who was here and why."""

from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import Forbidden
from headgate_sdk.i18n import N_
from headgate_sdk.web import SIGNED_IN, action, page, see_other
from litestar import Request, Response
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.identity.impersonations import (
    decide_impersonation,
    end_impersonation,
    list_impersonations,
)
from headgate_kernel.identity.links import find_sender
from headgate_kernel.identity.support import SUPPORT_WRITE, choose_consent, support_consent
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.session_cookie import clear_session
from headgate_kernel.web.state import state_of

PATH = "/settings/support"
END = "/support/end"

STATES = {
    "waiting": ("wait", N_("Waits for you")), "refused": ("stop", N_("Refused")),
    "allowed": ("info", N_("Allowed, not begun")), "open": ("wait", N_("Here now")),
    "ended": ("ok", N_("Ended")), "lapsed": ("info", N_("Lapsed")),
}  # fmt: skip
"""How the states of an impersonation are shown."""


class ConsentForm(msgspec.Struct):
    """Whether operators ask first."""

    consent: str


class DecisionForm(msgspec.Struct):
    """What becomes of a request."""

    decision: Literal["allow", "refuse", "end"]


@page(PATH, permission=SUPPORT_WRITE, include_in_schema=False)
async def support(ctx: Context) -> Response[str]:
    """Show the choice, and what operators asked for and did."""
    now = ctx.clock.now()
    entries = [(one, one.state_at(now)) for one in await list_impersonations(ctx)]
    return await ctx.render(
        "settings/support.html", consent=await support_consent(ctx), entries=entries, states=STATES, path=PATH
    )


@action(PATH, permission=SUPPORT_WRITE, include_in_schema=False)
async def save_consent(
    ctx: Context, data: Annotated[ConsentForm, Body(media_type=RequestEncodingType.URL_ENCODED)]
) -> Response[Any]:
    """Keep the choice."""
    await choose_consent(ctx, data.consent)
    return see_other(PATH)


@action(f"{PATH}/{{impersonation_id:uuid}}", permission=SUPPORT_WRITE, include_in_schema=False)
async def decide(
    ctx: Context,
    kernel: Kernel,
    impersonation_id: UUID,
    data: Annotated[DecisionForm, Body(media_type=RequestEncodingType.URL_ENCODED)],
) -> Response[Any]:
    """Allow, refuse or end what an operator asks for or does."""
    if data.decision == "end":
        await end_impersonation(ctx, impersonation_id)
        async with kernel.databases.platform_scope() as db:  # sessions are the platform's
            await kernel.sessions.end_impersonation(db, impersonation_id)
    else:
        await decide_impersonation(ctx, impersonation_id, allowed=data.decision == "allow")
    return see_other(PATH)


@action(END, permission=SIGNED_IN, include_in_schema=False)
async def end_own(request: Request[Any, Any, Any], ctx: Context, kernel: Kernel) -> Response[Any]:
    """End the impersonation in which this is asked."""
    state = state_of(request.scope)
    assert state is not None
    session = state.session
    if session.impersonation_id is None:
        raise Forbidden(N_("Only an operator who acts in somebody's place ends that here."))
    await end_impersonation(ctx, session.impersonation_id)
    async with kernel.databases.platform_scope() as db:
        await kernel.sessions.end_impersonation(db, session.impersonation_id)
        console = (await find_sender(kernel, db, None)).link(f"/console/tenants/{ctx.tenant.slug}")
    answer = await ctx.render("settings/support_ended.html", console=console)
    clear_session(answer, kernel.settings)
    return answer


HANDLERS = (support, save_consent, decide, end_own)
