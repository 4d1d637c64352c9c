"""Every page of the workbench opens for who may see it, and not for others."""

import pytest

PAGES = (
    "/desk/inbox", "/desk/inbox?step=trade.sales_approval", "/desk/orders", "/desk/orders?status=open&q=C1",
    "/desk/orders?step=trade.sales_approval", "/desk/orders?status=cancelled", "/desk/orders/{order}",
    "/desk/products", "/desk/products?q=luoshuan", "/desk/products?q=nothing-like-it", "/desk/products/new",
    "/desk/products/{sku}", "/desk/customers", "/desk/customers?q=C1", "/desk/customers/new",
    "/desk/customers/{customer}", "/desk/prices", "/desk/prices/{list}", "/desk/prices/{list}?q=LS001",
    "/desk/stock", "/desk/stock?q=LS001", "/desk/stock/{sku}", "/desk/accounts", "/desk/accounts/{customer}",
    "/desk/imports", "/desk/imports?kind=customers",
)  # fmt: skip


def paths(shop):
    return [
        page.format(
            order=shop.orders[0], sku=shop.skus["LS001"], customer=shop.customers["C1"], list=shop.list_id
        )
        for page in PAGES
    ]


async def test_every_page_opens_for_the_owner(shop, owner):
    for path in paths(shop):
        response = await owner.get(path)
        assert response.status_code == 200, f"{path}: {response.text[-2000:]}"


async def test_no_page_opens_for_a_buyer(shop, client_for):
    buyer = await client_for(shop.tenant, "buyer")
    for path in paths(shop):
        assert (await buyer.get(path)).status_code == 403, path


async def test_nobody_sees_another_distributors_things(shop, new_tenant, client_for):
    stranger = await client_for(await new_tenant(), "owner")
    for path in paths(shop):
        response = await stranger.get(path)
        if str(shop.orders[0]) in path or any(
            str(one) in path for one in (*shop.skus.values(), shop.list_id)
        ):
            assert response.status_code == 404, path
        assert "外六角螺栓" not in response.text
        assert "老周五金" not in response.text


@pytest.mark.parametrize("role", ["clerk", "finance", "warehouse"])
async def test_the_order_page_leads_only_where_its_reader_may_go(shop, client_for, role):
    client = await client_for(shop.tenant, role)
    response = await client.get(f"/desk/orders/{shop.orders[0]}")
    assert response.status_code == 200
    for kind, thing in (("customers", shop.customers["C1"]), ("products", shop.skus["LS001"])):
        link = f"/desk/{kind}/{thing}"
        if f'href="{link}"' in response.text:
            assert (await client.get(link)).status_code == 200


async def test_the_workbench_opens_at_the_inbox(shop, owner, client_for):
    assert (await owner.get("/desk/")).headers["location"] == "/desk/inbox"
    buyer = await client_for(shop.tenant, "buyer")
    assert (await buyer.get("/desk/")).headers["location"] == "/"
