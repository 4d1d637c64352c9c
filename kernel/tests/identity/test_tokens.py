"""API tokens: issued once, narrowed, dead in time, and never a way to let anybody in."""

import asyncio
import re
from datetime import timedelta

import pytest
from headgate_kernel.identity.issued_tokens import NewToken, issue_token, list_tokens, revoke_token
from headgate_kernel.identity.member_changes import end_member, restore_member, set_member_roles
from headgate_kernel.identity.permissions import permission_groups
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.tokens import CACHE_SECONDS, Tokens
from headgate_sdk.clock import ManualClock
from headgate_sdk.errors import Conflict, Forbidden, Invalid, NotFound

from .staff import READ, WRITE, allow, login_of


@pytest.fixture
def acting(kernel, token_for):
    """Opens units of work of one of a tenant's people, as the gate knows them now."""

    async def context(tenant, role):
        session = await kernel.sessions.find(await token_for(tenant, role), tenant.info.id)
        return kernel.context(tenant, actor=session.actor)

    return context


@pytest.fixture
def issue(kernel, acting):
    """Issues tokens of a tenant's people."""

    async def give(tenant, role, *scopes, days=30):
        async with await acting(tenant, role) as ctx:
            groups = permission_groups(kernel.host, ctx.plugins)
            until = ctx.clock.now() + timedelta(days=days)
            return await issue_token(ctx, NewToken(f"for {role}", scopes, until), groups)

    return give


async def ids_of(kernel, tenant, role):
    async with kernel.context(tenant) as ctx:
        return await ctx.db.fetch_value(
            "SELECT id FROM membership WHERE tenant_id = $1 AND login = $2",
            tenant.info.id, login_of(role, tenant.info.slug),
        )  # fmt: skip


def bearer(token):
    return {"authorization": f"Bearer {token}"}


async def test_a_token_opens_what_its_scopes_and_its_owner_allow_together(tenant, issue, client_for):
    _, token = await issue(tenant, "owner", READ)
    client = await client_for(tenant, **bearer(token))
    assert (await client.get("/api/v1/sample/notes")).status_code == 200
    assert (await client.post("/api/v1/sample/notes", json={"text": "no"})).status_code == 403
    me = (await client.get("/api/v1/me")).json()
    assert me["scopes"] == [READ]


async def test_a_pattern_is_a_scope_like_another(tenant, issue, client_for):
    _, token = await issue(tenant, "owner", "sample.*")
    client = await client_for(tenant, **bearer(token))
    assert (await client.post("/api/v1/sample/notes", json={"text": "yes"})).status_code == 201


async def test_a_role_that_shrinks_narrows_the_token_within_two_seconds(kernel, tenant, issue, client_for):
    await allow(kernel, tenant, "writer", READ, WRITE, "headgate.tokens.write")
    _, token = await issue(tenant, "writer", READ, WRITE)
    client = await client_for(tenant, **bearer(token))
    assert (await client.post("/api/v1/sample/notes", json={"text": "yes"})).status_code == 201
    await allow(kernel, tenant, "writer", READ)  # as another process would: nothing is told to this one
    await asyncio.sleep(CACHE_SECONDS)
    assert (await client.post("/api/v1/sample/notes", json={"text": "no"})).status_code == 403
    assert (await client.get("/api/v1/sample/notes")).status_code == 200


async def test_what_the_owner_gains_later_is_not_the_tokens(kernel, tenant, issue, client_for):
    await allow(kernel, tenant, "reader", READ, "headgate.tokens.write")
    _, token = await issue(tenant, "reader", READ)
    await allow(kernel, tenant, "reader", "*")
    client = await client_for(tenant, **bearer(token))
    assert (await client.post("/api/v1/sample/notes", json={"text": "no"})).status_code == 403


async def test_a_token_dies_with_the_access_of_its_owner_and_stays_dead(
    kernel, tenant, issue, client_for, acting
):
    await allow(kernel, tenant, "writer", READ, "headgate.tokens.write")
    _, token = await issue(tenant, "writer", READ)
    client = await client_for(tenant, **bearer(token))
    assert (await client.get("/api/v1/sample/notes")).status_code == 200
    member = await ids_of(kernel, tenant, "writer")
    async with await acting(tenant, "owner") as ctx:
        await end_member(kernel, ctx, member)
    kernel.tokens.forget()
    assert (await client.get("/api/v1/sample/notes")).status_code == 401
    async with await acting(tenant, "owner") as ctx:
        await restore_member(kernel, ctx, member)
    kernel.tokens.forget()
    assert (await client.get("/api/v1/sample/notes")).status_code == 401


async def test_a_token_of_one_distributor_is_nothing_at_another(tenant, other_tenant, issue, client_for):
    _, token = await issue(tenant, "owner", "*")
    client = await client_for(other_tenant, **bearer(token))
    assert (await client.get("/api/v1/sample/notes")).status_code == 401


async def test_a_token_expires(kernel, tenant, issue):
    _, token = await issue(tenant, "owner", READ, days=1)
    now = kernel.clock.now()
    in_time = Tokens(kernel.databases, ManualClock(now + timedelta(hours=23)))
    too_late = Tokens(kernel.databases, ManualClock(now + timedelta(hours=25)))
    assert (await in_time.find(token, tenant.info.id)).actor.kind == "staff"
    assert await too_late.find(token, tenant.info.id) is NOBODY


async def test_a_mistyped_token_is_refused_without_the_database(kernel, tenant, issue):
    _, token = await issue(tenant, "owner", READ)
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")

    class NoDatabase:
        def platform_scope(self):
            raise AssertionError("the database was asked")

    tokens = Tokens(NoDatabase(), kernel.clock)
    assert await tokens.find(wrong, tenant.info.id) is NOBODY
    with pytest.raises(AssertionError, match="was asked"):
        await tokens.find(token, tenant.info.id)


async def test_only_a_hash_is_kept_and_last_use_is_told_roughly(kernel, tenant, issue, client_for):
    token_id, token = await issue(tenant, "owner", READ)
    client = await client_for(tenant, **bearer(token))
    await client.get("/api/v1/sample/notes")
    async with kernel.context(tenant) as ctx:
        row = await ctx.db.fetch_row(
            "SELECT *, t::text AS whole FROM api_token t WHERE tenant_id = $1 AND id = $2",
            tenant.info.id, token_id,
        )  # fmt: skip
    assert row["last_used_at"] is not None
    assert token not in row["whole"]
    assert token[4:20] not in row["whole"]
    assert row["hint"] == token[-4:]


async def test_a_token_opens_no_page_and_nothing_personal(tenant, issue, client_for):
    _, token = await issue(tenant, "owner", "*")
    client = await client_for(tenant, **bearer(token))
    for path in ("/sample/notes", "/settings/people", "/settings/tokens", "/", "/sign-in"):
        answer = await client.get(path)
        assert answer.status_code == 403, path
    assert (await client.delete("/api/v1/sessions/current")).status_code == 403
    assert (await client.get("/api/v1/sample/notes")).status_code == 200


async def test_in_a_cookie_a_token_is_nothing(tenant, issue, client_for, kernel):
    _, token = await issue(tenant, "owner", "*")
    client = await client_for(tenant)
    client.cookies.set("headgate_session", token)
    assert (await client.get("/api/v1/sample/notes")).status_code == 401


async def test_even_a_token_for_everything_lets_nobody_in(kernel, tenant, issue, client_for):
    """People, roles and tokens are closed to it, and so they stay whatever else it may do."""
    _, token = await issue(tenant, "owner", "*")
    client = await client_for(tenant, **bearer(token))
    member = await ids_of(kernel, tenant, "reader")
    tries = {
        "/api/v1/people": {"login": "new@thief.example", "name": "Thief", "role_ids": []},
        f"/api/v1/people/{member}/end": None,
        "/api/v1/roles": {"name": "All", "permissions": ["*"]},
        "/api/v1/tokens": {"name": "more", "scopes": [READ], "expires_at": "2030-01-01T00:00:00Z"},
    }
    for path, body in tries.items():
        answer = await client.post(path, json=body)
        assert answer.status_code == 403, (path, answer.text)
    assert (await client.get("/api/v1/tokens")).status_code == 403


@pytest.mark.parametrize("scope", ["*", "sample.*", WRITE, "headgate.plugins.write"])
async def test_nobody_puts_into_a_token_what_they_may_not_do(kernel, tenant, issue, scope):
    await allow(kernel, tenant, "reader", READ, "headgate.tokens.write")
    with pytest.raises(Forbidden):
        await issue(tenant, "reader", scope)


@pytest.mark.parametrize(
    "scope",
    [
        "headgate.people.write",
        "headgate.roles.write",
        "headgate.tokens.write",
        "headgate.sign_in.write",
        "headgate.support.write",
    ],
)
async def test_not_even_an_owner_makes_a_token_that_lets_people_in(tenant, issue, scope):
    with pytest.raises(Forbidden, match="No token may have"):
        await issue(tenant, "owner", scope)


@pytest.mark.parametrize("days", [0, -1, 366, 4_000])
async def test_a_token_lives_a_year_at_most(tenant, issue, days):
    with pytest.raises(Invalid) as refused:
        await issue(tenant, "owner", READ, days=days)
    assert refused.value.field == "expires_at"


@pytest.mark.parametrize(("scopes", "field"), [((), "scopes"), (("no.such.thing",), "scopes")])
async def test_scopes_must_exist(tenant, issue, scopes, field):
    with pytest.raises(Invalid) as refused:
        await issue(tenant, "owner", *scopes)
    assert refused.value.field == field


async def test_one_sees_ones_own_and_an_owner_everybodys(kernel, tenant, issue, acting, client_for):
    await allow(kernel, tenant, "writer", READ, "headgate.tokens.write")
    mine, token = await issue(tenant, "writer", READ)
    owners, _ = await issue(tenant, "owner", READ)
    async with await acting(tenant, "writer") as ctx:
        assert [one.id for one in await list_tokens(ctx)] == [mine]
        with pytest.raises(NotFound):
            await revoke_token(ctx, owners)
    async with await acting(tenant, "owner") as ctx:
        assert {one.id for one in await list_tokens(ctx)} == {mine, owners}
        await revoke_token(ctx, mine)
    kernel.tokens.forget()
    client = await client_for(tenant, **bearer(token))
    assert (await client.get("/api/v1/sample/notes")).status_code == 401


async def test_too_many_tokens_are_refused(kernel, tenant, issue, monkeypatch):
    monkeypatch.setattr("headgate_kernel.identity.issued_tokens.MOST_TOKENS", 2)
    await issue(tenant, "owner", READ)
    await issue(tenant, "owner", READ)
    with pytest.raises(Conflict):
        await issue(tenant, "owner", READ)


async def test_issuing_and_revoking_stand_in_the_audit_log_without_the_token(kernel, tenant, issue, acting):
    token_id, token = await issue(tenant, "owner", READ)
    async with await acting(tenant, "owner") as ctx:
        await revoke_token(ctx, token_id)
        rows = await ctx.db.fetch(
            "SELECT action, details FROM audit_entry WHERE tenant_id = $1 AND subject = $2 ORDER BY id",
            tenant.info.id, str(token_id),
        )  # fmt: skip
    assert [row["action"] for row in rows] == ["token.issue", "token.revoke"]
    assert READ in rows[0]["details"]
    assert token not in "".join(row["details"] for row in rows)


async def test_changed_roles_count_at_once_in_the_process_that_changed_them(
    kernel, tenant, issue, acting, client_for
):
    await allow(kernel, tenant, "writer", READ, "headgate.tokens.write")
    _, token = await issue(tenant, "writer", READ)
    client = await client_for(tenant, **bearer(token))
    assert (await client.get("/api/v1/sample/notes")).status_code == 200
    async with kernel.context(tenant) as ctx:
        buyer = await ctx.db.fetch_value(
            "SELECT id FROM role WHERE tenant_id = $1 AND key = 'buyer'", tenant.info.id
        )
        await set_member_roles(ctx, await ids_of_in(ctx, "writer"), [buyer])
    kernel.tokens.forget()
    assert (await client.get("/api/v1/sample/notes")).status_code == 403


async def ids_of_in(ctx, role):
    return await ctx.db.fetch_value(
        "SELECT id FROM membership WHERE tenant_id = $1 AND login = $2",
        ctx.tenant.id, login_of(role, ctx.tenant.slug),
    )  # fmt: skip


async def test_a_token_is_made_only_soon_after_a_proof_of_who_it_is(kernel, tenant, client_for, token_for):
    page = await client_for(tenant, "owner")
    program = await client_for(tenant, authorization=f"Bearer {await token_for(tenant, 'owner')}")
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "UPDATE session SET authenticated_at = authenticated_at - interval '11 minutes' "
            "WHERE tenant_id = $1",
            tenant.info.id,
        )
    form = {"name": "late", "scopes": READ, "days": "7"}
    for answer in (
        await page.get("/settings/tokens/new"),
        await page.post("/settings/tokens/new", data=form),
    ):
        assert answer.status_code == 303
        assert answer.headers["location"].startswith("/account/confirm")
    body = {"name": "late", "scopes": [READ], "expires_at": "2030-01-01T00:00:00Z"}
    refused = await program.post("/api/v1/tokens", json=body)
    assert (refused.status_code, refused.json()["code"]) == (403, "step_up_required")
    assert (await program.get("/api/v1/tokens")).json() == []


async def test_the_pages_issue_show_once_and_revoke(kernel, tenant, client_for):
    client = await client_for(tenant, "owner")
    form = {"name": "ERP <b>", "scopes": [READ, "sample.*"], "days": "30"}
    shown = await client.post("/settings/tokens/new", data=form)
    token = re.search(r"hgt_[0-9A-Za-z]{49}", shown.text).group()
    assert shown.headers["cache-control"] == "no-store"
    listed = await client.get("/settings/tokens")
    assert token not in listed.text
    assert "ERP &lt;b&gt;" in listed.text
    program = await client_for(tenant, **bearer(token))
    assert (await program.get("/api/v1/sample/notes")).status_code == 200
    token_id = (await client.get("/api/v1/tokens")).json()[0]["id"]
    assert (await client.post(f"/settings/tokens/{token_id}/revoke")).status_code == 303
    assert (await program.get("/api/v1/sample/notes")).status_code == 401
