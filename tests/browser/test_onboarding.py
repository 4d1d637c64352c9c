"""A new distributor, from the operator's form to its owner's first steps, and an operator who helps there."""

import io
import re
import secrets

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from .demo import Person
from .visitors import DEVICES, Device, Visitors
from .working import switch_plugin

pytestmark = pytest.mark.browser

PASSWORD = "seven quiet otters swim"


@pytest.fixture(params=DEVICES, ids=lambda device: device.name)
def device(request: pytest.FixtureRequest) -> Device:
    found: Device = request.param
    return found


def test_from_the_form_to_the_first_steps_and_help(visitors: Visitors, device: Device) -> None:
    boss = next(one for one in visitors.demo.people if one.role == "operator")
    console = visitors.enter(boss, device)
    slug = f"b{secrets.token_hex(4)}"
    link = _set_up(visitors, device, console, slug)

    owner = visitors.stranger(re.sub(r"(https?://[^/]+).*", r"\1", link), device)
    owner.goto(link)
    owner.fill("[name=password]", PASSWORD)
    with owner.expect_navigation():
        owner.click("main button:not([type=button])")
    expect(owner).to_have_url(re.compile("/settings/checklist"))
    visitors.keep(owner, f"onboarding-{device.name}-checklist")
    _first_steps(owner, device)
    switch_plugin(owner, "order-minimum", on=False)

    _help(visitors, device, console, boss, owner, slug)


def _set_up(visitors: Visitors, device: Device, console: Page, slug: str) -> str:
    """Fill in the form, wrong at first; give the link of the owner's invitation."""
    console.goto("/console/")
    console.click("a[href='/console/new']")
    console.locator(".choice-card", has_text="锦城五金批发").click()
    console.fill("[name=name]", "东湖五金")
    console.fill("[name=slug]", "jincheng")
    expect(console.locator("#slug-told.error")).to_be_visible()
    console.fill("[name=slug]", slug)
    expect(console.locator("#slug-told.help")).to_contain_text(slug)
    console.fill("[name=owner_name]", "陈东湖")
    console.fill("[name=owner_login]", "not a login")
    console.click("main form button.is-main")
    expect(console.locator("#e-owner_login")).to_be_visible()
    expect(console.locator("[name=name]")).to_have_value("东湖五金")
    visitors.keep(console, f"onboarding-{device.name}-wrong")
    console.fill("[name=owner_login]", f"chen@{slug}.example")
    console.click("main form button.is-main")
    expect(console.locator("h1")).to_contain_text("东湖五金")
    link = console.locator("[data-copy-from]").input_value()
    expect(console.locator("#sample .notice.is-ok")).to_be_visible(timeout=60_000)
    visitors.keep(console, f"onboarding-{device.name}-tenant")
    assert f"//{slug}." in link
    return link


def _first_steps(owner: Page, device: Device) -> None:
    """The sample has done the trade's part; the logo is next, and ticked off by being there."""
    following = owner.locator(".steps .is-next")
    expect(following.locator("h2")).to_have_text("放上标志")
    done = owner.locator(".steps .is-done").count()
    following.locator("a").click()
    expect(owner).to_have_url(re.compile("/settings/logo"))
    owner.set_input_files("[name=logo]", {"name": "logo.png", "mimeType": "image/png", "buffer": _logo()})
    with owner.expect_navigation():
        owner.click("main form button.is-main")
    expect(owner.locator(".app-bar img.logo")).to_be_visible()
    owner.goto("/")
    expect(owner).to_have_url(re.compile("/settings/checklist"))
    expect(owner.locator(".steps .is-done")).to_have_count(done + 1)


def _logo() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (240, 80), "#0b6e4f").save(picture, "PNG")
    return picture.getvalue()


def _help(visitors: Visitors, device: Device, console: Page, boss: Person, owner: Page, slug: str) -> None:
    """The operator helps in the owner's place, under a banner, and not beyond what is open to them."""
    console.goto(f"/console/tenants/{slug}/help")
    if "/account/confirm" in console.url:
        console.fill("[name=password]", boss.password)
        console.click("main button:not([type=button])")
    console.fill("[name=reason]", "价目表打印不出来")
    with console.expect_navigation():
        console.click("main form button.is-main")
    banner = console.locator(".help-banner")
    expect(banner).to_contain_text("陈东湖")
    assert f"//{slug}." in console.url
    orders = re.sub(r"(https?://[^/]+).*", r"\1/desk/orders", console.url)
    console.goto(orders)
    expect(banner).to_be_visible()
    visitors.keep(console, f"onboarding-{device.name}-help")
    assert console.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for closed in ("/settings/support", "/account/password", "/settings/tokens"):
        status = console.evaluate("path => fetch(path).then(answer => answer.status)", closed)
        assert status == 403, closed
    owner.goto("/settings/support")
    expect(owner.locator("table")).to_contain_text("价目表打印不出来")
    visitors.keep(owner, f"onboarding-{device.name}-support")
    banner.locator("button").click()
    expect(console.locator("h1")).to_contain_text("不再代替")
    console.goto(orders)
    expect(console).to_have_url(re.compile("/sign-in"))
