"""From the first search to the paid-for delivery, on a phone and at a desk, as every person lives it."""

import re

import pytest
from playwright.sync_api import Page, expect

from .shopping import (
    amount_in,
    choose_unit,
    number_of,
    place_order,
    press_more,
    put,
    row_of,
    search,
    start_empty,
    step_now,
    type_quantity,
)
from .visitors import DEVICES, Device, Visitors, sign_in
from .working import (
    agree,
    approve_in_inbox,
    do_step,
    open_order,
    set_minimums,
    switch_plugin,
    switch_step,
    waiting_count,
)

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)]

SHOP = "jincheng"
FINANCE = "trade.finance_approval"


def _unreloaded(page: Page) -> None:
    page.evaluate("window.neverReloaded = true")


def _still_the_same_page(page: Page) -> None:
    assert page.evaluate("window.neverReloaded"), "the page was loaded anew"


def test_a_shop_orders_and_everybody_does_their_part(visitors: Visitors, device: Device) -> None:
    owner = visitors.visit(SHOP, "owner", device)
    set_minimums(owner, "300")

    buyer = visitors.stranger(visitors.demo.person(SHOP, "retailer").url, device)
    sign_in(buyer, visitors.demo.person(SHOP, "retailer"))
    expect(buyer).to_have_url(re.compile(r"/mall/$"))
    start_empty(buyer)

    _find_goods(buyer)
    _fill_the_cart(buyer)
    number, total = _order(buyer)
    visitors.keep(buyer, f"story-{device.name}-placed")
    expect(step_now(buyer)).to_have_text("销售审核")
    _unreloaded(buyer)

    clerk = visitors.visit(SHOP, "clerk", device)
    clerk.goto("/desk/inbox")
    waiting = waiting_count(clerk)
    assert waiting > 0
    approve_in_inbox(clerk, number)
    clerk.goto("/desk/inbox")
    assert waiting_count(clerk) == waiting - 1

    finance = visitors.visit(SHOP, "finance", device)
    open_order(finance, number)
    do_step(finance)
    expect(step_now(buyer)).to_have_text("出库", timeout=12_000)
    _still_the_same_page(buyer)

    warehouse = visitors.visit(SHOP, "warehouse", device)
    open_order(warehouse, number)
    do_step(warehouse)
    do_step(warehouse)

    confirm = buyer.locator("form[action$='/steps/trade.receive'] button")
    expect(confirm).to_be_visible(timeout=12_000)
    _still_the_same_page(buyer)
    confirm.click()
    agree(buyer)
    expect(buyer.locator("#progress header .badge.is-ok")).to_be_visible()
    visitors.keep(buyer, f"story-{device.name}-completed")

    buyer.goto("/mall/account")
    owed = buyer.locator("#entries tr").filter(has_text=number).locator("td.num").first
    assert amount_in(owed) == total
    assert amount_in(buyer.locator(".amount.is-big")) >= total
    visitors.keep(buyer, f"story-{device.name}-account")
    set_minimums(owner, "")


def _find_goods(buyer: Page) -> None:
    buyer.goto("/mall/catalogue")
    first = buyer.locator("#rows > li").first
    expect(first.locator(".is-mine")).to_be_visible()
    assert amount_in(first.locator(".is-mine")) < amount_in(first.locator("s.is-struck"))
    expect(first.locator(".stock")).to_be_visible()
    for words in ("外六角螺栓", "wljls", "LS003", "021040"):
        search(buyer, words)
        expect(row_of(buyer, "LS003")).to_be_visible()
        expect(row_of(buyer, "YQ013")).to_have_count(0)


def _fill_the_cart(buyer: Page) -> None:
    search(buyer, "KG009")
    row = row_of(buyer, "KG009")
    choose_unit(row, "箱")
    press_more(row)
    expect(row.locator("[data-stepper] input")).to_have_value("1")
    choose_unit(row, "个")
    type_quantity(row, "1.5")
    told = row.locator(".error")
    expect(told).to_contain_text("1")
    expect(told.locator("button")).to_have_count(2)
    told.locator("button").last.click()
    expect(row.locator("[data-stepper] input")).to_have_value("2")
    expect(told).to_be_hidden()

    search(buyer, "LS001")
    row = row_of(buyer, "LS001")
    choose_unit(row, "个")
    type_quantity(row, "150")
    expect(row.locator(".error")).to_contain_text("200")
    row.locator(".error button").last.click()
    expect(row.locator("[data-stepper] input")).to_have_value("200")
    expect(buyer.locator("#cart-bar")).to_be_visible()


def _order(buyer: Page) -> tuple[str, object]:
    """Meet the smallest order, order with a double click, and see one order more."""
    put(buyer, "KG009", "箱", "0")
    buyer.goto("/mall/orders")
    before = _latest(buyer)
    buyer.goto("/mall/cart")
    expect(buyer.locator("#order-minimum")).to_be_visible()
    expect(buyer.locator(".cart-bar .button")).to_have_attribute("aria-disabled", "true")
    put(buyer, "KG009", "箱", "1")
    buyer.goto("/mall/cart")
    expect(buyer.locator("#order-minimum")).to_have_count(0)
    line = buyer.locator(".product-list > li").filter(has_text="LS001")
    press_more(line)
    expect(line.locator("[data-stepper] input")).to_have_value("400")
    buyer.click(".cart-bar a[href='/mall/checkout']")
    buyer.fill("[name=note]", "请放门口")
    total = amount_in(buyer.locator(".cart-bar .amount"))
    buyer.dblclick("button[form=checkout]")
    buyer.wait_for_url("**/mall/orders/*")
    address, number = buyer.url, number_of(buyer)
    expect(buyer.get_by_text("请放门口")).to_be_visible()
    buyer.goto("/mall/orders")
    assert _latest(buyer, 1) == before
    buyer.goto(address)
    return number, total


def _latest(page: Page, nth: int = 0) -> str:
    links = page.locator("#orders a")
    return links.nth(nth).inner_text() if links.count() > nth else ""


def test_a_changed_flow_holds_for_new_orders_only(visitors: Visitors, device: Device) -> None:
    owner = visitors.visit(SHOP, "owner", device)
    buyer = visitors.visit(SHOP, "retailer", device, nth=1)
    start_empty(buyer)
    switch_step(owner, FINANCE, on=True)
    put(buyer, "KG009", "箱", "1")
    first = place_order(buyer)
    first_number = number_of(buyer)
    expect(buyer.locator(".timeline")).to_contain_text("财务审核")
    try:
        switch_step(owner, FINANCE, on=False)
        visitors.keep(owner, f"story-{device.name}-flow")
        buyer.click("form[action$='/again'] button")
        buyer.wait_for_url("**/mall/cart?again=*")
        second = place_order(buyer)
        expect(buyer.locator(".timeline")).not_to_contain_text("财务审核")
    finally:
        switch_step(owner, FINANCE, on=True)

    clerk = visitors.visit(SHOP, "clerk", device)
    approve_in_inbox(clerk, first_number)
    finance = visitors.visit(SHOP, "finance", device)
    finance.goto("/desk/inbox")
    row = finance.locator("#inbox [data-row]").filter(has_text=first_number)
    row.get_by_text("退回").first.click()
    finance.fill("dialog[open] textarea", "欠款超期")
    finance.locator("dialog[open] button[value=reject]").click()
    expect(row).to_have_count(0)
    buyer.goto(first)
    expect(buyer.locator("#progress")).to_contain_text("欠款超期")

    buyer.goto(second)
    buyer.locator("[data-open=cancel]").click()
    buyer.fill("dialog[open] textarea", "下错了")
    with buyer.expect_navigation():
        buyer.locator("dialog[open] button:not([type=button])").click()
    expect(buyer.locator("#progress")).to_contain_text("下错了")
    expect(buyer.locator("[data-open=cancel]")).to_have_count(0)


def test_a_plugin_is_switched_off_here_only_and_forgets_nothing(visitors: Visitors, device: Device) -> None:
    owner = visitors.visit(SHOP, "owner", device)
    other = visitors.visit("gift", "owner", device)
    set_minimums(owner, "123")
    menu, page, api = (
        "nav a[href='/desk/order-minimum']",
        "/desk/order-minimum",
        "/api/v1/order-minimum/rules",
    )
    other.goto("/desk/orders")
    expect(owner.locator(menu)).to_have_count(1)
    try:
        switch_plugin(owner, "order-minimum", on=False)
        expect(owner.locator(menu)).to_have_count(0)
        assert [_status(owner, page), _status(owner, api)] == [404, 404]
        assert [_status(other, page), _status(other, api)] == [200, 200]
        other.reload()
        expect(other.locator(menu)).to_have_count(1)
    finally:
        switch_plugin(owner, "order-minimum", on=True)
    owner.goto(page)
    for field in owner.locator("main input[name^='amount.']").all():
        assert float(field.input_value()) == 123
    set_minimums(owner, "")


def _status(page: Page, path: str) -> int:
    return int(page.evaluate("path => fetch(path).then(answer => answer.status)", path))


def test_an_english_shop_orders_again(visitors: Visitors, device: Device) -> None:
    buyer = visitors.visit("gift", "retailer", device)
    start_empty(buyer)
    buyer.goto("/mall/")
    expect(buyer.locator("html")).to_have_attribute("lang", "en")
    search_words = buyer.locator("#rows .product-name").first.inner_text()
    buyer.goto("/mall/catalogue")
    rows = search(buyer, search_words)
    expect(rows.first).to_contain_text(search_words)
    press_more(rows.first)
    address = place_order(buyer)
    expect(step_now(buyer)).to_have_text("Sales approval")
    number = number_of(buyer)
    clerk = visitors.visit("gift", "clerk", device)
    open_order(clerk, number)
    clerk.locator("[data-open^=reject]").click()
    clerk.fill("dialog[open] textarea", "We stopped this colour")
    with clerk.expect_navigation():
        clerk.locator("dialog[open] button[value=reject]").click()
    buyer.goto(address)
    expect(buyer.locator("#progress")).to_contain_text("We stopped this colour")
    buyer.click("form[action$='/again'] button")
    buyer.wait_for_url("**/mall/cart?again=*")
    expect(buyer.locator(".product-list > li")).to_have_count(1)
    start_empty(buyer)


def test_language_and_look_are_kept(visitors: Visitors, device: Device) -> None:
    person = visitors.demo.person(SHOP, "retailer")
    page = visitors.stranger(person.url, device)
    sign_in(page, person)
    page.goto("/mall/")
    menu = page.locator(".app-bar details.menu")
    menu.locator("summary").click()
    menu.locator("[data-prefer='text:large']").click()
    menu.locator("[data-prefer='theme:dark']").click()
    with page.expect_navigation():
        menu.locator("button[value=en]").click()
    page.reload()
    for name, value in (("lang", "en"), ("data-text", "large"), ("data-theme", "dark")):
        expect(page.locator("html")).to_have_attribute(name, value)
    expect(page.locator("nav").filter(visible=True).first).to_contain_text("Orders")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    visitors.keep(page, f"story-{device.name}-large-dark-en")
    menu.locator("summary").click()
    menu.locator("button[value=zh_CN]").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
    menu.locator("summary").click()
    menu.locator("form[action='/sign-out'] button").click()
    expect(page).to_have_url(re.compile("/sign-in"))
    page.goto("/mall/orders")
    expect(page).to_have_url(re.compile("/sign-in"))
