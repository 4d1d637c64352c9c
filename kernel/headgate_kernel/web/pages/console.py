"""The operator's console: the tenants of this system."""

from datetime import datetime
from typing import Any

import msgspec
from headgate_sdk.i18n import N_
from headgate_sdk.web import PUBLIC
from litestar import MediaType, Request, Response, get

from headgate_kernel.runtime import Kernel
from headgate_kernel.web.formats import number
from headgate_kernel.web.rendering import NavEntry
from headgate_kernel.web.state import state_of

_OPTIONS = {"permission": "operator", "surface": "page", "face": "console"}


class TenantRow(msgspec.Struct, frozen=True):
    """A tenant as the operator sees it."""

    slug: str
    name: str
    host: str
    state: str
    staff: int
    customers: int
    plugins: int
    created_at: datetime


@get("/console/", opt=_OPTIONS, media_type=MediaType.HTML, include_in_schema=False)
async def tenants(request: Request[Any, Any, Any], kernel: Kernel) -> Response[str]:
    """List the tenants."""
    state = state_of(request.scope)
    assert state is not None
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch_as(TenantRow, _TENANTS)
    port = f":{request.url.port}" if request.url.port else ""
    text = kernel.renderer.text(
        "console/tenants.html",
        state.locale,
        {
            "ctx": state.reader(),
            "nav": [NavEntry(N_("Distributors"), "/console/", "building-2", "", True, None)],
            "tenants": rows,
            "address": lambda host: f"{request.url.scheme}://{host}{port}/",
            "number": number,
        },
    )
    return Response(text, media_type=MediaType.HTML)


@get("/health", opt={"permission": PUBLIC, "surface": "static"}, include_in_schema=False)
async def health(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Tell a load balancer that this process serves and reaches its database."""
    kernel: Kernel = request.app.state.kernel
    async with kernel.databases.platform_scope() as db:
        await db.fetch_value("SELECT 1")
    return {"status": "ok"}


_TENANTS = """
SELECT t.slug, t.name, coalesce((SELECT min(h.host) FROM tenant_host h WHERE h.tenant_id = t.id), '') AS host,
       t.state,
       (SELECT count(*) FROM membership m
        WHERE m.tenant_id = t.id AND m.state = 'active' AND m.kind = 'staff') AS staff,
       (SELECT count(*) FROM membership m
        WHERE m.tenant_id = t.id AND m.state = 'active' AND m.kind = 'customer') AS customers,
       (SELECT count(*) FROM plugin_activation a WHERE a.tenant_id = t.id AND a.state = 'active') AS plugins,
       t.created_at
FROM tenant t ORDER BY t.name
"""

HANDLERS = (tenants, health)
