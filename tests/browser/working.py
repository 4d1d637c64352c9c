"""What the staff does at the desk, said once for all stories."""

from playwright.sync_api import Page, expect


def waiting_count(page: Page) -> int:
    """Read the number beside the inbox in the menu; no number is none."""
    text = page.locator("[data-badge='/desk/inbox']").first.text_content() or ""
    return int(text.strip().rstrip("+") or 0)


def approve_in_inbox(page: Page, number: str) -> None:
    """Find an order in the inbox and approve it there."""
    page.goto("/desk/inbox")
    row = page.locator("#inbox [data-row]").filter(has_text=number)
    row.locator("button[name=decision][value=done]").click()
    expect(page.locator("#inbox .notice.is-ok")).to_be_visible()
    expect(row).to_have_count(0)


def open_order(page: Page, number: str) -> None:
    """Find an order by its number and open it."""
    page.goto(f"/desk/orders?q={number}")
    page.locator("#rows a", has_text=number).click()
    expect(page.locator("h1")).to_contain_text(number)


def do_step(page: Page) -> None:
    """Press the button of the order's open step."""
    with page.expect_navigation():
        page.locator("form[action$='/step'] button[name=decision][value=done]").first.click()


def agree(page: Page) -> None:
    """Answer the page's own question with yes."""
    page.locator("#confirm button[value=yes]").click()


def switch_step(page: Page, step: str, *, on: bool) -> None:
    """Switch a step of the order flow and publish."""
    page.goto("/settings/flow")
    box = page.locator(f"input[name=steps][value='{step}']")
    if box.is_checked() == on:
        return
    box.set_checked(on)
    expect(page.locator(".publish-bar")).to_be_visible()
    expect(page.locator("#flow .strip")).to_be_visible()
    with page.expect_navigation():
        page.locator(".publish-bar button").click()
    expect(page.locator(".publish-bar")).to_have_count(0)


def set_minimums(page: Page, amount: str) -> None:
    """Set the smallest order of every group; an empty amount takes the rules away."""
    page.goto("/desk/order-minimum")
    for field in page.locator("main input[name^='amount.']").all():
        field.fill(amount)
    page.locator("main form button").click()
    expect(page.locator(".notice.is-ok")).to_be_visible()


def switch_plugin(page: Page, plugin: str, *, on: bool) -> None:
    """Open a plugin from its card, read what it changes, and switch it."""
    page.goto("/settings/plugins")
    page.locator(f"#plugin-{plugin} .switch-link").click()
    expect(page.locator("main .panel-body").first).to_contain_text(f"/api/v1/{plugin}")
    with page.expect_navigation():
        page.locator(f"form[action='/settings/plugins/{plugin}'] button").click()
        if not on:
            agree(page)
    page.goto("/settings/plugins")
    expect(page.locator(f"#plugin-{plugin} .switch-link")).to_have_attribute("aria-checked", str(on).lower())
