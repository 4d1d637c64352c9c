"""The way in and out: front door, sign-in, language, look of the tenant."""

from typing import Annotated, Any
from urllib.parse import quote

import msgspec
from headgate_sdk.context import Context
from headgate_sdk.errors import HeadgateError, NotFound
from headgate_sdk.i18n import N_
from headgate_sdk.web import PUBLIC, SIGNED_IN, see_other
from litestar import MediaType, Request, Response, get, post
from litestar.datastructures import Cookie
from litestar.enums import RequestEncodingType
from litestar.params import Body

from headgate_kernel.i18n import LOCALES
from headgate_kernel.identity.logins import HOME_REGION, region_of
from headgate_kernel.identity.sign_in import sign_in
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.gate import LOCALE_COOKIE
from headgate_kernel.web.session_cookie import clear_session, device_of, set_session
from headgate_kernel.web.state import RequestState, state_of
from headgate_kernel.web.ways_on import local

AnyRequest = Request[Any, Any, Any]
FORM = RequestEncodingType.URL_ENCODED


class SignInForm(msgspec.Struct):
    """What a person types to sign in."""

    login: str = ""
    password: str = ""
    next: str = ""


class LocaleForm(msgspec.Struct):
    """The language that a person chooses."""

    locale: str


def _options(permission: str) -> dict[str, str]:
    return {"permission": permission, "surface": "page", "face": "any"}


def _state(request: AnyRequest) -> RequestState:
    state = state_of(request.scope)
    assert state is not None
    return state


@get("/", opt=_options(PUBLIC), include_in_schema=False)
async def front_door(request: AnyRequest, kernel: Kernel) -> Response[Any]:
    """Send everybody to where they work."""
    state = _state(request)
    if state.session.actor.kind == "operator":
        return see_other("/console/")
    if state.ctx is None or state.session.actor.kind == "anonymous":
        return see_other("/sign-in")
    page = kernel.renderer.front_page(state.ctx)
    if page is None:
        raise NotFound(N_("Nothing is switched on for you here. Please ask the distributor."))
    return see_other(page)


@get("/sign-in", opt=_options(PUBLIC), media_type=MediaType.HTML, include_in_schema=False)
async def sign_in_page(request: AnyRequest, kernel: Kernel, next: str = "") -> Response[Any]:  # noqa: A002
    """Show the sign-in form."""
    state = _state(request)
    if state.session.actor.kind != "anonymous":
        return see_other("/")
    return _sign_in_form(kernel, state, SignInForm(next=next))


@post("/sign-in", opt=_options(PUBLIC), media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def do_sign_in(
    request: AnyRequest, kernel: Kernel, data: Annotated[SignInForm, Body(media_type=FORM)]
) -> Response[Any]:
    """Check login and password and open a session."""
    state = _state(request)
    try:
        opened = await sign_in(
            kernel,
            tenant_id=state.tenant.info.id if state.tenant else None,
            login=data.login,
            password=data.password,
            address=state.address,
            user_agent=request.headers.get("user-agent", ""),
            region=region_of(state.tenant.info.timezone) if state.tenant else HOME_REGION,
            device=device_of(state.cookies, kernel.settings),
            previous_token=state.token,
        )
    except HeadgateError as error:
        return _sign_in_form(kernel, state, data, error)
    way = local(data.next)
    answer = see_other(f"/sign-in/second-factor?next={quote(way, safe='')}" if opened.needs else way)
    set_session(answer, kernel.settings, opened)
    return answer


@post("/sign-out", opt=_options(SIGNED_IN), status_code=303, include_in_schema=False)
async def sign_out(request: AnyRequest, kernel: Kernel) -> Response[Any]:
    """End the session."""
    await kernel.sessions.end(_state(request).token)
    answer = see_other("/sign-in")
    clear_session(answer, kernel.settings)
    return answer


@post("/locale", opt=_options(PUBLIC), status_code=303, include_in_schema=False)
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


@get("/brand.css", opt=_options(PUBLIC), include_in_schema=False)
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


def _sign_in_form(
    kernel: Kernel, state: RequestState, form: SignInForm, error: HeadgateError | None = None
) -> Response[Any]:
    words = kernel.renderer.words(state.locale, error) if error else ""
    text = kernel.renderer.text(
        "sign_in.html",
        state.locale,
        {
            "ctx": state.reader(),
            "nav": [],
            "form": form,
            "error": words,
            "field": error.field if error else "",
        },
    )
    return Response(text, status_code=error.status if error else 200, media_type=MediaType.HTML)


HANDLERS = (front_door, sign_in_page, do_sign_in, sign_out, choose_locale, brand, kit)
