"""Weight, stillness, keyboard, empty and long lists, and what a person meets when something goes wrong."""

import re

import pytest
from playwright.sync_api import Request, expect

from .shopping import press_more, start_empty
from .visitors import DESKTOP, DEVICES, PHONE, Device, Visitors, call

pytestmark = pytest.mark.browser

SHOP = "jincheng"
LIGHTEST = 150 * 1024
STILL = 0.1
_SHIFTS = """
window.shifted = 0;
new PerformanceObserver(list => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifted += entry.value;
}).observe({type: "layout-shift", buffered: true});
"""
_REACHABLE = """() => [...document.querySelectorAll(
    "a[href], button, input:not([type=hidden]), select, textarea, summary")].filter(
    one => one.checkVisibility({visibilityProperty: true}) && !one.disabled && one.tabIndex >= 0).length"""
_FOCUSED = """() => {
    const one = document.activeElement;
    if (!one || one === document.body) return null;
    window.numbers ??= new Map();
    if (!window.numbers.has(one)) window.numbers.set(one, window.numbers.size);
    const drawn = getComputedStyle(one);
    const marked = drawn.outlineStyle !== "none" && drawn.outlineWidth !== "0px";
    return [window.numbers.get(one), marked, one.outerHTML.slice(0, 120)];
}"""


@pytest.mark.parametrize("path", ["/mall/", "/mall/catalogue", "/mall/orders"])
def test_the_first_load_is_light_and_nothing_jumps(visitors: Visitors, path: str) -> None:
    page = visitors.visit(SHOP, "retailer", PHONE)
    page.add_init_script(_SHIFTS)
    sent: list[Request] = []

    def note(request: Request) -> None:
        sent.append(request)

    page.on("requestfinished", note)
    page.goto(path)
    page.wait_for_load_state("networkidle")
    sizes = [request.sizes() for request in sent]
    weight = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
    assert 10_000 < weight < LIGHTEST, [(request.url, request.sizes()) for request in sent]
    assert page.evaluate("window.shifted") < STILL


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_ordering_from_the_list_moves_nothing(visitors: Visitors, device: Device) -> None:
    page = visitors.visit(SHOP, "retailer", device)
    start_empty(page)
    page.goto("/mall/catalogue")
    row = page.locator("#rows > li").nth(1)
    before = row.bounding_box()
    press_more(row)
    expect(page.locator("#cart-bar")).to_be_visible()
    assert row.bounding_box() == before
    start_empty(page)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("retailer", "/mall/"),
        ("retailer", "/mall/orders"),
        ("owner", "/desk/inbox"),
        ("owner", "/desk/orders"),
        ("owner", "/settings/flow"),
        ("owner", "/settings/plugins/mall"),
    ],
)
def test_the_keyboard_reaches_everything(visitors: Visitors, role: str, path: str) -> None:
    page = visitors.visit(SHOP, role, DESKTOP)
    page.goto(path)
    wanted = page.evaluate(_REACHABLE)
    reached: set[int] = set()
    for _ in range(wanted + 10):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        if focused is None or (focused[0] == 0 and len(reached) > 1):
            break
        assert focused[1], f"no mark of the focus on {focused[2]}"
        reached.add(focused[0])
    assert len(reached) >= wanted


def test_a_clerk_works_the_inbox_by_keyboard(visitors: Visitors) -> None:
    page = visitors.visit("gift", "clerk", DESKTOP)
    page.goto("/desk/inbox")
    rows = page.locator("#inbox [data-row]")
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_have_class(re.compile("is-current"))
    page.keyboard.press("k")
    expect(rows.nth(0)).to_have_class(re.compile("is-current"))
    page.keyboard.press("x")
    expect(page.locator("[data-bulk] [data-count]")).to_have_text("1")
    page.keyboard.press("r")
    expect(page.locator("dialog[open] textarea")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("dialog[open]")).to_have_count(0)
    number = rows.nth(0).locator("th a").inner_text()
    page.locator("h1").click()
    page.keyboard.press("a")
    expect(page.locator("#inbox .notice.is-ok")).to_be_visible()
    page.goto(f"/desk/orders?q={number}")
    expect(page.locator("#rows tr")).to_have_count(1)


@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
def test_empty_pages_say_what_will_be_there(visitors: Visitors, device: Device) -> None:
    page = visitors.visit(SHOP, "retailer", device)
    start_empty(page)
    for path in ("/mall/cart", "/mall/orders?state=cancelled", "/mall/catalogue?q=zzzz"):
        page.goto(path)
        expect(page.locator(".empty h2")).to_be_visible()
        expect(page.locator(".empty .button.is-main")).to_be_visible()
    expect(page.locator("#cart-bar")).to_be_hidden()


def test_a_long_list_loads_to_its_end(visitors: Visitors) -> None:
    page = visitors.visit(SHOP, "retailer", PHONE)
    page.goto("/mall/catalogue")
    total = int(re.sub(r"\D", "", page.locator("#categories a .small").first.inner_text()))
    rows = page.locator("#rows > li")
    while (shown := rows.count()) < total:
        page.locator("#pager a").click()
        expect(rows.nth(shown)).to_be_attached()
    expect(page.locator("#pager a")).to_have_count(0)
    codes = page.locator("#rows .product-meta .code").all_inner_texts()
    assert len(codes) == len(set(codes)) == total


def test_a_lost_session_leads_to_sign_in_and_back(visitors: Visitors) -> None:
    person = visitors.demo.person(SHOP, "retailer")
    page = visitors.enter(person, PHONE)
    page.goto("/mall/orders?state=open")
    page.context.clear_cookies(name="headgate_session")
    page.reload()
    expect(page).to_have_url(re.compile("/sign-in"))
    page.fill("[name=login]", person.login)
    page.fill("[name=password]", "wrong")
    page.click("main button:not([type=button])")
    expect(page.locator(".notice.is-stop:visible")).to_be_visible()
    page.fill("[name=password]", person.password)
    page.click("main button:not([type=button])")
    expect(page).to_have_url(re.compile(r"/mall/orders\?state=open$"))


def test_a_session_lost_on_an_open_page_is_told(visitors: Visitors) -> None:
    page = visitors.visit(SHOP, "retailer", PHONE)
    page.goto("/mall/catalogue")
    page.context.clear_cookies(name="headgate_session")
    row = page.locator("#rows > li").first
    row.locator("[data-step='1']").click()
    expect(page.locator(".toast.is-stop")).to_be_visible()
    expect(row.locator("[data-stepper] input")).to_have_value("0")


def test_without_network_the_quantity_goes_back_and_can_be_sent_again(visitors: Visitors) -> None:
    page = visitors.visit(SHOP, "retailer", PHONE)
    start_empty(page)
    page.goto("/mall/catalogue")
    for words in ("net::ERR_FAILED", "htmx:afterRequest", "htmx:sendError"):
        visitors.guard.allow(words)
    page.route("**/mall/cart/lines", lambda route: route.abort())
    row = page.locator("#rows > li").first
    row.locator("[data-step='1']").click()
    toast = page.locator(".toast.is-stop")
    expect(toast).to_be_visible()
    expect(row.locator("[data-stepper] input")).to_have_value("0")
    visitors.keep(page, "390-no-network")
    page.unroute("**/mall/cart/lines")
    toast.locator(".toast-action").click()
    expect(page.locator("#cart-bar")).to_be_visible()
    expect(row.locator("[data-stepper] input")).not_to_have_value("0")
    assert len(call(page, "GET", "/api/v1/mall/cart")["lines"]) == 1
    start_empty(page)
