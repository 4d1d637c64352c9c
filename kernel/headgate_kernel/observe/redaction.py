"""Keeps what is secret out of logs and traces: by the type of a value, by its name, and by its look."""

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[hidden]"
TELLING_NAMES = re.compile(
    r"pass(word|wd|phrase)?$|secret|token|authorization|cookie|api_?key|private_?key|otp|recovery"
    r"|credential|^code$|_code$|session$",
    re.IGNORECASE,
)
HARMLESS_NAMES = frozenset({"status_code", "error_code", "exit_code"})
LOOKS = (
    (re.compile(r"\bhgt_[0-9A-Za-z]{8,}"), "hgt_" + HIDDEN),
    (re.compile(r"\b(Bearer|Basic)\s+[0-9A-Za-z._~+/=-]{8,}", re.IGNORECASE), r"\1 " + HIDDEN),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]+:)[^\s@/]+(?=@)", re.IGNORECASE), r"\1" + HIDDEN),
    (
        re.compile(r"((?:password|secret|token|code|api_key)=)[^&\s\"']+", re.IGNORECASE),
        r"\1" + HIDDEN,
    ),
    (re.compile(r"(/(?:invitation|reset|confirm)/)[0-9A-Za-z_-]{16,}"), r"\1" + HIDDEN),
)
DEEPEST = 6


def redact(value: Any, name: str = "", depth: int = 0) -> Any:
    """Give a value without what is secret in it.

    Args:
        value: of a log line; mappings and sequences are gone through.
        name: under which it is logged.
        depth: how deep in the line it stands.
    """
    if name and name not in HARMLESS_NAMES and TELLING_NAMES.search(name):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(value)
    if value is None or isinstance(value, (bool, int, float)):
        return value
    if depth >= DEEPEST:
        return redact_text(repr(value))
    if isinstance(value, Mapping):
        return {str(key): redact(inner, str(key), depth + 1) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(inner, depth=depth + 1) for inner in value]
    if isinstance(value, (bytes, bytearray, memoryview)):
        return f"[{len(value)} bytes]"
    return redact_text(str(value))


def redact_text(text: str) -> str:
    """Hide what looks like a token, a password in an address, or a link that lets somebody in."""
    for look, instead in LOOKS:
        text = look.sub(instead, text)
    return text
