"""Requests that change something come from our own pages: the truth table, then through the gate."""

import pytest
from headgate_kernel.web.origin import is_cross_site

HOST = {"host": "t1.localhost:8000"}


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE"])
@pytest.mark.parametrize("cookie", [True, False])
def test_reading_is_never_stopped(method, cookie):
    headers = HOST | {"sec-fetch-site": "cross-site", "origin": "https://evil.example"}
    assert not is_cross_site(method, headers, has_cookie_session=cookie)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("cookie", [True, False])
@pytest.mark.parametrize(
    ("headers", "stopped"),
    [
        ({"sec-fetch-site": "same-origin"}, False),
        ({"sec-fetch-site": "none"}, False),
        ({"sec-fetch-site": "same-site"}, True),
        ({"sec-fetch-site": "cross-site"}, True),
        ({"sec-fetch-site": "something new"}, True),
        ({"sec-fetch-site": ""}, True),
        # what the browser says about the site counts more than the origin
        ({"sec-fetch-site": "cross-site", "origin": "http://t1.localhost:8000"}, True),
        ({"sec-fetch-site": "same-origin", "origin": "http://t2.localhost:8000"}, False),
        ({"origin": "http://t1.localhost:8000"}, False),
        ({"origin": "http://T1.localhost:8000"}, False),
        ({"origin": "https://t1.localhost:8000"}, False),  # a proxy may end TLS before us
        ({"origin": "http://t2.localhost:8000"}, True),
        ({"origin": "http://t1.localhost:9000"}, True),
        ({"origin": "http://t1.localhost:8000.evil.example"}, True),
        ({"origin": "null"}, True),
        ({"origin": ""}, True),
    ],
)
def test_browsers_prove_where_a_change_comes_from(method, cookie, headers, stopped):
    assert is_cross_site(method, HOST | headers, has_cookie_session=cookie) is stopped


@pytest.mark.parametrize(("cookie", "stopped"), [(True, True), (False, False)])
def test_a_request_that_says_nothing_is_let_through_only_without_a_cookie(cookie, stopped):
    assert is_cross_site("POST", HOST, has_cookie_session=cookie) is stopped


def test_without_a_host_no_origin_fits():
    assert is_cross_site("POST", {"origin": "http://"}, has_cookie_session=False)


async def test_another_sites_form_changes_nothing(client_for, tenant):
    client = await client_for(tenant, "writer")
    answer = await client.post(
        "/sample/notes", data={"text": "forged"}, headers={"sec-fetch-site": "cross-site"}
    )
    assert answer.status_code == 403
    assert "another site" in answer.text
    assert "forged" not in (await client.get("/sample/notes")).text


async def test_a_sibling_tenants_page_changes_nothing(client_for, tenant, other_tenant):
    client = await client_for(tenant, "writer")
    origin = f"http://{other_tenant.info.slug}.localhost"
    answer = await client.post(
        "/sample/notes", data={"text": "forged"}, headers={"sec-fetch-site": "same-site", "origin": origin}
    )
    assert answer.status_code == 403


async def test_a_program_with_a_token_needs_no_origin(browse, tenant, token_for):
    client = browse(f"{tenant.info.slug}.localhost")
    del client.headers["sec-fetch-site"]
    token = await token_for(tenant, "writer")
    answer = await client.post(
        "/api/v1/sample/notes", json={"text": "by program"}, headers={"authorization": f"Bearer {token}"}
    )
    assert answer.status_code == 201


async def test_a_cookie_without_any_origin_is_stopped(client_for, tenant):
    client = await client_for(tenant, "writer")
    del client.headers["sec-fetch-site"]
    answer = await client.post("/api/v1/sample/notes", json={"text": "old"})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_signing_a_stranger_in_from_another_site_is_stopped(browse, tenant):
    client = browse(f"{tenant.info.slug}.localhost")
    form = {"login": f"owner@{tenant.info.slug}.example", "password": "correct horse battery"}
    answer = await client.post("/sign-in", data=form, headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
