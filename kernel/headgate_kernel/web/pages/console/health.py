"""What a load balancer asks."""

from typing import Any

from headgate_sdk.web import PUBLIC
from litestar import Request, get

from headgate_kernel.runtime import Kernel


@get("/health", opt={"permission": PUBLIC, "surface": "static"}, include_in_schema=False)
async def health(request: Request[Any, Any, Any]) -> dict[str, str]:
    """Tell a load balancer that this process serves and reaches its database."""
    kernel: Kernel = request.app.state.kernel
    async with kernel.databases.platform_scope() as db:
        await db.fetch_value("SELECT 1")
    return {"status": "ok"}


HANDLERS = (health,)
