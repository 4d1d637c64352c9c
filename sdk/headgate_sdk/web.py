"""Pages, endpoints, menu entries and slots: thin edges over use cases.

Every route says which permission it needs, or that it is public: the kernel refuses to start otherwise, and
checks it, the plugin's switch and the origin of the request in one middleware before the handler runs.

With `critical=True` a route may use the share of a distributor's requests that is kept for what must not wait
behind anything else, such as placing an order.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Literal

import msgspec
from litestar import MediaType, Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.response import Redirect

from headgate_sdk.context import Context

Face = Literal["mall", "workbench", "settings", "console"]

PUBLIC = "public"
"""Permission of routes that anybody may open."""

SIGNED_IN = "signed-in"
"""Permission of routes that need a person, whoever it is."""

Decorator = Callable[[Callable[..., Awaitable[Any]]], HTTPRouteHandler]


def page(path: str, *, permission: str, **options: Any) -> Decorator:
    """Declare a page: GET, answers HTML."""
    return get(path, opt={"permission": permission, "surface": "page"}, media_type=MediaType.HTML, **options)


def action(path: str, *, permission: str, **options: Any) -> Decorator:
    """Declare what a form does: POST, answers HTML or a redirect (`see_other`)."""
    options.setdefault("status_code", 200)
    return post(path, opt={"permission": permission, "surface": "page"}, media_type=MediaType.HTML, **options)


def read(path: str, *, permission: str, **options: Any) -> Decorator:
    """Declare a reading endpoint of the JSON API below `/api/v1`."""
    return get(f"/api/v1{path}", opt={"permission": permission, "surface": "api"}, **options)


def create(path: str, *, permission: str, **options: Any) -> Decorator:
    """Declare an endpoint of the JSON API that makes or does something: POST."""
    return post(f"/api/v1{path}", opt={"permission": permission, "surface": "api"}, **options)


def replace(path: str, *, permission: str, **options: Any) -> Decorator:
    """Declare an endpoint of the JSON API that sets something whole: PUT."""
    return put(f"/api/v1{path}", opt={"permission": permission, "surface": "api"}, **options)


def see_other(path: str) -> Response[Any]:
    """Send the browser to another page after a form has done its work (303)."""
    return Redirect(path, status_code=303)


class NavItem(msgspec.Struct, frozen=True, kw_only=True):
    """A menu entry.

    Args:
        label: English msgid.
        href: path of the page.
        face: whose menu.
        icon: name of an icon of the sprite.
        section: English msgid of the job it stands under (`Orders`, `Products`, ...); workbench only.
        permission: who sees it.
        order: position within its section.
        badge: asks for a number to show beside it.
    """

    label: str
    href: str
    face: Face
    icon: str
    permission: str
    section: str = ""
    order: int = 100
    badge: Callable[[Context], Awaitable[int]] | None = None


class Slot(msgspec.Struct, frozen=True):
    """What a plugin puts into a named place of a page.

    Args:
        place: name of the place, e.g. `mall.cart`.
        render: gives markup or an empty string; `data` is what the page documents for the place.
        order: position among others in the place.
    """

    place: str
    render: Callable[[Context, Any], Awaitable[str]]
    order: int = 100
