"""Passkeys in Chromium, with the authenticator that it brings for tests."""

import re

import pytest
from playwright.sync_api import Page, expect

from .visitors import DESKTOP, PHONE

pytestmark = pytest.mark.browser
TENANT = "jincheng"
LIST = re.compile(r"^[^?]+/account/passkeys$")


class Device:
    """A device with a place for passkeys, as the browser of a page sees it."""

    def __init__(self, page: Page, *, recognises_owner: bool = True) -> None:
        self._session = page.context.new_cdp_session(page)
        self._session.send("WebAuthn.enable")
        made = self._session.send(
            "WebAuthn.addVirtualAuthenticator",
            {"options": {
                "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
                "hasUserVerification": True, "isUserVerified": recognises_owner,
                "automaticPresenceSimulation": True,
            }},
        )  # fmt: skip
        self._id = made["authenticatorId"]

    def credentials(self) -> list[dict]:
        return self._session.send("WebAuthn.getCredentials", {"authenticatorId": self._id})["credentials"]

    def take(self, credential: dict, **changes) -> None:
        """Put a passkey of another device into this one, as somebody would who copies it."""
        self._session.send(
            "WebAuthn.addCredential", {"authenticatorId": self._id, "credential": credential | changes}
        )


def make(page: Page, name: str) -> None:
    page.goto("/account/passkeys")
    page.fill("form[data-passkey=make] [name=name]", name)
    page.click("form[data-passkey=make] button")
    expect(page.locator(".notice.is-ok")).to_be_visible()
    expect(page.locator("table")).to_contain_text(name)


def remove_all(page: Page) -> None:
    page.goto("/account/passkeys")
    while page.locator("form[action$='/remove']").count():
        page.locator("form[action$='/remove'] button").first.click()
        page.click("#confirm button[value=yes]")
        page.wait_for_url("**done=removed")
        page.goto("/account/passkeys")


@pytest.mark.parametrize("screen", [PHONE, DESKTOP], ids=lambda screen: screen.name)
def test_a_passkey_is_made_and_signs_its_owner_in(visitors, screen):
    person = visitors.demo.person(TENANT, "warehouse")
    page = visitors.enter(person, screen, locale="en")
    device = Device(page)
    make(page, f"Scanner {screen.name}")
    [made] = device.credentials()
    assert made["rpId"] == f"{TENANT}.localhost"
    assert made["isResidentCredential"]
    visitors.keep(page, f"passkeys-{screen.name}")
    before = made["signCount"]
    page.context.clear_cookies(name=re.compile("session"))
    page.goto("/sign-in?next=/account/passkeys")
    # the browser offers the passkey beside the field, and the device needs no finger here
    page.wait_for_url(LIST)
    expect(page.locator(".app-bar details.menu summary")).to_contain_text(person.name)
    assert device.credentials()[0]["signCount"] > before
    remove_all(page)


def test_the_button_asks_the_device(visitors):
    person = visitors.demo.person(TENANT, "warehouse")
    page = visitors.enter(person, PHONE, locale="en")
    device = Device(page)
    make(page, "Phone")
    # without the offer beside the field, as in browsers that do not know it
    page.context.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")
    page.context.clear_cookies(name=re.compile("session"))
    page.goto("/sign-in?next=/account/passkeys")
    visitors.keep(page, "sign-in-ways")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(LIST)
    page.goto("/account/confirm?next=/account/passkeys")
    page.get_by_role("button", name="Confirm with a passkey").click()
    page.wait_for_url(LIST)
    assert len(device.credentials()) == 1
    remove_all(page)


def test_a_device_that_has_one_is_told_so(visitors):
    page = visitors.enter(visitors.demo.person(TENANT, "warehouse"), DESKTOP, locale="en")
    Device(page)
    make(page, "Laptop")
    page.click("form[data-passkey=make] button")
    expect(page.locator("form[data-passkey=make] [data-passkey-problem]")).to_have_text(
        "This device has a passkey here already."
    )
    remove_all(page)


def test_a_device_that_does_not_recognise_its_owner_makes_none(visitors):
    page = visitors.enter(visitors.demo.person(TENANT, "warehouse"), DESKTOP, locale="en")
    device = Device(page, recognises_owner=False)
    page.goto("/account/passkeys")
    page.click("form[data-passkey=make] button")
    expect(page.locator("form[data-passkey=make] [data-passkey-problem]")).to_contain_text(
        "Nothing was chosen"
    )
    assert device.credentials() == []


def test_a_passkey_that_was_copied_is_closed(visitors):
    person = visitors.demo.person(TENANT, "warehouse")
    page = visitors.enter(person, DESKTOP, locale="en")
    device = Device(page)
    make(page, "Tablet")
    copy = device.credentials()[0] | {"signCount": 1}
    page.context.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")
    for _ in range(3):  # the owner goes on using it
        page.goto("/account/confirm?next=/account/passkeys")
        page.get_by_role("button", name="Confirm with a passkey").click()
        page.wait_for_url(LIST)
    thief = visitors.stranger(person.url, PHONE, locale="en")
    thief.context.add_init_script("delete PublicKeyCredential.isConditionalMediationAvailable")
    thief.goto("/sign-in")
    Device(thief).take(copy)
    thief.get_by_role("button", name="Sign in with a passkey").click()
    expect(thief.locator(".notice.is-stop").first).to_contain_text("there is a copy of it")
    visitors.keep(thief, "passkey-copied")
    page.goto("/account/passkeys")
    expect(page.locator("table")).to_contain_text("Closed: there is a copy")
    visitors.keep(page, "passkey-closed")
    remove_all(page)


def test_without_scripts_the_other_ways_stay(visitors):
    page = visitors.stranger(
        visitors.demo.person(TENANT, "warehouse").url, PHONE, locale="en", java_script_enabled=False
    )
    page.goto("/sign-in")
    expect(page.get_by_role("button", name="Sign in with a passkey")).to_be_hidden()
    expect(page.get_by_role("link", name="Code to my phone")).to_be_visible()
