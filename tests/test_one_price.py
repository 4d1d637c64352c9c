"""One price everywhere: list, detail, cart, checkout, order and API show what the resolver says.

Random terms of a customer (base price, level, group's list, fixed and tracked prices by unit), then every
face that shows a price of it, as pages and as JSON.
"""

import re
from datetime import UTC, datetime
from decimal import Decimal
from html.parser import HTMLParser
from uuid import uuid4

import msgspec
import pytest
from headgate_trade.api import PriceRequest, SkuInput, UnitInput, list_skus, resolve_prices, save_skus
from headgate_trade.price_changes import (
    CustomerPrice,
    PriceListItem,
    TrackedPrice,
    import_tracked,
    set_customer_price,
    set_price_list_items,
)
from headgate_trade.terms import save_customer_group, save_price_level
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

PRICES = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(9999), places=2) | st.decimals(
    min_value=Decimal("0.000001"), max_value=Decimal(99), places=6
)
MAYBE = st.none() | PRICES
UNITS = st.sampled_from([(1, 1), (12, 1), (200, 1), (3, 2), (1, 3), (7, 5)])
DIGITS = re.compile(r"[0-9][0-9,]*(?:\.[0-9]+)?")


class Terms(msgspec.Struct, frozen=True):
    """What a distributor has agreed with a customer about one SKU; prices by unit, or None."""

    base: Decimal
    num: int
    den: int
    discount: Decimal
    listed: dict[str, Decimal | None]
    fixed: dict[str, Decimal | None]
    tracked: dict[str, Decimal | None]


@st.composite
def terms(draw):
    num, den = draw(UNITS)
    by_unit = st.fixed_dictionaries({"pc": MAYBE, "pack": MAYBE})
    discount = draw(st.decimals(min_value=0, max_value=Decimal("99.5"), places=1))
    return Terms(draw(PRICES), num, den, discount, draw(by_unit), draw(by_unit), draw(by_unit))


class _Shown(HTMLParser):
    """Collects the texts of elements of one class."""

    def __init__(self, wanted: str) -> None:
        super().__init__()
        self._wanted = wanted
        self._depth = 0
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        if self._depth:
            self._depth += tag not in {"img", "input", "br", "use"}
        elif self._wanted in (dict(attrs).get("class") or ""):
            self._depth = 1
            self.texts.append("")

    def handle_endtag(self, tag):
        if self._depth:
            self._depth -= 1

    def handle_data(self, data):
        if self._depth:
            self.texts[-1] += data


def prices_in(markup: str, wanted: str) -> list[Decimal]:
    """Give the first number in each element of a class."""
    reader = _Shown(wanted)
    reader.feed(markup)
    return [Decimal(DIGITS.search(text)[0].replace(",", "")) for text in reader.texts]


def row_of(markup: str, sku_id: str) -> str:
    """Cut a SKU's row out of a shelf."""
    return markup.partition(f'id="p-{sku_id}"')[2].partition("</li>")[0]


async def agree(kernel, shop, agreed: Terms) -> str:
    """Make a SKU and put the terms into force; gives its id."""
    code = uuid4().hex[:12]
    async with kernel.context(shop.tenant) as ctx:
        await save_skus(
            ctx,
            [
                SkuInput(
                    code=code, name=f"Thing {code}", category="Things", base_unit="pc",
                    base_price=agreed.base,
                    stocked=False, units=(UnitInput("pack", agreed.num, agreed.den),),
                )
            ],
        )  # fmt: skip
        sku = next(one for one in (await list_skus(ctx, limit=200)).items if one.code == code)
        level = await save_price_level(ctx, "silver", "Silver", agreed.discount)
        await save_customer_group(ctx, "retail", "Retail", shop.price_list)
        await ctx.db.execute(
            "UPDATE trade_customer SET level_id = $3 WHERE tenant_id = $1 AND id = $2",
            ctx.tenant.id, shop.customers["first"], level,
        )  # fmt: skip
        first, now = shop.customers["first"], datetime(2026, 1, 1, tzinfo=UTC)
        await set_price_list_items(
            ctx, [PriceListItem(shop.price_list, sku.id, u, p) for u, p in _given(agreed.listed)]
        )
        await set_customer_price(ctx, [CustomerPrice(first, sku.id, u, p) for u, p in _given(agreed.fixed)])
        await import_tracked(ctx, [TrackedPrice(first, sku.id, u, p, now) for u, p in _given(agreed.tracked)])
    return str(sku.id)


def _given(by_unit: dict[str, Decimal | None]) -> list[tuple[str, Decimal]]:
    return [(unit, price) for unit, price in by_unit.items() if price is not None]


async def everywhere(shop, people, sku_id: str, unit: str, quantity: str) -> dict[str, Decimal]:
    """Ask every face for the price of one SKU in one unit; the order is placed at the end."""
    buyer, clerk = people["buyer"], people["clerk"]
    code = (await clerk.get(f"/api/v1/skus/{sku_id}")).json()["code"]
    seen: dict[str, Decimal] = {}
    shelf = (await buyer.get("/api/v1/mall/catalogue", params={"q": code})).json()["items"][0]
    seen["API list"] = next(Decimal(u["price"]) for u in shelf["units"] if u["unit"] == unit)
    detail = (await buyer.get(f"/api/v1/mall/skus/{sku_id}")).json()["sku"]
    seen["API detail"] = next(Decimal(u["price"]) for u in detail["units"] if u["unit"] == unit)
    listed = (await buyer.get("/mall/catalogue", params={"q": code})).text
    if unit == "pc":
        seen["page list"] = prices_in(row_of(listed, sku_id), "is-mine")[0]
    row = (await buyer.get(f"/mall/sku/{sku_id}/row", params={"unit": unit})).text
    seen["page row"] = prices_in(row, "is-mine")[0]
    page = (await buyer.get(f"/mall/sku/{sku_id}", params={"unit": unit})).text
    seen["page detail"] = prices_in(row_of(page, sku_id), "is-mine")[0]
    asked = {"customer_id": str(shop.customers["first"]), "lines": [{"sku_id": sku_id, "unit": unit}]}
    seen["staff's question"] = Decimal((await clerk.post("/api/v1/prices", json=asked)).json()[0]["price"])
    await buyer.post("/mall/cart/clear")
    line = {"sku_id": sku_id, "unit": unit, "quantity": quantity}
    cart = await buyer.put("/api/v1/mall/cart/lines", json=line)
    assert cart.status_code == 200, cart.text
    seen["API cart"] = Decimal(cart.json()["lines"][0]["price"])
    seen["page cart"] = prices_in((await buyer.get("/mall/cart")).text, "is-mine")[0]
    checkout = (await buyer.get("/mall/checkout")).text
    seen["page checkout"] = _after_times(checkout)
    placed = await buyer.post("/api/v1/mall/checkout", json={}, headers={"Idempotency-Key": uuid4().hex})
    assert placed.status_code == 201, placed.text
    order_id = placed.json()["id"]
    own = (await buyer.get(f"/api/v1/mall/orders/{order_id}")).json()["lines"][0]
    seen["API order"] = Decimal(own["price"])
    staffs = (await clerk.get(f"/api/v1/orders/{order_id}")).json()["lines"][0]
    seen["staff's API order"] = Decimal(staffs["price"])
    for name, client, path in (
        ("page order", buyer, "/mall/orders"),
        ("staff's page order", clerk, "/desk/orders"),
    ):
        cell = (
            (await client.get(f"{path}/{order_id}"))
            .text.partition('data-label="Price"')[2]
            .partition("</td>")[0]
        )
        seen[name] = Decimal(DIGITS.search(re.sub(r"<[^>]+>", " ", cell))[0].replace(",", ""))
    amounts = {cart.json()["total"]["amount"], own["amount"]["amount"], staffs["amount"]["amount"]}
    assert len(amounts | {placed.json()["total"]["amount"]}) == 1
    return seen


def _after_times(checkout: str) -> Decimal:
    """Give the price that stands behind the multiplication sign of the first line."""
    return Decimal(DIGITS.search(re.sub(r"<[^>]+>", " ", checkout.partition("×")[2]))[0].replace(",", ""))


@pytest.mark.parametrize("unit", ["pc", "pack"])
@settings(
    max_examples=8, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(agreed=terms())
async def test_every_face_shows_the_same_price(kernel, shop, people, unit, agreed):
    sku_id = await agree(kernel, shop, agreed)
    quantity = str(agreed.den * 3) if unit == "pack" else "3"
    async with kernel.context(shop.tenant) as ctx:
        await ctx.db.execute("DELETE FROM order_minimum_rule WHERE tenant_id = $1", ctx.tenant.id)
        (price,) = await resolve_prices(
            ctx,
            shop.customers["first"],
            [PriceRequest(msgspec.convert(sku_id, type=type(shop.price_list)), unit)],
        )
    seen = await everywhere(shop, people, sku_id, unit, quantity)
    assert {name: shown for name, shown in seen.items() if shown != price.unit_price} == {}
