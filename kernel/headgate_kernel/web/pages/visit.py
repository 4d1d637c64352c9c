"""Who visits a page of the way in or of the account, at a distributor's host and at the console alike."""

from typing import Any
from urllib.parse import quote

import msgspec
from headgate_sdk.errors import HeadgateError
from headgate_sdk.i18n import N_
from headgate_sdk.ids import TenantId
from headgate_sdk.web import PUBLIC, SIGNED_IN, see_other
from litestar import MediaType, Request, Response
from litestar.enums import RequestEncodingType

from headgate_kernel.identity.logins import HOME_REGION, region_of
from headgate_kernel.identity.opening import Opened
from headgate_kernel.identity.sessions import Session
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.console.frame import console_page
from headgate_kernel.web.session_cookie import device_of, set_session
from headgate_kernel.web.state import RequestState, state_of

AnyRequest = Request[Any, Any, Any]
FORM = RequestEncodingType.URL_ENCODED

ENTRY = {"permission": PUBLIC, "surface": "page", "face": "any"}
"""Options of pages on the way in."""

PERSONAL: dict[str, Any] = {"permission": SIGNED_IN, "surface": "page", "face": "any", "personal": True}
"""Options of pages about oneself: closed to an operator who acts in the person's place."""


class AccountTab(msgspec.Struct, frozen=True):
    """A page about oneself."""

    label: str
    href: str


ACCOUNT_TABS = [
    AccountTab(N_("Profile"), "/account"),
    AccountTab(N_("Password"), "/account/password"),
    AccountTab(N_("Second step"), "/account/second-factor"),
    AccountTab(N_("Passkeys"), "/account/passkeys"),
    AccountTab(N_("Devices"), "/account/sessions"),
]
"""Pages about oneself, in order."""


class Visit(msgspec.Struct, frozen=True):
    """A request with what identity wants to know of it.

    Args:
        request: itself.
        state: what the gate found out.
    """

    request: AnyRequest
    state: RequestState

    @property
    def kernel(self) -> Kernel:
        """Of the process."""
        return self.state.kernel

    @property
    def session(self) -> Session:
        """Who visits."""
        return self.state.session

    @property
    def tenant_id(self) -> TenantId | None:
        """At whose host; None at the operator's console."""
        return self.state.tenant.info.id if self.state.tenant else None

    @property
    def address(self) -> str:
        """Network address of the visitor."""
        return self.state.address

    @property
    def user_agent(self) -> str:
        """What the browser says it is."""
        return str(self.request.headers.get("user-agent", ""))

    @property
    def device(self) -> str:
        """Token by which the browser is known; empty when it sent none."""
        return device_of(self.state.cookies, self.kernel.settings)

    @property
    def region(self) -> str:
        """Country of phone numbers that are typed without one."""
        return region_of(self.state.tenant.info.timezone) if self.state.tenant else HOME_REGION

    def words(self, error: HeadgateError) -> str:
        """Put an error into the visitor's language."""
        return self.kernel.renderer.words(self.state.locale, error)


def visit_of(request: AnyRequest) -> Visit:
    """Give the visit that a request is."""
    state = state_of(request.scope)
    assert state is not None
    return Visit(request, state)


def show_entry(
    visit: Visit, template: str, *, error: HeadgateError | None = None, **values: object
) -> Response[Any]:
    """Render a page on the way in: one narrow panel, no menu."""
    text = visit.kernel.renderer.text(
        template,
        visit.state.locale,
        {"ctx": visit.state.reader(), "nav": [], **_told(visit, error), **values},
    )
    return Response(text, status_code=error.status if error else 200, media_type=MediaType.HTML)


async def show_account(
    visit: Visit, template: str, *, error: HeadgateError | None = None, **values: object
) -> Response[Any]:
    """Render a page about oneself, in the frame in which the person works."""
    told: dict[str, Any] = {"tabs_of_account": _tabs(visit), **_told(visit, error), **values}
    status = error.status if error else 200
    ctx = visit.state.ctx
    if visit.session.state == "setup":
        return show_entry(visit, template, error=error, layout="layout/bare.html", framed=False, **values)
    if ctx is None:
        return console_page(
            visit.request, template, status_code=status, layout="layout/console.html", framed=True, **told
        )
    layout = "layout/mall.html" if ctx.actor.kind == "customer" else "layout/workbench.html"
    page = await visit.kernel.renderer.page(ctx, template, {"layout": layout, "framed": True, **told})
    page.status_code = status
    return page


def enter(visit: Visit, opened: Opened, way: str) -> Response[Any]:
    """Hand an opened session to the browser and send it to where it wanted, or to the second step first."""
    answer = see_other(f"/sign-in/second-factor?next={quote(way, safe='')}" if opened.needs else way)
    set_session(answer, visit.kernel.settings, opened)
    return answer


def _tabs(visit: Visit) -> list[dict[str, object]]:
    here = visit.request.url.path.rstrip("/")
    return [
        {"label": tab.label, "href": tab.href, "active": here == tab.href or (
            tab.href != "/account" and here.startswith(tab.href + "/"))}
        for tab in ACCOUNT_TABS
    ]  # fmt: skip


def _told(visit: Visit, error: HeadgateError | None) -> dict[str, object]:
    return {"error": visit.words(error) if error else "", "field": error.field if error else ""}
