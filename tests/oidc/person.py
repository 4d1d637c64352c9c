"""A person with a browser, as far as an HTTP client is one: goes where it is sent, fills in what it sees."""

import asyncio
from html.parser import HTMLParser
from urllib.parse import urljoin

import httpx

from .canaille import PASSWORD

MOST_STEPS = 15
A_SECOND = 1.1
"""Two access tokens of one person in one second are equal at Canaille, which it refuses then."""


class Forms(HTMLParser):
    """The forms of a page: where each leads, and what is in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[dict] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag == "form":
            self.found.append(
                {"action": told.get("action") or "", "method": told.get("method", "get"), "fields": {}}
            )
        elif self.found and tag in {"input", "button"} and told.get("name"):
            self.found[-1]["fields"].setdefault(told["name"], []).append(told.get("value") or "")


class ToThisMachine(httpx.AsyncHTTPTransport):
    """Finds `*.localhost` as browsers do, whatever the machine's resolver thinks."""

    async def handle_async_request(self, request):
        if request.url.host.endswith(".localhost"):
            here = request.url.copy_with(host="127.0.0.1")
            request = httpx.Request(
                request.method,
                here,
                headers=request.headers,
                stream=request.stream,
                extensions=request.extensions,
            )
        return await super().handle_async_request(request)


class Person:
    """Somebody who signs in at the provider when it asks.

    Args:
        name: at the provider.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.seen: list[str] = []
        self.browser = httpx.AsyncClient(
            transport=ToThisMachine(), trust_env=False, timeout=20, headers={"accept-language": "en"}
        )

    async def open(self, url: str, *, consent: bool = True, stop_at: str = "") -> httpx.Response:
        """Open an address and go on until a page asks for nothing more.

        Args:
            url: where to begin.
            consent: what to answer when the provider asks whether we may know about them.
            stop_at: do not open addresses that begin so; the redirect to it is what is given.
        """
        await asyncio.sleep(A_SECOND)
        page = await self.browser.get(url)
        for _ in range(MOST_STEPS):
            self.seen.append(str(page.request.url))
            if page.is_redirect:
                target = urljoin(str(page.request.url), page.headers["location"])
                if stop_at and target.startswith(stop_at):
                    return page
                page = await self.browser.get(target)
                continue
            form = self._form(page, consent=consent)
            if form is None:
                return page
            page = await self.browser.post(urljoin(str(page.request.url), form[0]), data=form[1])
        raise AssertionError(f"no end of pages: {self.seen}")

    def _form(self, page: httpx.Response, *, consent: bool) -> tuple[str, dict[str, str]] | None:
        for form in Forms(page.text).found:
            fields = {name: values[0] for name, values in form["fields"].items()}
            if "login" in fields and "password" not in fields and "/login" in str(page.request.url):
                return form["action"], fields | {"login": self.name}
            if "password" in fields and "/auth/password" in str(page.request.url):
                return form["action"], fields | {"password": PASSWORD}
            if "answer" in fields:
                return form["action"], fields | {"answer": "accept" if consent else "deny"}
        return None

    async def close(self) -> None:
        await self.browser.aclose()
