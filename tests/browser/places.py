"""Every page of the product, with who may see it and how one gets there."""

import msgspec
from playwright.sync_api import Page


class Place(msgspec.Struct, frozen=True):
    """A page.

    Args:
        name: for its pictures.
        path: its address; for a page about one thing, the list to find it in.
        link: selector of a link in that list.
        status: what the server answers.
    """

    name: str
    path: str
    link: str = ""
    status: int = 200

    def go(self, page: Page) -> None:
        """Open it."""
        path = self.path
        if self.link:
            page.goto(path)
            path = page.locator(self.link).first.get_attribute("href") or ""
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == self.status, f"{path}: {answer.status}"
        page.wait_for_function("document.readyState === 'complete' && document.fonts.status === 'loaded'")


STRANGER = (Place("sign-in", "/sign-in"), Place("nowhere", "/nowhere", status=404))
BUYER = (
    Place("mall-home", "/mall/"),
    Place("mall-catalogue", "/mall/catalogue"),
    Place("mall-category", "/mall/", ".shortcut"),
    Place("mall-search", "/mall/catalogue?q=20"),
    Place("mall-search-empty", "/mall/catalogue?q=zzzz"),
    Place("mall-sku", "/mall/catalogue", "a.product-name"),
    Place("mall-cart", "/mall/cart"),
    Place("mall-checkout", "/mall/checkout"),
    Place("mall-orders", "/mall/orders"),
    Place("mall-orders-cancelled", "/mall/orders?state=cancelled"),
    Place("mall-order", "/mall/orders", "#orders a"),
    Place("mall-account", "/mall/account"),
    Place("mall-company", "/mall/company"),
    Place("forbidden", "/desk/orders", status=403),
)
OWNER = (
    Place("desk-inbox", "/desk/inbox"),
    Place("desk-orders", "/desk/orders"),
    Place("desk-orders-empty", "/desk/orders?q=zzzz"),
    Place("desk-order", "/desk/orders?status=open", "#rows a"),
    Place("desk-products", "/desk/products"),
    Place("desk-product", "/desk/products", "#rows a"),
    Place("desk-product-new", "/desk/products/new"),
    Place("desk-attributes", "/desk/attributes"),
    Place("desk-prices", "/desk/prices"),
    Place("desk-price-list", "/desk/prices", "main tbody a"),
    Place("desk-stock", "/desk/stock"),
    Place("desk-stock-sku", "/desk/stock", "#rows a"),
    Place("desk-customers", "/desk/customers"),
    Place("desk-customer", "/desk/customers?q=JC001", "#rows a"),
    Place("desk-customer-new", "/desk/customers/new"),
    Place("desk-accounts", "/desk/accounts"),
    Place("desk-account", "/desk/accounts", "#rows a"),
    Place("desk-imports", "/desk/imports"),
    Place("desk-order-minimum", "/desk/order-minimum"),
    Place("desk-mall", "/mall/", status=403),
    Place("settings-flow", "/settings/flow"),
    Place("settings-plugins", "/settings/plugins"),
    Place("settings-plugin", "/settings/plugins/order-minimum"),
    Place("settings-plugin-settings", "/settings/plugins/trade/settings"),
    Place("settings-plan", "/settings/plan"),
    Place("settings-audit", "/settings/audit"),
    Place("settings-audit-nothing", "/settings/audit?q=nowhere"),
    Place("settings-audit-refused", "/settings/audit?since=yesterday", status=422),
    Place("settings-people", "/settings/people"),
    Place("settings-people-empty", "/settings/people?view=ended"),
    Place("settings-people-customers", "/settings/people?view=customers"),
    Place("settings-person", "/settings/people", "#rows a"),
    Place("settings-person-customer", "/settings/people?view=customers", "#rows a"),
    Place("settings-person-invite", "/settings/people/invite"),
    Place("settings-roles", "/settings/roles"),
    Place("settings-role", "/settings/roles", "main tbody a"),
    Place("settings-role-new", "/settings/roles/new"),
    Place("settings-tokens", "/settings/tokens"),
    Place("settings-token-new", "/settings/tokens/new"),
    Place("switch", "/switch"),
    Place("settings-checklist", "/settings/checklist"),
    Place("settings-logo", "/settings/logo"),
    Place("settings-support", "/settings/support"),
    Place("kit", "/_kit"),
)
OPERATOR = (
    Place("console", "/console/"),
    Place("console-nothing", "/console/?q=zzzz"),
    Place("console-new", "/console/new"),
    Place("console-plans", "/console/plans"),
    Place("console-plan", "/console/plans/jincheng?plan=standard"),
    Place("console-audit", "/console/audit"),
    Place("console-tenant", "/console/tenants/jincheng"),
    Place("console-help", "/console/tenants/jincheng/help"),
)
