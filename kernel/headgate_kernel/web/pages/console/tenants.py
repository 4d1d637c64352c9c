"""The console's home: the tenants of this system."""

from datetime import datetime

import msgspec
from litestar import MediaType, Response, get

from headgate_kernel.runtime import Kernel
from headgate_kernel.web.pages.console.frame import OPERATOR, AnyRequest, console_page


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


@get("/console/", opt=OPERATOR, media_type=MediaType.HTML, include_in_schema=False)
async def tenants(request: AnyRequest, kernel: Kernel) -> Response[str]:
    """List the tenants."""
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch_as(TenantRow, _TENANTS)
    port = f":{request.url.port}" if request.url.port else ""
    return console_page(
        request, "console/tenants.html", tenants=rows,
        address=lambda host: f"{request.url.scheme}://{host}{port}/",
    )  # fmt: skip


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

HANDLERS = (tenants,)
