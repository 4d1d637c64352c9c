"""What a buyer does in the mall, said once for all stories."""

import re
from decimal import Decimal

from playwright.sync_api import Locator, Page, expect

from .visitors import call


def start_empty(page: Page) -> None:
    """Take out of the cart what an earlier story left in it."""
    for line in call(page, "GET", "/api/v1/mall/cart")["lines"]:
        call(
            page,
            "PUT",
            "/api/v1/mall/cart/lines",
            {"sku_id": line["sku_id"], "unit": line["unit"], "quantity": "0"},
        )


def search(page: Page, words: str) -> Locator:
    """Type into the catalogue's search box and give the rows, once they are those of the answer."""
    with page.expect_response(lambda answer: "/mall/catalogue?" in answer.url and "q=" in answer.url):
        page.locator("main input[type=search]").fill(words)
    rows = page.locator("#rows > li")
    expect(page).to_have_url(re.compile(r"q="))
    return rows


def row_of(page: Page, code: str) -> Locator:
    """Give the row of a code."""
    return page.locator("#rows > li").filter(has=page.locator(".product-meta .code", has_text=code))


def choose_unit(row: Locator, unit: str) -> None:
    """Press the button of a unit."""
    chip = row.locator(".chip").get_by_text(unit, exact=True)
    chip.click()
    expect(row.locator(".chip[aria-current]")).to_have_text(unit)


def press_more(row: Locator, times: int = 1) -> None:
    """Press the plus of a row's stepper; its quantity is in the cart afterwards."""
    with row.page.expect_response(lambda answer: answer.url.endswith("/mall/cart/lines")):
        for _ in range(times):
            row.locator("[data-step='1']").click()


def type_quantity(row: Locator, quantity: str) -> None:
    """Type a quantity and leave the field."""
    with row.page.expect_response(lambda answer: answer.url.endswith("/mall/cart/lines")):
        row.locator("[data-stepper] input").fill(quantity)
        row.locator("[data-stepper] input").press("Tab")


def put(page: Page, code: str, unit: str, quantity: str) -> None:
    """Put goods into the cart without clicking through the catalogue."""
    found = call(page, "GET", f"/api/v1/mall/catalogue?q={code}")["items"]
    sku = next(one for one in found if one["code"] == code)
    call(page, "PUT", "/api/v1/mall/cart/lines", {"sku_id": sku["id"], "unit": unit, "quantity": quantity})


def place_order(page: Page) -> str:
    """Go from the cart through the checkout and give the order's address."""
    page.goto("/mall/cart")
    page.click(".cart-bar a[href='/mall/checkout']")
    page.click("button[form=checkout]")
    page.wait_for_url("**/mall/orders/*")
    return page.url


def number_of(page: Page) -> str:
    """Give the number of the order whose page is open."""
    return page.locator("h1").inner_text().split()[0]


def amount_in(locator: Locator) -> Decimal:
    """Read an amount of money."""
    return Decimal(re.sub(r"[^\d.\-]", "", locator.inner_text()))


def step_now(page: Page) -> Locator:
    """Give the step of an order's timeline that is open."""
    return page.locator(".timeline .is-now b")
