"""Where a page leads that needs somebody to show first who they are."""

from typing import Any
from urllib.parse import quote, urlsplit

from headgate_sdk.errors import HeadgateError, SignInRequired
from litestar import Request, Response
from litestar.response import Redirect

from headgate_kernel.web.proofs import SetupRequired, StepUpRequired
from headgate_kernel.web.state import wants_json

_PAGES: dict[type[HeadgateError], str] = {
    SignInRequired: "/sign-in",
    StepUpRequired: "/account/confirm",
    SetupRequired: "/account/second-factor",
}


def way_on(request: Request[Any, Any, Any], error: HeadgateError) -> Response[Any] | None:
    """Give the way to the page that mends an error, and from there back; None where there is none.

    A form that was sent cannot be sent again by a redirect, so the way back leads to the page it stood on.
    """
    page = _PAGES.get(type(error))
    if page is None or wants_json(request):
        return None
    is_part = bool(request.headers.get("hx-request"))
    if isinstance(error, SignInRequired) and (request.method != "GET" or is_part):
        return None
    if request.method == "GET" and not is_part:
        back = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    else:
        back = _page_of(request)
    address = f"{page}?next={quote(back, safe='')}"
    if is_part:
        return Response("", status_code=error.status, headers={"hx-redirect": address})
    return Redirect(address, status_code=303)


def is_local(path: str) -> bool:
    """Tell whether an address is on this host; browsers read a backslash as a slash and skip controls."""
    plain = path.isprintable() and "\\" not in path
    return plain and path.startswith("/") and not path.startswith("//")


def local(path: str, otherwise: str = "/") -> str:
    """Accept only an address on this host."""
    return path if is_local(path) else otherwise


def _page_of(request: Request[Any, Any, Any]) -> str:
    came_from = urlsplit(str(request.headers.get("hx-current-url") or request.headers.get("referer", "")))
    return local(came_from.path + (f"?{came_from.query}" if came_from.query else ""))
