"""What people and programs get when a plan has no room for their request."""

import pytest
from headgate_kernel.tenancy.plan_terms import RequestLimits

TIGHT = RequestLimits(per_second=1, burst=1, at_once=5)


@pytest.fixture
async def crowded(kernel, tenant, give_plan, app):
    """A tenant that has just used all it may."""
    await give_plan(tenant, requests=TIGHT)
    yield await kernel.tenant(tenant.info.slug)
    await kernel.limits.stop()


async def refused(client, path, **headers):
    """Ask until a request is refused."""
    for _ in range(20):
        answer = await client.get(path, headers=headers)
        if answer.status_code == 429:
            return answer
    raise AssertionError("no request was refused")


async def test_a_program_gets_a_problem_and_when_to_try_again(crowded, client_for):
    answer = await refused(await client_for(crowded), "/api/v1/me")
    assert answer.json()["code"] == "too_many_requests"
    assert "Please wait a moment" in answer.json()["message"]
    assert 1 <= int(answer.headers["retry-after"]) <= 3
    assert answer.headers["content-type"] == "application/json"


async def test_a_person_gets_a_page_in_their_language_with_the_distributors_name(crowded, client_for):
    answer = await refused(await client_for(crowded), "/sign-in", cookie="headgate_locale=zh_CN")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "<html" in answer.text
    assert "请求太多" in answer.text
    assert crowded.info.name in answer.text
    assert "retry-after" in answer.headers
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_a_part_of_a_page_gets_a_line_only(crowded, client_for):
    answer = await refused(await client_for(crowded), "/sign-in", **{"hx-request": "true"})
    assert "<html" not in answer.text
    assert "data-error-text" in answer.text


async def test_refused_before_anybody_asks_who_it_is(crowded, client_for):
    client = await client_for(crowded, "owner")
    answer = await refused(client, "/settings/plugins")
    assert "set-cookie" not in answer.headers


async def test_others_on_the_same_machine_go_on(crowded, other_tenant, client_for):
    await refused(await client_for(crowded), "/api/v1/me")
    client = await client_for(other_tenant, "owner")
    assert [(await client.get("/api/v1/me")).status_code for _ in range(20)] == [200] * 20


async def test_static_files_and_health_are_not_limited(crowded, client_for):
    client = await client_for(crowded)
    await refused(client, "/sign-in")
    assert [(await client.get("/health")).status_code for _ in range(10)] == [200] * 10
