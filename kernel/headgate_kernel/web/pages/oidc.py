"""Signing in through an identity provider: on the way there, coming back, and connecting one's account."""

from typing import Any

from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.web import see_other
from litestar import MediaType, Response, get, post
from litestar.datastructures import Cookie

from headgate_kernel.identity.oidc.connecting import connect, disconnect
from headgate_kernel.identity.oidc.errors import SsoRefused
from headgate_kernel.identity.oidc.sign_in import Arrival, Departure, Place, arrive, depart, find_person
from headgate_kernel.identity.oidc.visits import LIFETIME
from headgate_kernel.identity.opening import open_session
from headgate_kernel.identity.step_up import renew_session
from headgate_kernel.web.pages.visit import ENTRY, PERSONAL, AnyRequest, Visit, enter, show_entry, visit_of
from headgate_kernel.web.pages.ways import origin_of
from headgate_kernel.web.session_cookie import set_session
from headgate_kernel.web.ways_on import local

CALLBACK = "/sign-in/sso/callback"
PASSKEYS = "/account/passkeys"
_CONFIRM = PERSONAL | {"setup": True}
_OWN = PERSONAL | {"recent": True}


def callback_of(visit: Visit) -> str:
    """Give the address to which a provider sends browsers back; it is entered there, letter by letter."""
    return origin_of(visit) + CALLBACK


@get("/sign-in/sso", opt=ENTRY, include_in_schema=False)
async def go(request: AnyRequest, next: str = "") -> Response[Any]:  # noqa: A002
    """Send the browser to the provider."""
    visit = visit_of(request)
    try:
        left = await depart(
            visit.kernel, _place(visit), "sign_in", next_path=local(next), browser=_browser(visit)
        )
    except HeadgateError as error:
        return show_entry(visit, "sign_in/refused.html", error=error, next=local(next))
    return _remember(visit, see_other(left.url), left)


@get("/account/confirm/sso", opt=_CONFIRM, include_in_schema=False)
async def go_to_confirm(request: AnyRequest, next: str = "") -> Response[Any]:  # noqa: A002
    """Send the browser to the provider, where the person proves anew who they are."""
    visit = visit_of(request)
    way = local(next, "/account")
    try:
        left = await depart(
            visit.kernel, _place(visit), "confirm", next_path=way, browser=_browser(visit),
            person_id=visit.session.person_id,
        )  # fmt: skip
    except HeadgateError as error:
        return show_entry(visit, "sign_in/refused.html", error=error, next=way, confirming=True)
    return _remember(visit, see_other(left.url), left)


@post("/account/sso/connect", opt=_OWN, media_type=MediaType.HTML, status_code=200, include_in_schema=False)
async def go_to_connect(request: AnyRequest) -> Response[Any]:
    """Offer the way to the provider.

    A page in between, and not at once: forms lead to no other site, so that no page can send somebody there
    to connect an account which is not theirs.
    """
    visit = visit_of(request)
    try:
        left = await depart(
            visit.kernel, _place(visit), "connect", next_path=PASSKEYS, browser=_browser(visit),
            person_id=visit.session.person_id,
        )  # fmt: skip
    except HeadgateError as error:
        return show_entry(visit, "sign_in/refused.html", error=error, next=PASSKEYS, connecting=True)
    page = show_entry(
        visit, "sign_in/go_to_provider.html", provider=left.provider, url=left.url, back=PASSKEYS
    )
    return _remember(visit, page, left)


@post(
    "/account/sso/disconnect", opt=_OWN, media_type=MediaType.HTML, status_code=200, include_in_schema=False
)
async def break_off(request: AnyRequest) -> Response[Any]:
    """Forget who the person is at the provider."""
    visit = visit_of(request)
    await disconnect(visit.kernel, visit.state.ctx, visit.session)
    return see_other(PASSKEYS)


@get(CALLBACK, opt=ENTRY | {"setup": True}, media_type=MediaType.HTML, include_in_schema=False)
async def come_back(request: AnyRequest) -> Response[Any]:
    """Take the browser back, for whatever it went there."""
    visit = visit_of(request)
    answer = {name: value for name, value in request.query_params.items() if isinstance(value, str)}
    try:
        arrival = await arrive(visit.kernel, _place(visit), answer, _browser(visit))
        page = await _go_on(visit, arrival)
    except HeadgateError as error:
        page = show_entry(visit, "sign_in/refused.html", error=error, next="/")
    page.headers["referrer-policy"] = "no-referrer"  # the code stands in the address
    return page


async def _go_on(visit: Visit, arrival: Arrival) -> Response[Any]:
    purpose, way = arrival.visit.purpose, local(arrival.visit.next)
    if purpose == "sign_in":
        person_id = await find_person(visit.kernel, _place(visit), arrival.identity)
        opened = await open_session(
            visit.kernel, person_id=person_id, tenant_id=visit.tenant_id, method="oidc",
            address=visit.address, user_agent=visit.user_agent, previous_token=visit.state.token,
            device=visit.device,
        )  # fmt: skip
        return enter(visit, opened, way)
    if visit.session.person_id is None or visit.session.person_id != arrival.visit.person_id:
        raise SsoRefused(
            N_("You were signed out or signed in as somebody else meanwhile. Please start again.")
        )
    if purpose == "connect":
        await connect(visit.kernel, visit.state.ctx, visit.session, arrival.identity)
        return see_other(f"{way}?done=connected")
    if await find_person(visit.kernel, _place(visit), arrival.identity) != visit.session.person_id:
        raise SsoRefused(
            N_("At the provider you are somebody else. Sign in there as yourself and try again.")
        )
    async with visit.kernel.databases.platform_scope() as db:
        opened = await renew_session(
            visit.kernel, db, visit.session, visit.tenant_id, method="oidc", address=visit.address
        )
    page = see_other(way)
    set_session(page, visit.kernel.settings, opened)
    return page


def _place(visit: Visit) -> Place:
    return Place(visit.state.tenant, callback_of(visit), visit.address, visit.state.locale)


def _cookie(visit: Visit) -> str:
    return "__Host-headgate-sso" if visit.kernel.settings.secure_cookies else "headgate_sso"


def _browser(visit: Visit) -> str:
    return visit.state.cookies.get(_cookie(visit), "")


def _remember(visit: Visit, page: Response[Any], left: Departure) -> Response[Any]:
    """Tie the visit to this browser: what comes back counts in it alone."""
    page.set_cookie(
        Cookie(
            _cookie(visit), value=left.browser, path="/", httponly=True, samesite="lax",
            secure=visit.kernel.settings.secure_cookies, max_age=int(LIFETIME.total_seconds()),
        )
    )  # fmt: skip
    page.headers["referrer-policy"] = "no-referrer"
    return page


HANDLERS = (go, go_to_confirm, go_to_connect, break_off, come_back)
