"""The way in and out: front door, sign-in, language, look of the tenant."""

from typing import Annotated, Any

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import SIGNED_IN, see_other
from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie
from litestar.params import Body

from headgate_kernel.i18n import LOCALES
from headgate_kernel.identity.sign_in import sign_in
from headgate_kernel.runtime import Kernel
from headgate_kernel.tenancy.checklist import is_checklist_first
from headgate_kernel.web.gate import LOCALE_COOKIE
from headgate_kernel.web.pages.visit import ENTRY, FORM, AnyRequest, enter, visit_of
from headgate_kernel.web.pages.ways import show_sign_in
from headgate_kernel.web.session_cookie import clear_session
from headgate_kernel.web.state import RequestState, state_of
from headgate_kernel.web.ways_on import local


class SignInForm(msgspec.Struct):
    """What a person types to sign in."""

    login: str = ""
    password: str = ""
    next: str = ""


class SignOutForm(msgspec.Struct):
    """Where to after signing out."""

    next: str = ""


class LocaleForm(msgspec.Struct):
    """The language that a person chooses."""

    locale: str


def _state(request: AnyRequest) -> RequestState:
    state = state_of(request.scope)
    assert state is not None
    return state


@get("/", opt=ENTRY, include_in_schema=False)
async def front_door(request: AnyRequest, kernel: Kernel) -> Response[Any]:
    """Send everybody to where they work."""
    state = _state(request)
    if state.session.state == "setup":
        return see_other("/account/second-factor")
    if state.session.actor.kind == "operator":
        return see_other("/console/")
    if state.ctx is None or state.session.actor.kind == "anonymous":
        return see_other("/sign-in")
    if await is_checklist_first(state.ctx, kernel.steps):
        return see_other("/settings/checklist")
    page = kernel.renderer.front_page(state.ctx)
    if page is None:
        raise NotFound(N_("Nothing is switched on for you here. Please ask the distributor."))
    return see_other(page)


@get("/sign-in", opt=ENTRY, media_type=MediaType.HTML, include_in_schema=False)
async def sign_in_page(
    request: AnyRequest,
    next: str = "",  # noqa: A002
    done: str = "",
) -> Response[Any]:
    """Show the sign-in form."""
    visit = visit_of(request)
    if visit.session.state == "setup" or visit.session.actor.kind != "anonymous":
        return see_other("/")
    return await show_sign_in(visit, form=SignInForm(next=next), done=done)


@post("/sign-in", opt=ENTRY, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def do_sign_in(
    request: AnyRequest, kernel: Kernel, data: Annotated[SignInForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Check login and password and open a session."""
    visit = visit_of(request)
    try:
        opened = await sign_in(
            kernel, tenant_id=visit.tenant_id, login=data.login, password=data.password,
            address=visit.address, user_agent=visit.user_agent, region=visit.region, device=visit.device,
            previous_token=visit.state.token,
        )  # fmt: skip
    except HeadgateError as error:
        return await show_sign_in(visit, error=error, form=data)
    return enter(visit, opened, local(data.next))


@post(
    "/sign-out",
    opt=ENTRY | {"permission": SIGNED_IN, "setup": True},
    status_code=303,
    include_in_schema=False,
)
async def sign_out(
    request: AnyRequest, kernel: Kernel, data: Annotated[SignOutForm, Body(media_type=FORM)]
) -> Response[Any]:
    """End the session."""
    visit = visit_of(request)
    await kernel.sessions.end(visit.state.token)
    answer = see_other(local(data.next, "/sign-in"))
    clear_session(answer, kernel.settings)
    return answer


@post("/locale", opt=ENTRY, status_code=303, include_in_schema=False)
async def choose_locale(
    request: AnyRequest, data: Annotated[LocaleForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Keep the chosen language and go back to the page."""
    referer = request.headers.get("referer", "")
    answer = see_other(local("/" + referer.partition("://")[2].partition("/")[2]))
    if data.locale in LOCALES:
        answer.set_cookie(
            Cookie(LOCALE_COOKIE, value=data.locale, path="/", samesite="lax", max_age=365 * 86400)
        )
    return answer


@get("/brand.css", opt=ENTRY | {"while_suspended": True}, include_in_schema=False)
async def brand(request: AnyRequest) -> Response[str]:
    """Give the tenant's colour to the design system."""
    tenant = _state(request).tenant
    css = f":root {{ --brand: {tenant.info.brand_colour}; }}\n" if tenant else ""
    return Response(css, media_type="text/css", headers={"cache-control": "public, max-age=300"})


@get(
    "/_kit",
    opt={"permission": SIGNED_IN, "surface": "page"},
    media_type=MediaType.HTML,
    include_in_schema=False,
)
async def kit(ctx: Context) -> Response[str]:
    """Show the living style guide."""
    return await ctx.render("kit_page.html")


HANDLERS = (front_door, sign_in_page, do_sign_in, sign_out, choose_locale, brand, kit)
