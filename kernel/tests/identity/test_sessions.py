"""Sessions: what the database holds, how they end, and where they count."""

from datetime import UTC, datetime, timedelta

import pytest
from headgate_kernel.identity import sessions as module
from headgate_kernel.identity.sessions import IDLE, LIFETIME, NOBODY, Sessions
from headgate_sdk.clock import ManualClock

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def clock():
    return ManualClock(NOON)


@pytest.fixture
def fresh(kernel, clock, monkeypatch):
    """Sessions that look into the database each time."""
    monkeypatch.setattr(module, "CACHE_SECONDS", 0.0)
    return Sessions(kernel.databases, clock)


@pytest.fixture
async def member(kernel, tenant):
    async with kernel.databases.platform_scope() as db:
        return await db.fetch_row(
            "SELECT id, person_id FROM membership WHERE tenant_id = $1 AND login = $2",
            tenant.info.id, f"writer@{tenant.info.slug}.example",
        )  # fmt: skip


@pytest.fixture
def opened(fresh, member, tenant):
    async def go(tenant_id=tenant.info.id):
        return await fresh.open(
            member["person_id"], tenant_id, member["id"] if tenant_id else None, "x" * 400
        )

    return go


async def test_the_database_holds_only_the_tokens_hash(kernel, opened):
    token = await opened()
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT session::text AS text, user_agent FROM session")
    assert len(token) >= 43
    assert not any(token in row["text"] or token.encode().hex() in row["text"] for row in rows)
    assert max(len(row["user_agent"]) for row in rows) == 300


async def test_a_session_tells_who_it_is(fresh, opened, tenant):
    found = await fresh.find(await opened(), tenant.info.id)
    assert (found.actor.kind, found.actor.name, found.actor.role_name) == ("staff", "Writer", "Writer")
    assert found.actor.permissions == {"sample.notes.*"}
    assert found.actor.allowed("sample.notes.write")
    assert not found.actor.allowed("sample.other")


async def test_somebody_without_permissions_has_none(kernel, fresh, tenant, token_for):
    found = await fresh.find(await token_for(tenant, "buyer"), tenant.info.id)
    assert found.actor.permissions == frozenset()


@pytest.mark.parametrize("token", ["", "x", "a" * 5000, "\x00", "é"])
async def test_a_made_up_token_is_nobody(fresh, tenant, token):
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_a_session_ends_when_its_time_is_over(fresh, opened, clock, tenant):
    token = await opened()
    while clock.moment < NOON + LIFETIME - timedelta(days=1):
        clock.moment += timedelta(days=1)
        assert (await fresh.find(token, tenant.info.id)).actor.name == "Writer"
    clock.moment = NOON + LIFETIME
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_a_session_ends_when_it_is_not_used(fresh, opened, clock, tenant):
    token = await opened()
    clock.moment += IDLE - timedelta(seconds=1)
    assert (await fresh.find(token, tenant.info.id)).actor.name == "Writer"
    clock.moment += IDLE
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_signing_out_ends_a_session_at_once_although_it_is_held(kernel, clock, member, tenant):
    sessions = Sessions(kernel.databases, clock)
    token = await sessions.open(member["person_id"], tenant.info.id, member["id"], "")
    assert (await sessions.find(token, tenant.info.id)).actor.name == "Writer"
    await sessions.end(token)
    assert await sessions.find(token, tenant.info.id) is NOBODY


async def test_a_session_that_ends_while_it_is_read_is_not_held(kernel, clock, member, tenant, monkeypatch):
    sessions = Sessions(kernel.databases, clock)
    token = await sessions.open(member["person_id"], tenant.info.id, member["id"], "")
    read = Sessions._read

    async def read_slowly(self, *key):
        found = await read(self, *key)
        await self.end(token)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Sessions, "_read", read_slowly)
        assert (await sessions.find(token, tenant.info.id)).actor.name == "Writer"
    assert await sessions.find(token, tenant.info.id) is NOBODY


async def test_another_process_learns_of_a_sign_out_in_time(kernel, clock, member, tenant, monkeypatch):
    one, other = Sessions(kernel.databases, clock), Sessions(kernel.databases, clock)
    token = await one.open(member["person_id"], tenant.info.id, member["id"], "")
    assert (await other.find(token, tenant.info.id)).actor.name == "Writer"
    await one.end(token)
    assert module.CACHE_SECONDS <= 2
    monkeypatch.setattr(module, "CACHE_SECONDS", 0.0)
    assert await other.find(token, tenant.info.id) is NOBODY


async def test_a_session_counts_at_its_own_tenant_only(fresh, opened, tenant, other_tenant):
    token = await opened()
    assert await fresh.find(token, other_tenant.info.id) is NOBODY
    assert await fresh.find(token, None) is NOBODY
    assert (await fresh.find(token, tenant.info.id)).actor.name == "Writer"


async def test_a_session_of_the_console_is_worth_nothing_to_who_is_no_operator(fresh, opened, tenant):
    token = await opened(None)
    assert await fresh.find(token, None) is NOBODY
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_a_membership_that_ends_ends_its_sessions(kernel, fresh, opened, tenant):
    token = await opened()
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1", tenant.info.id)
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_a_role_that_changes_counts_from_the_next_look(kernel, fresh, opened, tenant):
    token = await opened()
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE role SET permissions = '{}' WHERE tenant_id = $1 AND key = 'writer'", tenant.info.id
        )
    assert (await fresh.find(token, tenant.info.id)).actor.permissions == frozenset()


async def test_the_memory_for_sessions_is_bounded(kernel, clock, tenant, monkeypatch):
    monkeypatch.setattr(module, "CACHE_ENTRIES", 3)
    sessions = Sessions(kernel.databases, clock)
    for number in range(10):
        await sessions.find(f"made up {number}", tenant.info.id)
    assert len(sessions._cache) <= 3


async def test_sessions_that_are_over_are_removed(kernel, fresh, opened, clock):
    token = await opened()
    async with kernel.databases.platform_scope() as db:
        before = await db.fetch_value(
            "SELECT count(*) FROM session WHERE token_hash = $1", module._hash(token)
        )
    clock.moment = NOON + LIFETIME + timedelta(seconds=1)
    await fresh.drop_expired()
    async with kernel.databases.platform_scope() as db:
        after = await db.fetch_value(
            "SELECT count(*) FROM session WHERE token_hash = $1", module._hash(token)
        )
    assert (before, after) == (1, 0)


async def test_the_app_role_sees_no_sessions_at_all(kernel, tenant):
    with pytest.raises(Exception, match="permission denied"):
        async with kernel.context(tenant) as ctx:
            await ctx.db.fetch("SELECT * FROM session")
