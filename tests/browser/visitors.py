"""People at their devices: each visit is a browser of its own with its screen, language and session."""

import json
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, expect

from .demo import Demo, Person
from .guard import Guard


class Device(msgspec.Struct, frozen=True):
    """A screen."""

    name: str
    width: int
    height: int
    touch: bool


PHONE = Device("390", 390, 844, True)
DESKTOP = Device("1280", 1280, 900, False)
DEVICES = (PHONE, DESKTOP)
TALLEST = 2400
"""Pixels of a page that a picture shows."""

_sessions: dict[tuple[str, str], StorageState] = {}
"""Sessions of people who have signed in, by login and address: signing in is slow on purpose."""


class Visitors:
    """Opens pages for people, and keeps what they saw when a test fails."""

    def __init__(self, browser: Browser, demo: Demo, guard: Guard, name: str, artefacts: Path) -> None:
        self._browser = browser
        self.demo = demo
        self.guard = guard
        self._name = name
        self._artefacts = artefacts
        self._contexts: list[BrowserContext] = []

    def stranger(self, url: str, device: Device, *, locale: str = "", **options: Any) -> Page:
        """Open a page for somebody who has not signed in."""
        context = self._browser.new_context(
            base_url=url,
            viewport={"width": device.width, "height": device.height},
            has_touch=device.touch,
            is_mobile=device.touch,
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(10_000)
        self._contexts.append(context)
        self.guard.watch(context)
        if locale:
            context.add_cookies([{"name": "headgate_locale", "value": locale, "url": url}])
        return context.new_page()

    def visit(self, tenant: str, role: str, device: Device, *, nth: int = 0, **options: Any) -> Page:
        """Open a page for somebody, who signs in the first time."""
        return self.enter(self.demo.person(tenant, role, nth), device, **options)

    def enter(self, person: Person, device: Device, **options: Any) -> Page:
        """Open a page for this person."""
        known = _sessions.get((person.login, person.url))
        if known is None:
            page = self.stranger(person.url, device)
            sign_in(page, person)
            known = _sessions[person.login, person.url] = page.context.storage_state()
            page.context.close()
        return self.stranger(person.url, device, storage_state=known, **options)

    def keep(self, page: Page, name: str) -> None:
        """Save a screenshot of the page, of a long one the first screens."""
        width, height = page.evaluate("[innerWidth, document.documentElement.scrollHeight]")
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST)}
        page.screenshot(path=self._artefacts / f"{name}.png", full_page=True, clip=clip)

    def close(self, *, failed: bool) -> None:
        """Close everything; what a failed test saw is kept, as a picture and as HTML."""
        for number, context in enumerate(self._contexts):
            for page in context.pages if failed else ():
                place = self._artefacts / "failed" / f"{self._name}-{number}"
                place.parent.mkdir(parents=True, exist_ok=True)
                if not page.is_closed():
                    page.screenshot(path=place.with_suffix(".png"))
                    place.with_suffix(".html").write_text(page.content(), "utf-8")
            context.close()


def sign_in(page: Page, person: Person) -> None:
    """Type login and password."""
    page.goto("/sign-in")
    page.fill("[name=login]", person.login)
    page.fill("[name=password]", person.password)
    page.click("main button:not([type=button])")
    expect(page.locator(".app-bar details.menu summary")).to_contain_text(person.name)


_FETCH = """async ([method, path, body]) => {
    const headers = body === null ? {} : {"Content-Type": "application/json"};
    const sent = body === null ? undefined : JSON.stringify(body);
    const answer = await fetch(path, {method, headers, body: sent});
    return [answer.status, await answer.text()];
}"""


def call(page: Page, method: str, path: str, body: object = None) -> Any:
    """Call the JSON API with the page's session, to bring about what a test starts from."""
    if page.url == "about:blank":
        page.goto("/")
    status, text = page.evaluate(_FETCH, [method, path, body])
    assert status < 400, f"{method} {path}: {status} {text[:500]}"
    return json.loads(text) if text else None
