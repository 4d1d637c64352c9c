"""What programs and forms send by mistake about people, roles and tokens is told, and breaks nothing."""

from uuid import UUID

import pytest

ID = str(UUID(int=7))
TEXTS = ("", "\x00", "x" * 10_000, "💥" * 50, "../..", "'; DROP TABLE role; --", "\u202e\ud7ff")
TIMES = ("", "now", "2030-01-01", "2030-01-01T00:00:00", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z")


def bodies():
    for text in TEXTS:
        yield "POST", "/api/v1/people", {"login": text, "name": "x", "role_ids": []}
        yield "POST", "/api/v1/people", {"login": "a@b.example", "name": text, "role_ids": [ID]}
        yield "POST", "/api/v1/roles", {"name": text, "permissions": ["no.such"]}
        yield "POST", "/api/v1/roles", {"name": "fine", "permissions": [text[:150]]}
        yield "POST", "/api/v1/tokens", {"name": text, "scopes": [], "expires_at": TIMES[4]}
    for time in TIMES:
        yield "POST", "/api/v1/tokens", {"name": "x", "scopes": ["sample.notes.read"], "expires_at": time}
    for body in (None, [], 5, {}, {"role_ids": "x"}, {"role_ids": [None]}, {"role_ids": [ID] * 500}):
        yield "PUT", f"/api/v1/people/{ID}/roles", body
        yield "PUT", f"/api/v1/roles/{ID}", body


def queries():
    for text in TEXTS:
        for name in ("q", "after", "view", "role_id", "limit"):
            yield "/api/v1/people", {name: text}
        for name in ("q", "after", "view", "role", "shown"):
            yield "/settings/people", {name: text}
        yield "/settings/roles/new", {"copy": text}
        yield "/settings/tokens", {"revoked": text}


async def test_bodies_that_cannot_be_are_told(tenant, client_for, token_for):
    client = await client_for(tenant, authorization=f"Bearer {await token_for(tenant, 'owner')}")
    for method, path, body in bodies():
        answer = await client.request(method, path, json=body)
        assert answer.status_code in {400, 404, 422}, (path, body, answer.text[:500])
        assert answer.json()["message"], (path, body)


async def test_queries_that_cannot_be_are_told(tenant, client_for, token_for):
    client = await client_for(tenant, authorization=f"Bearer {await token_for(tenant, 'owner')}")
    for path, query in queries():
        answer = await client.get(path, params=query)
        assert answer.status_code in {200, 400, 404, 422}, (path, query, answer.text[:500])


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/settings/people/invite", {"login": "\x00", "name": "x", "roles": ID}),
        ("/settings/people/invite", {"login": "a@b.example", "name": "x", "roles": "no id"}),
        ("/settings/people/invite", {}),
        ("/settings/roles/new", {"name": "x", "permissions": ["\x00"], "more": "no.such"}),
        ("/settings/roles/new", {}),
        ("/settings/tokens/new", {"name": "x", "scopes": "no.such", "days": "400"}),
        ("/settings/tokens/new", {"name": "x", "scopes": "no.such", "days": "x"}),
        ("/settings/tokens/new", {}),
        (f"/settings/people/{ID}/sessions/end", {"session": "no id"}),
        (f"/settings/tokens/{ID}/revoke", {}),
    ],
)
async def test_a_form_that_cannot_be_is_shown_again(tenant, client_for, path, form):
    client = await client_for(tenant, "owner")
    answer = await client.post(path, data=form)
    assert answer.status_code in {400, 404, 422}, answer.text[-1500:]
    assert "Traceback" not in answer.text
