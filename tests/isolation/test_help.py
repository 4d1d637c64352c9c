"""An operator in the place of an owner, at every route: what is sensitive or personal is closed."""

import httpx
import pytest
from headgate_kernel.identity.impersonations import (
    SupportRequest,
    ask_to_impersonate,
    begin_impersonation,
    decide_impersonation,
)
from headgate_kernel.identity.opening import open_session
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.permissions import sensitive_permissions
from headgate_kernel.tenancy.operating import operating
from headgate_kernel.web.session_cookie import SESSION_COOKIE
from headgate_sdk.context import Actor

from .arguments import CALLS, request_of
from .conftest import own_ids
from .test_routes import OPEN


@pytest.fixture(scope="session")
async def helper(kernel, app, house):
    """At the first shop, in its owner's place."""
    tenant = house.mine.tenant
    async with kernel.databases.platform_scope() as db:
        person = NewPerson("visitor@headgate.example", "Visitor", is_operator=True)
        operator_id = next(iter((await save_people(db, [person], kernel.clock.now())).values()))
        owner = await db.fetch_row(
            "SELECT id, person_id FROM membership WHERE tenant_id = $1 AND login = $2",
            tenant.info.id, f"owner@{tenant.info.slug}.example",
        )  # fmt: skip
    operator = Actor("operator", "Visitor", person_id=operator_id)
    async with operating(kernel, tenant, operator) as ctx:
        asked = await ask_to_impersonate(ctx, SupportRequest(owner["id"], "to look at every route", 60))
    async with kernel.context(tenant) as ctx:
        await decide_impersonation(ctx, asked.id, allowed=True)
    async with operating(kernel, tenant, operator) as ctx:
        await begin_impersonation(ctx, asked.id)
    opened = await open_session(
        kernel, person_id=owner["person_id"], tenant_id=tenant.info.id, method="handoff", address="",
        user_agent="", impersonation_id=asked.id,
    )  # fmt: skip
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=f"http://{tenant.info.slug}.localhost",
        headers={"sec-fetch-site": "same-origin", "cookie": f"{SESSION_COOKIE}={opened.token}"},
    ) as client:  # fmt: skip
        yield client


def closed_routes(kernel):
    """Give the routes that no impersonation opens, by what they declare."""
    sensitive = sensitive_permissions(kernel.host)
    return {
        key
        for key, opt in OPEN.items()
        if opt.get("face", "tenant") in {"tenant", "any"}
        and (opt.get("recent") or opt.get("personal") or opt["permission"] in sensitive)
    }


async def test_every_closed_route_refuses_and_changes_nothing(kernel, house, helper):
    asked = 0
    for method, path in sorted(closed_routes(kernel) & CALLS.keys()):
        for call in CALLS[method, path]:
            async with house.unchanged():
                answer = await helper.request(**request_of(method, path, call, own_ids(house.mine)))
            assert answer.status_code == 403, (
                method,
                path,
                answer.status_code,
                answer.headers.get("location"),
            )
            asked += 1
    assert asked >= 20


def test_what_belongs_to_the_person_or_decides_on_rights_is_declared_closed(kernel):
    closed = closed_routes(kernel)
    personal = {
        key for key in OPEN
        if key[1].startswith(("/account", "/api/v1/account", "/settings/tokens", "/settings/support"))
        or (key[1].startswith("/settings/roles") and key[0] == "POST")
        or key[1] == "/api/v1/accounts/{customer_id}/credit-notes"
    }  # fmt: skip
    allowed = {
        key for key in personal if key[1].startswith("/api/v1/accounts") and "credit-notes" not in key[1]
    }
    assert not personal - allowed - closed
    assert {key for key in OPEN if key[1].startswith("/account/")}, "there are such routes"


async def test_the_rest_is_open_under_the_banner(house, helper):
    for path in (
        "/desk/orders",
        "/desk/products",
        "/settings/plugins",
        "/settings/flow",
        "/settings/checklist",
    ):
        page = await helper.get(path)
        assert page.status_code == 200, path
        assert 'class="help-banner"' in page.text
        assert "Visitor" in page.text


@pytest.mark.parametrize("step", ["trade.sales_approval", "trade.finance_approval", "trade.outbound"])
async def test_steps_that_approve_or_make_owed_are_refused_where_the_order_is(house, helper, step):
    order = house.mine.orders["new"]
    for request in (
        {"method": "POST", "url": f"/desk/orders/{order}/step", "data": {"step": step, "decision": "done"}},
        {"method": "POST", "url": f"/api/v1/orders/{order}/steps/{step}", "json": {"decision": "done"}},
        {"method": "POST", "url": "/desk/inbox", "data": {"pick": f"{order}/{step}", "decision": "done"}},
    ):
        async with house.unchanged():
            answer = await helper.request(**request)
        assert answer.status_code in {200, 403, 409, 422}, answer.text[-500:]
        assert "acts for" in answer.text or answer.status_code in {403, 409, 422}


async def test_it_leads_to_no_other_distributor_and_not_to_the_console(app, house, helper):
    cookie = helper.headers["cookie"]
    for host in (f"{house.theirs.tenant.info.slug}.localhost", "console.localhost"):
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url=f"http://{host}", headers={"cookie": cookie}
        ) as elsewhere:
            for path in ("/", "/settings/plugins", "/console/"):
                answer = await elsewhere.get(path)
                assert answer.status_code == 404 or answer.headers["location"].startswith("/sign-in"), path


async def test_nobody_is_let_in_from_there(house, helper):
    people = f"/desk/customers/{house.mine.customers['first']}/people"
    async with house.unchanged():
        answer = await helper.post(
            people, data={"login": "friend@visitor.example", "name": "Friend", "role": "buyer"}
        )
    assert answer.status_code == 403, answer.text[-800:]
