"""The gate: who gets to which handler, and what becomes of the transaction."""

import msgspec
import pytest
from headgate_kernel.tenancy.directory import touch
from headgate_sample.notes import list_notes


def headers_of(answer):
    return {name: value for name, value in answer.headers.items() if name != "x-request-id"}


async def notes(kernel, tenant):
    async with kernel.context(tenant) as ctx:
        return await list_notes(ctx)


async def test_an_unknown_host_finds_nothing(browse):
    answer = await browse("nobody-has-this.localhost").get("/sign-in")
    assert answer.status_code == 404


async def test_a_port_and_capitals_in_the_host_do_not_matter(browse, tenant):
    answer = await browse(f"{tenant.info.slug.upper()}.LOCALHOST:8000").get("/sign-in")
    assert answer.status_code == 200


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("role", ["", "owner"])
async def test_a_plugin_that_is_off_answers_exactly_as_an_unknown_address(client_for, tenant, method, role):
    client = await client_for(tenant, role)
    for closed, unknown in (("/lone", "/none"), ("/extra/page", "/extra/nopage")):
        off = await client.request(method, closed)
        never = await client.request(method, unknown)
        assert off.status_code == never.status_code == 404
        assert off.content == never.content
        assert headers_of(off) == headers_of(never)


async def test_the_api_of_a_plugin_that_is_off_answers_as_an_unknown_address(client_for, new_tenant):
    client = await client_for(await new_tenant("lone"), "owner")
    off, never = await client.get("/api/v1/sample/notes"), await client.get("/api/v1/none")
    assert off.status_code == 404
    assert (off.content, headers_of(off)) == (never.content, headers_of(never))
    assert off.json()["code"] == "http_404"


async def test_the_consoles_pages_are_not_on_tenants_hosts_and_the_reverse(browse, client_for, tenant):
    owner = await client_for(tenant, "owner")
    assert (await owner.get("/console/")).status_code == 404
    console = browse("console.localhost")
    for path in (
        "/sample/anybody",
        "/settings/plugins",
        "/api/v1/me",
        "/files/018f0000-0000-7000-8000-000000000000",
    ):
        assert (await console.get(path)).status_code == 404
    assert (await console.get("/sign-in")).status_code == 200


async def test_the_frameworks_own_description_of_all_plugins_is_on_no_host(browse, client_for, tenant):
    owner = await client_for(tenant, "owner")
    for path in ("/_schema", "/_schema/openapi.json", "/schema", "/_schema/swagger"):
        assert (await owner.get(path)).status_code == 404
        assert (await browse("console.localhost").get(path)).status_code == 404


async def test_a_missing_permission_is_refused_by_name(client_for, tenant):
    buyer = await client_for(tenant, "buyer")
    page = await buyer.get("/sample/notes")
    assert page.status_code == 403
    assert "sample.notes.read" in page.text
    api = await buyer.get("/api/v1/sample/notes")
    assert (api.status_code, api.json()["code"]) == (403, "forbidden")


async def test_a_pattern_of_permissions_lets_in(client_for, tenant):
    assert (await (await client_for(tenant, "writer")).get("/sample/notes")).status_code == 200
    assert (await (await client_for(tenant, "owner")).get("/sample/notes")).status_code == 200


async def test_nobody_is_sent_to_sign_in_and_back(client_for, tenant):
    answer = await (await client_for(tenant)).get("/sample/notes?a=1&b=ü")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=%2Fsample%2Fnotes%3Fa%3D1%26b%3D%25C3%25BC"


async def test_nobody_is_told_401_by_the_api_and_by_parts_of_pages(client_for, tenant):
    client = await client_for(tenant)
    api = await client.get("/api/v1/sample/notes")
    assert (api.status_code, api.json()["code"]) == (401, "sign_in_required")
    part = await client.get("/sample/notes", headers={"hx-request": "true"})
    assert part.status_code == 401
    assert "<html" not in part.text


async def test_public_pages_are_open(client_for, tenant):
    answer = await (await client_for(tenant)).get("/sample/anybody")
    assert (answer.status_code, answer.text) == (200, "hello anonymous")


async def test_signed_in_pages_want_a_person_and_no_permission(client_for, tenant):
    assert (await (await client_for(tenant)).get("/sample/signed-in")).status_code == 303
    assert (await (await client_for(tenant, "buyer")).get("/sample/signed-in")).text == "hello Buyer"


async def test_a_suspended_tenant_is_told_so(kernel, client_for, tenant):
    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE tenant SET state = 'suspended' WHERE id = $1", tenant.info.id)
        await touch(db, tenant.info.id)
    client = await client_for(tenant, "owner")
    page = await client.get("/sample/anybody")
    assert page.status_code == 503
    assert "suspended" in page.text
    api = await client.get("/api/v1/sample/notes")
    assert (api.status_code, api.json()["code"]) == (503, "suspended")


async def test_a_good_answer_is_committed(kernel, client_for, tenant):
    answer = await (await client_for(tenant, "writer")).post("/sample/notes", data={"text": "kept"})
    assert answer.status_code == 303
    assert await notes(kernel, tenant) == ["kept"]


@pytest.mark.parametrize(
    ("text", "status"), [("crash", 500), ("refused", 422), ("conflict", 409), ("answered with 409", 409)]
)
async def test_an_error_undoes_what_the_handler_wrote(kernel, client_for, tenant, text, status):
    answer = await (await client_for(tenant, "writer")).post("/sample/notes", data={"text": text})
    assert answer.status_code == status
    assert await notes(kernel, tenant) == []


@pytest.mark.parametrize("path", ["/sample/notes", "/api/v1/sample/notes"])
async def test_a_failing_commit_is_an_error_and_not_a_good_answer(kernel, client_for, tenant, path):
    client = await client_for(tenant, "writer")
    send = {"json": {"text": "twice"}} if path.startswith("/api") else {"data": {"text": "twice"}}
    first = await client.post(path, **send)
    assert first.status_code < 400
    second = await client.post(path, **send)  # the constraint is deferred: the INSERT passes, COMMIT does not
    assert second.status_code == 500
    assert "sample_note_text" not in second.text
    assert "location" not in second.headers
    assert await notes(kernel, tenant) == ["twice"]


async def test_connections_come_back_after_errors(kernel, client_for, tenant):
    client = await client_for(tenant, "writer")
    await client.post("/sample/notes", data={"text": "twice"})
    for text in ("twice", "crash", "refused") * 4:  # more often than the pool has connections
        await client.post("/sample/notes", data={"text": text})
    assert (await client.get("/sample/notes")).status_code == 200


async def test_the_description_of_the_api_leaves_out_plugins_that_are_off(client_for, new_tenant):
    without = await (await client_for(await new_tenant("lone"))).get("/api/v1/openapi.json")
    with_it = await (await client_for(await new_tenant("sample"))).get("/api/v1/openapi.json")
    assert "/api/v1/sample/notes" in with_it.json()["paths"]
    assert "/api/v1/sample/notes" not in without.json()["paths"]
    assert "/api/v1/me" in without.json()["paths"]
    assert msgspec.json.decode(without.content)["info"]["title"] == "Headgate"


async def test_every_route_of_every_plugin_is_closed_when_it_is_off(app, client_for, new_tenant, plugin_host):
    owner = await client_for(await new_tenant("lone"), "owner")
    asked = 0
    for route in app.routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            if handler.opt.get("plugin") not in {None, "lone"}:
                answer = await owner.request(method, route.path_format)
                assert answer.status_code == 404, f"{method} {route.path_format}"
                asked += 1
    assert asked >= 7
