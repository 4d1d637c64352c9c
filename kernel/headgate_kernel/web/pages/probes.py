"""What balancers and monitors ask: alive, ready, and the numbers."""

import asyncio
import hmac
from typing import Any

from headgate_sdk.web import PUBLIC
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException

from headgate_kernel.database.errors import DatabaseError
from headgate_kernel.database.pool import CONNECTION_ERRORS
from headgate_kernel.observe.readiness import is_draining

_OPTIONS = {"permission": PUBLIC, "surface": "static"}
DATABASE_SECONDS = 3
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


@get("/health/live", opt=_OPTIONS, include_in_schema=False)
async def live() -> dict[str, str]:
    """Tell that this process runs and answers; it looks at nothing else, so that it is not killed in vain."""
    return {"status": "alive"}


@get("/health/ready", opt=_OPTIONS, include_in_schema=False)
async def ready(request: Request[Any, Any, Any]) -> Response[dict[str, str]]:
    """Tell whether to send requests here: 503 while the server is told to stop, or has no database."""
    if is_draining():
        return Response({"status": "stopping"}, status_code=503)
    try:
        async with (
            asyncio.timeout(DATABASE_SECONDS),
            request.app.state.kernel.databases.platform_scope() as db,
        ):
            await db.fetch_value("SELECT 1")
    except (TimeoutError, DatabaseError, *CONNECTION_ERRORS):
        return Response({"status": "no database"}, status_code=503)
    return Response({"status": "ready"})


@get("/metrics", opt=_OPTIONS, include_in_schema=False)
async def metrics(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Give the numbers to who sends HEADGATE_METRICS_TOKEN; to others there is nothing here."""
    wanted = request.app.state.kernel.settings.metrics_token
    scheme, _, sent = request.headers.get("authorization", "").partition(" ")
    allowed = scheme.lower() == "bearer" and hmac.compare_digest(sent.strip().encode(), wanted.encode())
    if not wanted or not allowed:
        raise NotFoundException
    text = await asyncio.to_thread(request.app.state.observed.metrics.exposition)
    return Response(text, media_type=METRICS_TYPE)


HANDLERS = (live, ready, metrics)
