"""Somebody who belongs to two distributors goes from one to the other; nobody else learns of it."""

from urllib.parse import urlsplit

import pytest
from headgate_kernel.identity.sessions import Session
from headgate_kernel.identity.switching import other_places, switch_place
from headgate_sdk.context import Actor
from headgate_sdk.errors import NotFound
from headgate_sdk.ids import new_id

from .staff import login_of


@pytest.fixture
async def both(kernel, tenant, other_tenant):
    """Make the writer of the one distributor a reader at the other, too."""
    async with kernel.databases.platform_scope() as db:
        person = await db.fetch_value(
            "SELECT person_id FROM membership WHERE tenant_id = $1 AND login = $2",
            tenant.info.id, login_of("writer", tenant.info.slug),
        )  # fmt: skip
        member = new_id()
        await db.execute(
            "INSERT INTO membership (tenant_id, id, person_id, login, name, kind) "
            "VALUES ($1, $2, $3, 'w@there.example', 'Known there as W', 'staff')",
            other_tenant.info.id, member, person,
        )  # fmt: skip
        await db.execute(
            "INSERT INTO membership_role (tenant_id, membership_id, role_id) "
            "SELECT $1, $2, id FROM role WHERE tenant_id = $1 AND key = 'reader'",
            other_tenant.info.id, member,
        )  # fmt: skip
    return person


async def test_who_belongs_to_two_goes_over_without_a_password(
    tenant, other_tenant, both, client_for, browse
):
    here = await client_for(tenant, "writer")
    listed = await here.get("/switch")
    assert other_tenant.info.name in listed.text
    assert listed.headers["cache-control"] == "no-store"
    sent = await here.post(f"/switch/{other_tenant.info.slug}")
    assert sent.status_code == 303
    target = urlsplit(sent.headers["location"])
    assert target.hostname == f"{other_tenant.info.slug}.localhost"
    there = browse(target.hostname)
    arrived = await there.get(f"{target.path}?{target.query}")
    assert arrived.status_code == 303
    assert "Known there as W" in (await there.get("/sample/notes")).text
    again = browse(target.hostname)
    assert (await again.get(f"{target.path}?{target.query}")).status_code >= 400


async def test_the_menu_lists_the_others_when_it_is_opened(tenant, other_tenant, both, client_for):
    here = await client_for(tenant, "writer")
    page = await here.get("/sample/notes")
    assert other_tenant.info.name not in page.text
    menu = await here.get("/switch", headers={"hx-request": "true", "hx-target": "switch-places"})
    assert f"/switch/{other_tenant.info.slug}" in menu.text
    assert "<html" not in menu.text


async def test_others_see_nothing_of_it(tenant, other_tenant, both, client_for):
    for role in ("owner", "reader", "buyer"):
        client = await client_for(tenant, role)
        assert other_tenant.info.name not in (await client.get("/switch")).text
        assert (await client.post(f"/switch/{other_tenant.info.slug}")).status_code == 404


async def test_a_distributor_where_one_is_not_and_one_that_is_none_look_alike(
    tenant, other_tenant, client_for
):
    client = await client_for(tenant, "writer")
    answers = [await client.post(f"/switch/{slug}") for slug in (other_tenant.info.slug, "no-such-thing")]
    texts = {
        answer.text.replace(other_tenant.info.slug, "X").replace("no-such-thing", "X") for answer in answers
    }
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len(texts) == 1


async def test_neither_log_tells_the_other_distributor(kernel, tenant, other_tenant, both, client_for):
    here = await client_for(tenant, "writer")
    await here.post(f"/switch/{other_tenant.info.slug}")
    async with kernel.databases.platform_scope() as db:
        text = await db.fetch_value(
            "SELECT coalesce(string_agg(a::text, ' '), '') FROM audit_entry a WHERE tenant_id = $1",
            tenant.info.id,
        )  # fmt: skip
    assert other_tenant.info.slug not in text
    assert other_tenant.info.name not in text


@pytest.mark.parametrize("what", ["membership", "tenant"])
async def test_what_has_ended_or_is_suspended_is_not_offered(
    kernel, tenant, other_tenant, both, client_for, what
):
    here = await client_for(tenant, "writer")
    change = {
        "membership": "UPDATE membership SET state = 'ended' WHERE tenant_id = $1 AND person_id = $2",
        "tenant": "UPDATE tenant SET state = 'suspended' WHERE id = $1 AND $2::uuid IS NOT NULL",
    }[what]
    async with kernel.databases.platform_scope() as db:
        await db.execute(change, other_tenant.info.id, both)
    assert other_tenant.info.name not in (await here.get("/switch")).text
    assert (await here.post(f"/switch/{other_tenant.info.slug}")).status_code == 404


async def test_an_invitation_that_was_not_taken_up_leads_nowhere(
    kernel, tenant, other_tenant, both, client_for
):
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO invitation (tenant_id, id, token_hash, person_id, membership_id, sent_to, invited_by,
                                    created_at, expires_at)
            SELECT tenant_id, id, decode('00', 'hex'), person_id, id, 'w', 'o', now(),
                   now() + interval '1 day' FROM membership WHERE tenant_id = $1 AND person_id = $2
            """,
            other_tenant.info.id, both,
        )  # fmt: skip
    here = await client_for(tenant, "writer")
    assert other_tenant.info.name not in (await here.get("/switch")).text


@pytest.mark.parametrize("kind", ["impersonation", "token"])
async def test_an_operator_in_ones_place_and_a_token_go_nowhere(kernel, tenant, other_tenant, both, kind):
    actor = Actor("staff", "W", person_id=both, scopes=frozenset({"*"}) if kind == "token" else None)
    session = Session(actor, None, "W", impersonation_id=new_id() if kind == "impersonation" else None)
    assert await other_places(kernel.databases, session, tenant.info.id) == []
    with pytest.raises(NotFound):
        await switch_place(kernel, session, tenant.info.id, other_tenant.info.slug)


async def test_nobody_is_asked_to_sign_in(tenant, client_for):
    client = await client_for(tenant)
    assert (await client.get("/switch")).headers["location"].startswith("/sign-in")
