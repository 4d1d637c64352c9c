"""Headers that tell browsers to be strict with our pages.

Sources: the OWASP HTTP Headers Cheat Sheet; Content Security Policy Level 3. Scripts and styles come from
our own files only, nothing inline, so a text that slips through the escaping can do nothing.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headgate_kernel.config import Settings

YEAR = 31_536_000


class SecurityHeaders:
    """Headers of every answer of this installation.

    Args:
        settings: tell the domain, and whether it is served over TLS.
    """

    def __init__(self, settings: "Settings") -> None:
        # a form may lead from one distributor's address to another's: switching, and help by the operator
        own = f"https://*.{settings.domain}" if settings.secure_cookies else f"http://*.{settings.domain}:*"
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
            "font-src 'self'; connect-src 'self'; manifest-src 'self'; media-src 'self'; "
            f"form-action 'self' {own}; base-uri 'none'; frame-ancestors 'none'"
        )
        always = {
            "content-security-policy": policy,
            "x-content-type-options": "nosniff",
            "x-frame-options": "DENY",
            "referrer-policy": "same-origin",
            "cross-origin-opener-policy": "same-origin",
            "cross-origin-resource-policy": "same-origin",
            "permissions-policy": "camera=(self), geolocation=(self), microphone=(self), payment=(), usb=()",
        }
        if settings.secure_cookies:
            always["strict-transport-security"] = f"max-age={YEAR}; includeSubDomains"
        self._always = [(name.encode(), value.encode()) for name, value in always.items()]
        # what somebody sees after signing in is theirs alone
        self._always.append((b"cache-control", b"private, no-cache"))
        self._names = frozenset(name for name, _ in self._always)

    def added_to(
        self, headers: Iterable[tuple[bytes, bytes]], request_id: bytes
    ) -> list[tuple[bytes, bytes]]:
        """Give an answer's headers with ours; what a page has set for itself stays as it is."""
        headers = list(headers)
        own = self._names.intersection([name.lower() for name, _ in headers])
        always = [header for header in self._always if header[0] not in own] if own else self._always
        return [*headers, *always, (b"x-request-id", request_id)]
