"""What changes something must be asked from our own pages (Fetch Metadata, `Origin` for old browsers)."""

from collections.abc import Mapping

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def is_cross_site(method: str, headers: Mapping[str, str], *, has_cookie_session: bool) -> bool:
    """Tell whether an unsafe request may come from somebody else's page.

    Browsers send `Sec-Fetch-Site` or, the old ones inside messengers, at least `Origin` with every POST. A
    request with neither does not come from a browser; it is let through unless it carries a session cookie.

    Args:
        method: of the request.
        headers: with lower-case names; `host` as the browser addressed it.
        has_cookie_session: the request is authenticated by a cookie.
    """
    if method in SAFE:
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is not None:
        host = origin.partition("://")[2].lower()
        return not host or host != headers.get("host", "").lower()
    return has_cookie_session
