"""Around every request, outside of all else: its id, safe headers, metrics, traces, and a line in the log."""

import logging
import time
from typing import TYPE_CHECKING, Any, cast

from litestar.types import ASGIApp, Message, Receive, Scope, Send

from headgate_kernel.observe.current import RequestNote, current_request, request_id_from
from headgate_kernel.observe.metrics import Metrics
from headgate_kernel.observe.traces import Tracing
from headgate_kernel.observe.traffic import Traffic
from headgate_kernel.web.security_headers import SecurityHeaders

if TYPE_CHECKING:
    from headgate_kernel.config import Settings

log = logging.getLogger("headgate.requests")

SLOW_SECONDS = 1.0
BROKEN_STATUS = 500
UNMATCHED = "(none)"


class ObservedRequests:
    """Watches the requests of one process.

    Args:
        settings: of the process.

    Attributes:
        metrics: set when the process begins to serve.
        tracing: set when the process begins to serve.
        traffic: what each tenant was served since the last flush.
    """

    def __init__(self, settings: "Settings") -> None:
        self.metrics: Metrics | None = None
        self.tracing = Tracing(None)
        self.traffic = Traffic()
        self._headers = SecurityHeaders(settings)
        self._every_line = settings.access_log

    async def serve(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request and take note of it."""
        sent_id = ""
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                sent_id = value.decode("latin-1")
                break
        note = RequestNote(request_id_from(sent_id))
        token = current_request.set(note)
        status = BROKEN_STATUS
        request_id = note.request_id.encode()

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._headers.added_to(message["headers"], request_id)
            await send(message)

        metrics = self.metrics
        if metrics is not None:
            metrics.in_flight.inc()
        begun = time.perf_counter()
        try:
            if self.tracing.is_on:
                await self._traced(app, scope, receive, send_with_headers, note)
            else:
                await app(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - begun
            route = str(scope.get("path_template") or UNMATCHED)
            method = str(cast("dict[str, Any]", scope).get("method", ""))
            if metrics is not None:
                metrics.in_flight.dec()
                metrics.answered(method if route != UNMATCHED else "", route, status, seconds)
            if note.tenant_id:
                self.traffic.count(note.tenant_id, seconds, failed=status >= BROKEN_STATUS)
            if self._every_line or seconds >= SLOW_SECONDS or status >= BROKEN_STATUS:
                log.log(
                    logging.WARNING if status >= BROKEN_STATUS else logging.INFO,
                    "%s %s", method, route,
                    extra={"status": status, "milliseconds": round(seconds * 1000, 1)},
                )  # fmt: skip
            current_request.reset(token)

    async def _traced(
        self, app: ASGIApp, scope: Scope, receive: Receive, send: Send, note: RequestNote
    ) -> None:
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method = str(cast("dict[str, Any]", scope).get("method", ""))
        with self.tracing.span(method, {"http.request.method": method}, headers=headers) as span:
            try:
                await app(scope, receive, send)
            finally:
                if span is not None:
                    route = str(scope.get("path_template") or UNMATCHED)
                    span.update_name(f"{method} {route}")
                    span.set_attributes(
                        {
                            "http.route": route,
                            "headgate.tenant": note.tenant,
                            "headgate.request_id": note.request_id,
                        }
                    )
