"""Answers requests that a plan has no room for; from memory, so that a flood costs neighbours nothing."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from headgate_sdk.errors import HeadgateError
from litestar.types import Scope, Send

from headgate_kernel.i18n import LOCALES
from headgate_kernel.observe.current import note_tenant
from headgate_kernel.tenancy.directory import Tenant
from headgate_kernel.web.problems import TITLES, Problem
from headgate_kernel.web.rendering import Reader

if TYPE_CHECKING:
    from headgate_kernel.runtime import Kernel

MOST_KEPT = 500

_Key = tuple[int, int, str, str, str]


class Refusals:
    """Answers that were made before, by tenant, language and kind of caller."""

    def __init__(self) -> None:
        self._made: dict[_Key, bytes] = {}

    async def send(
        self,
        kernel: "Kernel",
        tenant: Tenant,
        error: HeadgateError,
        *,
        scope: Scope,
        headers: Mapping[str, str],
        send: Send,
    ) -> None:
        """Send the answer: a problem as JSON below `/api/`, else a page, or the part that was asked for."""
        note_tenant(tenant.info.slug, tenant.info.id, None)
        kind = "json" if scope["path"].startswith("/api/") else "part" if "hx-request" in headers else "page"
        locale = _locale(headers.get("cookie", ""), tenant)
        key = (tenant.info.id, tenant.revision, locale, kind, error.code)
        body = self._made.get(key)
        if body is None:
            if len(self._made) >= MOST_KEPT:
                self._made.clear()
            body = self._made[key] = _body(kernel, tenant, error, locale, kind)
        sent = [
            (b"content-type", b"application/json" if kind == "json" else b"text/html; charset=utf-8"),
            (b"content-length", str(len(body)).encode()),
        ]
        if seconds := getattr(error, "retry_after", 0):
            sent.append((b"retry-after", str(seconds).encode()))
        await send({"type": "http.response.start", "status": error.status, "headers": sent})
        await send({"type": "http.response.body", "body": body, "more_body": False})


def _body(kernel: "Kernel", tenant: Tenant, error: HeadgateError, locale: str, kind: str) -> bytes:
    words = kernel.renderer.words(locale, error)
    problem = Problem(error.code, words, field=error.field)
    if kind == "json":
        return msgspec.json.encode(problem)
    template = "_problem.html" if kind == "part" else "problem.html"
    reader = Reader(tenant.info, None, locale)
    values = {"ctx": reader, "nav": [], "problem": problem, "title": TITLES.get(error.status, "")}
    return kernel.renderer.text(template, locale, values).encode()


def _locale(cookies: str, tenant: Tenant) -> str:
    """Give the language that was chosen, without taking all cookies apart."""
    return next((locale for locale in LOCALES if f"headgate_locale={locale}" in cookies), tenant.info.locale)
