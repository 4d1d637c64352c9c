"""What must never happen on a page, whatever a test looks at: script errors, failing answers, crashes."""

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Response

_ANSWERED = re.compile(
    r"Failed to load resource: the server responded with a status of 4\d\d|Response Status Error Code 4\d\d"
)


class Guard:
    """Watches the contexts of a test.

    An answer of 4xx is something a test may provoke; the browser and htmx write it to the console, which is
    no error of the page. Anything else has to be allowed by its words before it happens.
    """

    def __init__(self) -> None:
        self.found: list[str] = []
        self._allowed: list[str] = []

    def allow(self, words: str) -> None:
        """Expect console errors with these words from now on."""
        self._allowed.append(words)

    def watch(self, context: BrowserContext) -> None:
        """Listen to everything that the context's pages do."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.found.append(f"script error: {error.error}"))
        context.on("response", self._response)
        context.on("page", self._page)

    def check(self) -> None:
        """Fail with what was found."""
        assert not self.found, "\n".join(self.found)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type != "error" or _ANSWERED.match(message.text):
            return
        if not any(words in message.text for words in self._allowed):
            self.found.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _response(self, response: Response) -> None:
        if response.status >= 500:
            self.found.append(f"{response.status} {response.request.method} {response.url}")

    def _page(self, page: Page) -> None:
        page.on("crash", lambda crashed: self.found.append(f"page crashed: {crashed.url}"))
