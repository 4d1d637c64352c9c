"""An owner sets an identity provider up, and staff come through it: in Chromium, and with Canaille."""

import pytest
from playwright.sync_api import Page, expect

from tests.oidc.canaille import PASSWORD, SECRET
from tests.oidc.conftest import canaille, installed  # noqa: F401 (fixtures)

from .visitors import DESKTOP, PHONE

pytestmark = pytest.mark.browser
TENANT = "jincheng"
CLIENT = "jincheng"


@pytest.fixture
def known(visitors, canaille):  # noqa: F811
    """The clerk is known to the provider by the address with which they sign in here."""
    clerk = visitors.demo.person(TENANT, "clerk")
    canaille.add(CLIENT, f"{clerk.url.rstrip('/')}/sign-in/sso/callback", {"xiaowen": clerk.login})
    return clerk


def sign_in_there(page: Page) -> None:
    page.fill("[name=login]", "xiaowen")
    page.locator("form:has([name=login]) [type=submit]").first.click()
    page.fill("[name=password]", PASSWORD)
    page.locator("form:has([name=password]) [type=submit]").first.click()
    page.locator("[name=answer][value=accept]").click()


def test_an_owner_sets_a_provider_up_and_the_clerk_comes_through_it(visitors, known, canaille):  # noqa: F811
    visitors.guard.allow("Applying inline style")  # of the provider's own pages
    owner = visitors.visit(TENANT, "owner", DESKTOP, locale="en")
    owner.goto("/settings/sso")
    if "/account/confirm" in owner.url:
        owner.fill("[name=password]", visitors.demo.person(TENANT, "owner").password)
        owner.locator("main form:has([name=password]) button").first.click()
    owner.select_option("[name=sso]", "offered")
    for name, value in (
        ("name", "Canaille"), ("issuer", canaille.issuer), ("client_id", CLIENT), ("client_secret", SECRET),
    ):  # fmt: skip
        owner.fill(f"[name={name}]", value)
    owner.get_by_role("button", name="Test the connection").click()
    expect(owner.locator("#findings .notice.is-ok")).to_have_count(3)
    visitors.keep(owner, "sso-tested")
    assert SECRET not in owner.content()
    owner.fill("[name=client_secret]", SECRET)
    owner.locator("form:has([name=issuer])").get_by_role("button", name="Save").click()
    expect(owner.locator(".notice.is-ok")).to_be_visible()

    page = visitors.stranger(known.url, PHONE, locale="en")
    page.goto("/sign-in?next=/account/sessions")
    visitors.keep(page, "sign-in-with-provider")
    page.get_by_role("link", name="Sign in with Canaille").click()
    sign_in_there(page)
    page.wait_for_url("**/account/sessions")
    expect(page.locator(".app-bar details.menu summary")).to_contain_text(known.name)
    expect(page.locator("main")).to_contain_text("Company sign-in")

    owner.goto("/settings/sso")
    expect(owner.locator("table")).to_contain_text(known.login)
    visitors.keep(owner, "sso-connected")
    owner.select_option("[name=sso]", "required")
    owner.locator("form:has([name=issuer])").get_by_role("button", name="Save").click()
    expect(owner.locator(".notice.is-ok")).to_be_visible()

    page = visitors.stranger(known.url, PHONE, locale="en")
    page.goto("/sign-in")
    page.fill("[name=login]", known.login)
    page.fill("[name=password]", known.password)
    page.locator("form:has([name=password]) button").first.click()
    expect(page.locator(".notice.is-stop").first).to_contain_text("Canaille is where staff sign in here")
    visitors.keep(page, "sso-required")

    owner.goto("/settings/sso")
    owner.select_option("[name=sso]", "off")
    owner.locator("form:has([name=issuer])").get_by_role("button", name="Save").click()
    expect(owner.locator(".notice.is-ok")).to_be_visible()
