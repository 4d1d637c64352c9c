"""Setting an identity provider up: a distributor's and the operators'."""

import re

import pytest

from .authenticator import Authenticator
from .provider import CLIENT, SECRET, running_provider
from .walking import go_there, make_passkey, set_up, use_passkey


@pytest.fixture
def provider(provider, tenant):
    """The reader has signed in there."""
    provider.user["email"] = f"reader@{tenant.info.slug}.example"
    return provider


async def test_the_owner_sets_a_provider_up_and_tries_it(kernel, tenant, provider, client_for):
    owner = await client_for(tenant, "owner")
    form = {"sso": "offered", "name": "Keycloak", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    page = (await owner.post("/settings/sso/test", data=form)).text
    for words in ("offers what is needed", "It has 1 keys", "takes our client ID and secret"):
        assert words in page
    assert SECRET not in page
    assert (await owner.post("/settings/sso", data=form)).headers["location"] == "/settings/sso?done=saved"
    page = (await owner.get("/settings/sso")).text
    assert f"http://{tenant.info.slug}.localhost/sign-in/sso/callback" in page
    assert "A secret is kept" in page
    assert SECRET not in page
    page = (await owner.post("/settings/sso/test", data=form | {"client_secret": ""})).text
    assert "takes our client ID and secret" in page, "the kept secret is tried"
    page = (await owner.post("/settings/sso/test", data=form | {"client_secret": "wrong"})).text
    assert "refuses our client ID or secret: invalid_client" in page


async def test_the_kept_secret_is_not_sent_to_another_address(kernel, tenant, provider, client_for):
    await set_up(kernel, tenant, provider)
    with running_provider() as other:
        form = {
            "sso": "offered",
            "name": "Evil",
            "issuer": other.issuer,
            "client_id": CLIENT,
            "client_secret": "",
        }
        page = (await (await client_for(tenant, "owner")).post("/settings/sso/test", data=form)).text
    assert "refuses our client ID or secret" in page


async def test_what_is_wrong_stands_at_its_field(tenant, client_for):
    owner = await client_for(tenant, "owner")
    answer = await owner.post("/settings/sso", data={"sso": "offered", "name": "K", "domains": "nothing"})
    assert answer.status_code == 422
    for field in ("issuer", "client_id", "domains", "role"):
        assert f'id="e-{field}"' in answer.text


async def test_a_provider_that_does_not_answer_is_told_before_it_is_kept(tenant, client_for, provider):
    owner = await client_for(tenant, "owner")
    form = {"name": "K", "issuer": "http://127.0.0.1:1", "client_id": CLIENT}
    page = await owner.post("/settings/sso/test", data=form)
    assert page.status_code == 200
    assert "cannot be reached" in page.text


async def test_codes_to_phones_are_switched(kernel, tenant, client_for):
    owner = await client_for(tenant, "owner")
    await owner.post("/settings/sso/phone", data={"staff": "on"})
    page = (await owner.get("/settings/sso")).text
    assert re.search(r'name="staff"[^>]*checked', page)
    assert not re.search(r'name="customers"[^>]*checked', page)


async def test_others_than_those_who_may_see_no_settings(tenant, client_for):
    for role in ("reader", "buyer"):
        assert (await (await client_for(tenant, role)).get("/settings/sso")).status_code == 403


@pytest.fixture
async def console(browse, kernel, operator):
    client = browse("console.localhost")
    async with kernel.databases.platform_scope() as db:
        person_id = await db.fetch_value("SELECT person_id FROM person_login WHERE login = $1", operator)
        await db.execute("DELETE FROM operator_sso")
        await db.execute("DELETE FROM operator_sso_link")
    client.cookies.set("headgate_session", await kernel.sessions.open(person_id, None, None, "tests"))
    yield client
    async with kernel.databases.platform_scope() as db:
        await db.execute("DELETE FROM operator_sso")


async def test_operators_sign_in_through_their_provider(kernel, provider, console, browse, operator):
    provider.user["email"] = operator
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    page = (await console.post("/console/sso/test", data=form)).text
    assert "takes our client ID and secret" in page
    assert (await console.post("/console/sso", data=form)).status_code == 303
    visitor = browse("console.localhost")
    assert "Sign in with Staff ID" in (await visitor.get("/sign-in")).text
    entered = await go_there(visitor, provider, "/sign-in/sso?next=/console/")
    assert (entered.status_code, entered.headers["location"]) == (303, "/console/")
    assert (await visitor.get("/console/")).status_code == 200
    page = (await console.get("/console/sso")).text
    link = re.search(r"/console/sso/links/([0-9a-f-]{36})/remove", page)[1]
    assert (await console.post(f"/console/sso/links/{link}/remove")).status_code == 303
    assert "Nobody yet" in (await console.get("/console/sso")).text
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch(
            "SELECT action, details FROM platform_audit_entry WHERE action LIKE 's%' ORDER BY id"
        )
    actions = [row["action"] for row in rows]
    assert [name for name in actions if name.startswith(("sso", "sign_in"))][-3:] == [
        "sign_in.sso", "sso.link", "sso.unlink",
    ]  # fmt: skip
    assert SECRET not in "".join(row["details"] for row in rows)


async def test_nobody_becomes_an_operator_through_the_provider(kernel, provider, console, browse, tenant):
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    await console.post("/console/sso", data=form)
    for email in ("stranger@x.example", f"owner@{tenant.info.slug}.example"):
        provider.user["email"] = email
        answer = await go_there(browse("console.localhost"), provider)
        assert answer.status_code == 403
        assert "No operator here" in answer.text


async def test_an_operator_who_is_none_any_more_stays_outside(kernel, provider, console, browse, operator):
    provider.user["email"] = operator
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    await console.post("/console/sso", data=form)
    assert (await go_there(browse("console.localhost"), provider)).status_code == 303
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE person p SET is_operator = false FROM person_login l "
            "WHERE l.login = $1 AND p.id = l.person_id",
            operator,
        )
    assert (await go_there(browse("console.localhost"), provider)).status_code == 403


async def test_a_visit_begun_at_a_distributor_does_not_end_at_the_console(
    kernel, provider, console, browse, tenant, operator
):
    provider.user["email"] = operator
    await set_up(kernel, tenant, provider)
    form = {"sso": "offered", "name": "Staff ID", "issuer": provider.issuer, "client_id": CLIENT,
            "client_secret": SECRET}  # fmt: skip
    await console.post("/console/sso", data=form)
    client = browse(f"{tenant.info.slug}.localhost")
    left = await client.get("/sign-in/sso")
    answer = provider.authorize(left.headers["location"])
    cookie = f"headgate_sso={client.cookies['headgate_sso']}"
    back = await browse("console.localhost", cookie=cookie).get("/sign-in/sso/callback", params=answer)
    assert back.status_code == 403


async def test_operators_have_passkeys_at_the_console(console, browse):
    device = Authenticator("http://console.localhost")
    assert (await make_passkey(console, device)).status_code == 303
    visitor = browse("console.localhost")
    assert (await use_passkey(visitor, device, next="/console/")).headers["location"] == "/console/"
    assert (await visitor.get("/console/")).status_code == 200
