"""The way from one distributor to another, for whoever belongs to both."""

from typing import Any

from headgate_sdk.context import Context
from headgate_sdk.web import SIGNED_IN, action, page, see_other
from litestar import Request, Response

from headgate_kernel.identity.sessions import Session
from headgate_kernel.identity.switching import other_places, switch_place
from headgate_kernel.runtime import Kernel
from headgate_kernel.web.state import state_of

PATH = "/switch"


@page(PATH, permission=SIGNED_IN, personal=True, include_in_schema=False)
async def places(request: Request[Any, Any, Any], ctx: Context, kernel: Kernel) -> Response[Any]:
    """List the other distributors of the person who asks; to htmx as entries of their menu."""
    found = await other_places(kernel.databases, _session(request), ctx.tenant.id)
    menu = request.headers.get("hx-target") == "switch-places"
    response = await ctx.render("settings/_places.html" if menu else "switch.html", places=found, path=PATH)
    response.headers["cache-control"] = "no-store"
    response.headers["vary"] = "HX-Target"
    return response


@action(f"{PATH}/{{slug:str}}", permission=SIGNED_IN, personal=True, include_in_schema=False)
async def switch(request: Request[Any, Any, Any], ctx: Context, kernel: Kernel, slug: str) -> Response[Any]:
    """Go to another distributor, signed in."""
    return see_other(await switch_place(kernel, _session(request), ctx.tenant.id, slug))


def _session(request: Request[Any, Any, Any]) -> Session:
    state = state_of(request.scope)
    assert state is not None
    return state.session


HANDLERS = (places, switch)
