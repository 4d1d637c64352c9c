"""Logs: one JSON object a line (or words on a terminal), with request and tenant, without secrets."""

import logging
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from headgate_kernel.observe.current import current_request
from headgate_kernel.observe.redaction import redact

TALKATIVE = ("asyncio", "httpx", "httpcore", "_granian", "granian")


def configure_logging(form: str, level: str) -> None:
    """Send everything that is logged, by whatever library, through one set of steps to standard error.

    Args:
        form: `json` for machines, `words` for a terminal.
        level: lowest level that is told, such as `INFO`; libraries that talk much are held to warnings.
    """
    shared: list[Any] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_request,
    ]
    last: list[Any] = (
        [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
        if form == "json"
        else [
            structlog.processors.format_exc_info,
            hide_secrets,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
        )
    )
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel("WARNING")


def add_request(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Tell which request a line belongs to, and whose it is."""
    note = current_request.get()
    if note is not None:
        line["request_id"] = note.request_id
        if note.tenant:
            line["tenant"] = note.tenant
        if note.actor:
            line["actor"] = str(note.actor)
    return line


def hide_secrets(_: object, __: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Take secrets out of a line, after everything else was put into it."""
    return {name: redact(value, name) for name, value in line.items()}
