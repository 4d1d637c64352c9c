"""The inbox and the order page: approving, rejecting, sending out, cancelling."""

from headgate_trade.flow import ORDER

SALES, FINANCE = "trade.sales_approval", "trade.finance_approval"


async def steps_open(kernel, shop, order_id):
    async with kernel.context(shop.tenant) as ctx:
        flow = (await ctx.workflow.view(ORDER, [order_id]))[order_id]
    return [step.step for step in flow.open_steps]


async def test_many_are_approved_and_each_tells_its_own_result(kernel, shop, owner):
    first, second, third = shop.orders
    await owner.post(f"/desk/orders/{second}/step", data={"step": SALES, "decision": "done"})
    picks = [f"{first}/{SALES}", f"{second}/{SALES}", f"{third}/{SALES}"]
    response = await owner.post("/desk/inbox", data={"pick": picks, "decision": "done"})
    assert response.status_code == 200
    assert "2 done." in response.text
    assert "1 could not be done" in response.text
    assert await steps_open(kernel, shop, first) == [FINANCE]
    assert await steps_open(kernel, shop, second) == [FINANCE]
    assert '"badge"' in response.headers["hx-trigger"]


async def test_one_row_is_approved_by_its_button(kernel, shop, owner):
    response = await owner.post("/desk/inbox", data={"pick": f"{shop.orders[0]}/{SALES}", "decision": "done"})
    assert "1 done." in response.text
    assert await steps_open(kernel, shop, shop.orders[0]) == [FINANCE]


async def test_a_rejection_needs_a_reason(kernel, shop, owner):
    pick = f"{shop.orders[0]}/{SALES}"
    refused = await owner.post("/desk/inbox", data={"pick": pick, "decision": "reject", "note": "  "})
    assert refused.status_code == 422
    assert "Say why" in refused.text
    done = await owner.post("/desk/inbox", data={"pick": pick, "decision": "reject", "note": "price agreed?"})
    assert "1 rejected." in done.text
    page = await owner.get(f"/desk/orders/{shop.orders[0]}")
    assert "price agreed?" in page.text


async def test_nothing_ticked_and_nonsense_are_told(shop, owner):
    assert "Tick at least one" in (await owner.post("/desk/inbox", data={"pick": ""})).text
    response = await owner.post("/desk/inbox", data={"pick": "nonsense"})
    assert response.status_code == 422
    assert "is not an order and a step" in response.text


async def test_somebody_without_the_steps_permission_gets_a_reason_and_changes_nothing(
    kernel, shop, client_for
):
    warehouse = await client_for(shop.tenant, "warehouse")
    response = await warehouse.post("/desk/inbox", data={"pick": f"{shop.orders[0]}/{SALES}"})
    assert "1 could not be done" in response.text
    assert await steps_open(kernel, shop, shop.orders[0]) == [SALES]


async def test_the_inbox_shows_only_what_waits_for_the_reader(shop, client_for):
    clerk = await client_for(shop.tenant, "clerk")
    finance = await client_for(shop.tenant, "finance")
    assert "老周五金" in (await clerk.get("/desk/inbox")).text
    assert "Nothing waits for you" in (await finance.get("/desk/inbox")).text


async def test_a_page_that_is_out_of_date_says_so(kernel, shop, owner):
    path = f"/desk/orders/{shop.orders[0]}"
    await owner.post(f"{path}/step", data={"step": SALES, "decision": "done", "seq": "1"})
    response = await owner.post(f"{path}/step", data={"step": SALES, "decision": "done", "seq": "1"})
    assert response.status_code == 409
    assert 'role="alert"' in response.text


async def test_cancelling_gives_the_stock_back_and_keeps_the_reason(kernel, shop, owner):
    path = f"/desk/orders/{shop.orders[0]}"
    assert (await owner.post(f"{path}/cancel", data={"reason": ""})).status_code == 422
    response = await owner.post(f"{path}/cancel", data={"reason": "ordered twice"})
    assert response.status_code == 303
    assert "ordered twice" in (await owner.get(path)).text
    stock = (await owner.get(f"/desk/stock/{shop.skus['LS001']}")).text
    assert "800" in stock  # two orders of 400 are still reserved


async def test_every_line_says_its_price_with_the_currency_and_why(shop, owner):
    page = (await owner.get(f"/desk/orders/{shop.orders[0]}")).text
    assert '<span class="currency">¥</span>16.50' in page
    assert '<span class="currency">¥</span>33.00' in page
    assert "The first rule with a price" in page
    assert "零售价" in page
