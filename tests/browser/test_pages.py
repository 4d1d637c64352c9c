"""Every page at two widths, in both languages, light and dark: a picture, and what must hold of it."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from .places import BUYER, OPERATOR, OWNER, STRANGER, Place
from .shopping import put, start_empty
from .visitors import DESKTOP, DEVICES, PHONE, Device, Visitors

pytestmark = pytest.mark.browser

GRAVE = {"serious", "critical"}
AXE = Axe()
STANDARD = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
COLOURS = ["color-contrast", "link-in-text-block"]
CHECKED = {(PHONE.name, "zh_CN"), (DESKTOP.name, "en")}
"""Where axe looks: it sees structure and colours, which the other language and width share."""


@pytest.mark.parametrize("locale", ["zh_CN", "en"])
@pytest.mark.parametrize("device", DEVICES, ids=lambda device: device.name)
@pytest.mark.parametrize("who", ["stranger", "buyer", "owner", "operator"])
def test_pages(visitors: Visitors, who: str, device: Device, locale: str) -> None:
    page, places = _visitor(visitors, who, device, locale)
    wrong: list[str] = []
    for place in places:
        place.go(page)
        wrong += _overflow(page, place)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            visitors.keep(page, f"{device.name}-{locale}-{scheme}-{place.name}")
            if (device.name, locale) in CHECKED:
                wrong += _grave(page, f"{place.name} ({scheme})", colours_only=scheme == "dark")
        page.emulate_media(color_scheme="light")
    assert not wrong, "\n".join(wrong)


def _visitor(visitors: Visitors, who: str, device: Device, locale: str) -> tuple[Page, tuple[Place, ...]]:
    demo = visitors.demo
    if who == "stranger":
        return visitors.stranger(demo.person("jincheng", "owner").url, device, locale=locale), STRANGER
    if who == "operator":
        operator = next(person for person in demo.people if person.role == "operator")
        return visitors.enter(operator, device, locale=locale), OPERATOR
    if who == "owner":
        return visitors.visit("jincheng", "owner", device, locale=locale), OWNER
    page = visitors.visit("jincheng", "retailer", device, locale=locale)
    start_empty(page)
    put(page, "LS001", "个", "400")
    put(page, "KG009", "箱", "2")
    put(page, "DX003", "卷", "12")
    return page, BUYER


def _overflow(page: Page, place: Place) -> list[str]:
    wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{place.name}: {wide} px too wide"] if wide > 0 else []


def _grave(page: Page, where: str, *, colours_only: bool) -> list[str]:
    rules = {"type": "rule", "values": COLOURS} if colours_only else {"type": "tag", "values": STANDARD}
    found = AXE.run(page, options={"resultTypes": ["violations"], "runOnly": rules})
    return [
        f"{where}: {violation['id']}, {violation['help']}: {violation['nodes'][0]['html'][:200]}"
        for violation in found.response["violations"]
        if violation["impact"] in GRAVE
    ]
