"""The operator's console and the distributors' hosts: a session of the one is nothing at the other."""

import httpx
import pytest
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.web.session_cookie import SESSION_COOKIE

from .arguments import CALLS, request_of
from .conftest import own_ids
from .test_routes import OPEN, ROUTES


def at(app, host, token=""):
    headers = {"sec-fetch-site": "same-origin"} | ({"cookie": f"{SESSION_COOKIE}={token}"} if token else {})
    return httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url=f"http://{host}", headers=headers
    )


@pytest.fixture(scope="session")
async def operator_token(kernel):
    async with kernel.databases.platform_scope() as db:
        people = await save_people(
            db, [NewPerson("operator@headgate.example", "Operator", is_operator=True)], kernel.clock.now()
        )
    return await kernel.sessions.open(next(iter(people.values())), None, None, "tests")


async def test_the_operator_sees_the_distributors_and_none_of_their_rows(app, house, operator_token):
    async with at(app, "console.localhost", operator_token) as operator:
        for shop in (house.mine, house.theirs):
            page = await operator.get("/console/", params={"q": shop.tenant.info.slug})
            assert page.status_code == 200
            assert shop.tenant.info.name in page.text
            one = await operator.get(f"/console/tenants/{shop.tenant.info.slug}")
            assert one.status_code == 200
            assert shop.secret not in page.text + one.text  # people are known here, what they trade is not
            assert shop.canary not in page.text


async def test_nobody_and_no_distributors_owner_enter_the_console(app, house):
    owner = await house.client(house.mine, "owner")
    for headers in ({}, {"cookie": owner.headers["cookie"]}):
        async with at(app, "console.localhost") as visitor:
            answer = await visitor.get("/console/", headers=headers)
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/sign-in")
        assert house.mine.tenant.info.name not in answer.text


CONSOLE = sorted(key for key, opt in OPEN.items() if opt.get("face") == "console" and key in CALLS)


async def test_every_route_of_the_console_answers_operators(app, house, operator_token):
    """Without this the refusals below could be those of a malformed request."""
    async with at(app, "console.localhost", operator_token) as operator:
        for method, path in CONSOLE:
            for call in CALLS[method, path]:
                answer = await operator.request(**request_of(method, path, call, own_ids(house.trial)))
                if call.answers:
                    assert answer.status_code == call.answers, (path, answer.text[-1500:])
                else:
                    assert answer.status_code < 400, (path, answer.text[-1500:])


async def test_every_route_of_the_console_is_closed_to_all_others(app, house):
    owner = (await house.client(house.mine, "owner")).headers["cookie"]
    for cookie in ("", owner):
        async with at(app, "console.localhost") as visitor:
            for method, path in CONSOLE:
                for call in CALLS[method, path]:
                    request = request_of(method, path, call, own_ids(house.mine))
                    request["headers"] = (request.get("headers") or {}) | (
                        {"cookie": cookie} if cookie else {}
                    )
                    async with house.unchanged():
                        answer = await visitor.request(**request)
                    refused = answer.status_code == 401 or answer.headers.get("location", "").startswith(
                        "/sign-in"
                    )
                    assert refused, (method, path, answer.status_code)
                    assert house.mine.tenant.info.name not in answer.text


async def test_an_operators_session_is_none_at_a_distributor(app, house, operator_token):
    async with at(app, f"{house.mine.tenant.info.slug}.localhost", operator_token) as operator:
        for (method, path), calls in CALLS.items():
            if OPEN[method, path]["permission"] == "public":
                continue
            async with house.unchanged():
                answer = await operator.request(**request_of(method, path, calls[0], own_ids(house.mine)))
            assert answer.status_code in {401, 404} or answer.headers["location"].startswith("/sign-in"), path


async def test_no_route_of_a_distributor_is_at_the_console(app, house, operator_token):
    async with at(app, "console.localhost", operator_token) as operator:
        nothing = await operator.get("/no-such-page")
        for (method, path), opt in OPEN.items():
            if (
                opt.get("face", "tenant") != "tenant"
                or opt.get("surface") == "static"
                or path.startswith("/api/")
            ):
                continue
            answer = await operator.request(
                **request_of(method, path, CALLS[method, path][0], own_ids(house.mine))
            )
            assert (answer.status_code, answer.text) == (404, nothing.text), path


async def test_what_the_framework_adds_by_itself_is_open_nowhere(app, house, operator_token):
    added = [key for key, opt in ROUTES.items() if opt.get("face") == "none"]
    assert added
    for host, token in (
        ("console.localhost", operator_token),
        (f"{house.mine.tenant.info.slug}.localhost", ""),
    ):
        async with at(app, host, token) as client:
            for method, path in added:
                assert (await client.request(method, path.replace("{path}", "x"))).status_code == 404, path
