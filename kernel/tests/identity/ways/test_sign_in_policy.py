"""Which ways are open at a distributor, and what a sign-in through its provider is worth elsewhere."""

import pytest
from headgate_kernel.identity.oidc.exchange import Identity
from headgate_kernel.identity.oidc.settings import SsoForm, client_of_tenant, save_sso, stored_client
from headgate_kernel.identity.oidc.staff import link_member, list_links, unlink_member
from headgate_kernel.identity.opening import open_session
from headgate_kernel.identity.sign_in import sign_in
from headgate_kernel.identity.sign_in_policy import (
    SignInPolicy,
    SsoRequired,
    Ways,
    read_policy,
    read_ways,
    save_phone_policy,
)
from headgate_kernel.identity.switching import other_places
from headgate_sdk.context import Actor
from headgate_sdk.errors import Forbidden, InvalidFields, NotFound
from headgate_sdk.secrets import Secret

PASSWORD = "correct horse battery"
GOOD = {"sso": "required", "name": "Keycloak", "issuer": "https://id.example", "client_id": "headgate"}


async def decide(kernel, tenant, actor=None, **more):
    async with kernel.context(tenant, **({"actor": actor} if actor else {})) as ctx:
        await save_sso(ctx, SsoForm(**(GOOD | more)))


async def opened(kernel, tenant, whose, method):
    return await open_session(
        kernel, person_id=whose.person_id, tenant_id=tenant.info.id, method=method, address="192.0.2.1",
        user_agent="tests",
    )  # fmt: skip


async def test_at_first_customers_get_codes_and_nobody_is_sent_away(kernel, tenant):
    async with kernel.databases.platform_scope() as db:
        assert await read_policy(db, tenant.info.id) == SignInPolicy()
        assert await read_ways(db, tenant.info.id) == Ways(sso="", phone=True)


async def test_what_is_offered_stands_on_the_sign_in_page(kernel, tenant, client_for):
    await decide(kernel, tenant, sso="offered")
    async with kernel.context(tenant) as ctx:
        await save_phone_policy(ctx, customers=False, staff=False)
    page = (await (await client_for(tenant)).get("/sign-in")).text
    assert "Sign in with Keycloak" in page
    assert "/sign-in/phone" not in page
    async with kernel.context(tenant) as ctx:
        await save_phone_policy(ctx, customers=False, staff=True)
    await decide(kernel, tenant, sso="off")
    page = (await (await client_for(tenant)).get("/sign-in")).text
    assert "Keycloak" not in page
    assert "/sign-in/phone" in page


@pytest.mark.parametrize("method", ["password", "passkey", "phone_code", "handoff", "invitation", "reset"])
async def test_where_it_is_required_staff_come_through_the_provider(kernel, tenant, somebody, method):
    reader = await somebody(tenant, "reader")
    await opened(kernel, tenant, reader, method)
    await decide(kernel, tenant)
    with pytest.raises(SsoRequired, match="Keycloak is where staff sign in"):
        await opened(kernel, tenant, reader, method)
    await opened(kernel, tenant, reader, "oidc")


async def test_owners_and_customers_may_still_come_another_way(kernel, tenant, somebody):
    await decide(kernel, tenant)
    for role in ("owner", "buyer"):
        await opened(kernel, tenant, await somebody(tenant, role), "password")


async def test_another_distributor_decides_for_itself(kernel, tenant, other_tenant, somebody):
    await decide(kernel, tenant)
    await opened(kernel, other_tenant, await somebody(other_tenant, "reader"), "password")


async def test_a_password_is_refused_with_words_and_the_way_on(kernel, tenant, client_for):
    await decide(kernel, tenant)
    client = await client_for(tenant)
    form = {"login": f"reader@{tenant.info.slug}.example", "password": PASSWORD}
    answer = await client.post("/sign-in", data=form)
    assert answer.status_code == 403
    assert "Keycloak is where staff sign in" in answer.text
    assert 'href="/sign-in/sso?next=' in answer.text
    answer = await client.post("/api/v1/sessions", json=form)
    assert (answer.status_code, answer.json()["code"]) == (403, "sso_required")


async def test_who_guesses_is_not_told_of_it(kernel, tenant):
    await decide(kernel, tenant)
    with pytest.raises(Exception, match="do not fit together") as caught:
        await sign_in(
            kernel, tenant_id=tenant.info.id, login=f"reader@{tenant.info.slug}.example", password="wrong",
            address="192.0.2.9", user_agent="tests", region="CN",
        )  # fmt: skip
    assert not isinstance(caught.value, SsoRequired)


async def test_only_an_owner_decides_about_the_provider(kernel, tenant, somebody):
    manager = Actor("staff", "Manager", permissions=frozenset({"headgate.*"}))
    with pytest.raises(Forbidden, match="Only an owner"):
        await decide(kernel, tenant, actor=manager)
    await decide(kernel, tenant, actor=Actor("staff", "Boss", permissions=frozenset({"*"})))


async def test_what_is_decided_is_audited_without_the_secret(kernel, tenant, audited):
    await decide(kernel, tenant, client_secret=Secret("very secret"))
    [(_, details)] = await audited(tenant, "sign_in.sso")
    assert (details["before"]["sso"], details["after"]["sso"]) == ("off", "required")
    assert (details["new_secret"], details["after"]["has_secret"]) == (True, True)
    assert "very secret" not in str(details)


async def test_a_secret_is_kept_sealed_until_it_is_thrown_away(kernel, tenant):
    async def kept():
        async with kernel.databases.platform_scope() as db:
            raw = await db.fetch_value(
                "SELECT client_secret FROM sign_in_policy WHERE tenant_id = $1", tenant.info.id
            )
            client = await stored_client(kernel, db, tenant.info.id)
        assert raw is None or b"first" not in bytes(raw)
        return client.client_secret.reveal() if client.client_secret else None

    await decide(kernel, tenant, client_secret=Secret("first secret"))
    assert await kept() == "first secret"
    await decide(kernel, tenant)
    assert await kept() == "first secret"
    await decide(kernel, tenant, public_client=True)
    assert await kept() is None
    await decide(kernel, tenant, client_secret=Secret("first again"))
    await decide(kernel, tenant, issuer="https://other.example")
    assert await kept() is None, "what one provider gave us is not shown to another"


async def test_a_provider_that_is_off_has_no_clients(kernel, tenant):
    await decide(kernel, tenant, sso="off")
    async with kernel.databases.platform_scope() as db:
        assert await client_of_tenant(kernel, db, tenant.info.id) is None
        assert (await stored_client(kernel, db, tenant.info.id)).issuer == "https://id.example"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"issuer": ""}, "issuer"),
        ({"issuer": "x" * 400}, "issuer"),
        ({"client_id": " "}, "client_id"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"client_secret": Secret("密码")}, "client_secret"),
        ({"sso": "perhaps"}, "sso"),
        ({"domains": "company"}, "domains"),
        ({"domains": "a b.example"}, "domains"),
        ({"domains": " ".join(f"d{n}.example" for n in range(51)), "role": "reader"}, "domains"),
        ({"domains": "company.example"}, "role"),
        ({"domains": "company.example", "role": "nothing"}, "role"),
        ({"domains": "company.example", "role": "owner"}, "role"),
    ],
    ids=str,
)
async def test_what_cannot_be_kept_names_its_field(kernel, tenant, change, field):
    with pytest.raises(InvalidFields) as caught:
        await decide(kernel, tenant, **change)
    assert field in [problem.field for problem in caught.value.problems]


async def test_links_are_listed_and_taken_back(kernel, tenant, somebody):
    reader = await somebody(tenant, "reader")
    async with kernel.context(tenant) as ctx:
        identity = Identity("https://id.example", "s-1", "r@id.example", False, "R")
        await link_member(ctx, reader.membership_id, identity, name="Reader")
        [link] = await list_links(ctx)
        assert (link.name, link.email) == ("Reader", "r@id.example")
        await unlink_member(ctx, link.id)
        assert await list_links(ctx) == []
        with pytest.raises(NotFound):
            await unlink_member(ctx, link.id)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/account/password"), ("POST", "/account/logins"), ("GET", "/account/second-factor/setup"),
     ("GET", "/account/passkeys"), ("POST", "/account/passkeys"), ("POST", "/account/sso/connect")],
)  # fmt: skip
async def test_a_provider_of_one_distributor_changes_nobodys_account(
    kernel, tenant, somebody, browse, method, path
):
    """Whoever runs a distributor's provider could else become anybody everywhere."""
    reader = await somebody(tenant, "reader")
    for way, words in (("password", False), ("oidc", True)):
        token = (await opened(kernel, tenant, reader, way)).token
        client = browse(f"{tenant.info.slug}.localhost", cookie=f"headgate_session={token}")
        answer = await client.request(method, path, data={} if method == "POST" else None)
        assert ("vouches for you here only" in answer.text) == words
        assert (answer.status_code == 403) == words


async def test_a_provider_of_one_distributor_opens_no_other(kernel, tenant, other_tenant, somebody):
    reader = await somebody(tenant, "reader")
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO membership (tenant_id, id, person_id, login, name, kind)
            VALUES ($1, gen_random_uuid(), $2, 'reader', 'Reader', 'staff')
            """,
            other_tenant.info.id, reader.person_id,
        )  # fmt: skip
    for method, places in (("password", [other_tenant.info.slug]), ("oidc", [])):
        token = (await opened(kernel, tenant, reader, method)).token
        session = await kernel.sessions.find(token, tenant.info.id)
        found = await other_places(kernel.databases, session, tenant.info.id)
        assert [place.slug for place in found] == places
