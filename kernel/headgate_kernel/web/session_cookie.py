"""The cookies of a sign-in: the session's, and one by which a browser is known again."""

from typing import TYPE_CHECKING, Any

from litestar.datastructures import Cookie

if TYPE_CHECKING:
    from collections.abc import Mapping

    from litestar import Response

    from headgate_kernel.config import Settings
    from headgate_kernel.identity.opening import Opened

SESSION_COOKIE = "headgate_session"
DEVICE_COOKIE = "headgate_device"
DEVICE_SECONDS = 365 * 86400


def cookie_name(settings: "Settings") -> str:
    """Give the name of the session's cookie; over TLS one that browsers take from this very host only."""
    return "__Host-headgate" if settings.secure_cookies else SESSION_COOKIE


def device_cookie_name(settings: "Settings") -> str:
    """Give the name of the device's cookie."""
    return "__Host-headgate-device" if settings.secure_cookies else DEVICE_COOKIE


def device_of(cookies: "Mapping[str, str]", settings: "Settings") -> str:
    """Give the device's token that a browser sent; empty when it sent none."""
    return cookies.get(device_cookie_name(settings), "")


def set_session(response: "Response[Any]", settings: "Settings", opened: "Opened") -> None:
    """Hand the session to the browser."""
    _set(response, settings, cookie_name(settings), opened.token, opened.max_age)
    if opened.device:
        _set(response, settings, device_cookie_name(settings), opened.device, DEVICE_SECONDS)


def clear_session(response: "Response[Any]", settings: "Settings") -> None:
    """Take the session from the browser; the device stays known."""
    _set(response, settings, cookie_name(settings), "", 0)


def _set(response: "Response[Any]", settings: "Settings", name: str, value: str, max_age: int) -> None:
    response.set_cookie(
        Cookie(
            name, value=value, path="/", httponly=True, samesite="lax", secure=settings.secure_cookies,
            max_age=max_age,
        )
    )  # fmt: skip
