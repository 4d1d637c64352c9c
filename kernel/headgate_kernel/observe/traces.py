"""Traces by OpenTelemetry: a span for each request, each statement and each job, sent where one is told.

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set; then it costs nothing but one comparison a request.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

from headgate_kernel.observe.redaction import redact_text

if TYPE_CHECKING:
    from asyncpg.connection import LoggedQuery

LONGEST_STATEMENT = 2_000


class Tracing:
    """Spans of this process, or none."""

    def __init__(self, exporter: SpanExporter | None) -> None:
        self._provider: TracerProvider | None = None
        self._tracer: trace.Tracer | None = None
        if exporter is not None:
            self._provider = TracerProvider(resource=Resource.create({"service.name": "headgate"}))
            self._provider.add_span_processor(BatchSpanProcessor(exporter))
            self._tracer = self._provider.get_tracer("headgate")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Tracing":
        """Send spans by OTLP over HTTP if the usual variable says where to."""
        if not environment.get("OTEL_EXPORTER_OTLP_ENDPOINT"):
            return cls(None)
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415 (dear to import)
            OTLPSpanExporter,
        )

        return cls(OTLPSpanExporter())

    @property
    def is_on(self) -> bool:
        """Tell whether spans are made."""
        return self._tracer is not None

    @contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Any], *, headers: Mapping[str, str] | None = None
    ) -> Iterator[trace.Span | None]:
        """Make a span around what is done inside; `headers` of a request continue the caller's trace."""
        if self._tracer is None:
            yield None
            return
        kind = trace.SpanKind.SERVER if headers is not None else trace.SpanKind.INTERNAL
        parent = extract(dict(headers)) if headers else None
        with self._tracer.start_as_current_span(
            name, context=parent, kind=kind, attributes=attributes
        ) as span:
            yield span

    def statement(self, query: "LoggedQuery") -> None:
        """Make a span of a statement that is over (called by the driver, in the statement's context)."""
        if self._tracer is None:
            return
        ended = time.time_ns()
        span = self._tracer.start_span(
            "SQL",
            kind=trace.SpanKind.CLIENT,
            start_time=ended - int(query.elapsed * 1e9),
            attributes={
                "db.system.name": "postgresql",
                # parameters are not told: they are people's data
                "db.query.text": redact_text(query.query[:LONGEST_STATEMENT]),
            },
        )
        if query.exception is not None:
            span.set_status(trace.StatusCode.ERROR, type(query.exception).__name__)
        span.end(ended)

    def shut_down(self) -> None:
        """Send what is left."""
        if self._provider is not None:
            self._provider.shutdown()
