"""Sessions: what the database holds, how they end, and where they count."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest
from headgate_kernel.identity import sessions as module
from headgate_kernel.identity.session_limits import CUSTOMER, IMPERSONATION, OPERATOR, STAFF
from headgate_kernel.identity.sessions import NOBODY, SessionPlace, Sessions

from .conftest import START

SECOND = timedelta(seconds=1)


@pytest.fixture
def fresh(kernel, clock, monkeypatch):
    """Sessions that look into the database each time."""
    monkeypatch.setattr(module, "CACHE_SECONDS", 0.0)
    return Sessions(kernel.databases, clock)


@pytest.fixture
def begin(kernel, clock, somebody, tenant):
    """Opens a session with limits, without the ways of a sign-in."""

    async def go(limits=STAFF, *, tenant_id=tenant.info.id, **more):
        person = await somebody()
        place = SessionPlace(person.id, tenant_id, person.membership_id if tenant_id else None)
        async with kernel.databases.platform_scope() as db:
            return await Sessions(kernel.databases, clock).insert(
                db, place, limits, method="password", **more
            )

    return go


async def test_the_database_holds_only_the_tokens_hash(kernel, begin):
    token = await begin(user_agent="x" * 400)
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT session::text AS text, user_agent FROM session")
    assert len(token) >= 43
    assert not any(token in row["text"] or token.encode().hex() in row["text"] for row in rows)
    assert max(len(row["user_agent"]) for row in rows) == 300


async def test_a_session_tells_who_it_is(fresh, begin, tenant):
    found = await fresh.find(await begin(), tenant.info.id)
    assert (found.actor.kind, found.actor.name, found.actor.role_name) == ("staff", "Writer", "Writer")
    assert (found.state, found.method, found.authenticated_at) == ("open", "password", START)
    assert found.actor.permissions == {"sample.notes.*"}
    assert found.actor.allowed("sample.notes.write")
    assert not found.actor.allowed("sample.other")


async def test_somebody_without_permissions_has_none(kernel, tenant, token_for):
    found = await kernel.sessions.find(await token_for(tenant, "buyer"), tenant.info.id)
    assert found.actor.permissions == frozenset()


@pytest.mark.parametrize("token", ["", "x", "a" * 5000, "\x00", "é"])
async def test_a_made_up_token_is_nobody(fresh, tenant, token):
    assert await fresh.find(token, tenant.info.id) is NOBODY


@pytest.mark.parametrize("limits", [STAFF, CUSTOMER, OPERATOR, IMPERSONATION], ids=lambda one: str(one.idle))
async def test_a_session_ends_when_its_time_is_over_however_much_it_is_used(
    fresh, begin, clock, tenant, limits
):
    token = await begin(limits)
    while clock.moment + limits.idle / 2 < START + limits.absolute:
        clock.moment += limits.idle / 2
        assert (await fresh.find(token, tenant.info.id)).actor.name == "Writer"
    clock.moment = START + limits.absolute
    assert await fresh.find(token, tenant.info.id) is NOBODY


@pytest.mark.parametrize("limits", [STAFF, CUSTOMER, OPERATOR, IMPERSONATION], ids=lambda one: str(one.idle))
async def test_a_session_ends_when_it_is_not_used(fresh, begin, clock, tenant, limits):
    token = await begin(limits)
    clock.moment += limits.idle - SECOND
    assert (await fresh.find(token, tenant.info.id)).actor.name == "Writer"
    clock.moment += limits.idle
    assert await fresh.find(token, tenant.info.id) is NOBODY


def test_operators_sessions_are_the_shortest_and_buyers_the_longest():
    assert OPERATOR.idle < STAFF.idle < CUSTOMER.idle
    assert OPERATOR.absolute < STAFF.absolute < CUSTOMER.absolute
    assert IMPERSONATION.absolute <= timedelta(hours=1)


async def test_signing_out_ends_a_session_at_once_although_it_is_held(kernel, clock, begin, tenant):
    sessions = Sessions(kernel.databases, clock)
    token = await begin()
    assert (await sessions.find(token, tenant.info.id)).actor.name == "Writer"
    await sessions.end(token)
    assert await sessions.find(token, tenant.info.id) is NOBODY


async def test_a_session_that_ends_while_it_is_read_is_not_held(kernel, clock, begin, tenant, monkeypatch):
    sessions = Sessions(kernel.databases, clock)
    token = await begin()
    read = Sessions._read

    async def read_slowly(self, *key):
        found = await read(self, *key)
        await self.end(token)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Sessions, "_read", read_slowly)
        assert (await sessions.find(token, tenant.info.id)).actor.name == "Writer"
    assert await sessions.find(token, tenant.info.id) is NOBODY


async def test_another_process_learns_of_a_sign_out_in_time(kernel, clock, begin, tenant, monkeypatch):
    one, other = Sessions(kernel.databases, clock), Sessions(kernel.databases, clock)
    token = await begin()
    assert (await other.find(token, tenant.info.id)).actor.name == "Writer"
    await one.end(token)
    assert module.CACHE_SECONDS <= 2
    monkeypatch.setattr(module, "CACHE_SECONDS", 0.0)
    assert await other.find(token, tenant.info.id) is NOBODY


async def test_ending_all_but_one_leaves_that_one(kernel, clock, begin, somebody, tenant):
    sessions = Sessions(kernel.databases, clock)
    tokens = [await begin() for _ in range(3)]
    held = [await sessions.find(token, tenant.info.id) for token in tokens]
    person = await somebody()
    async with kernel.databases.platform_scope() as db:
        assert await sessions.end_all(db, person.id, but=held[1].id) == 2
    assert [(await sessions.find(token, tenant.info.id)) is NOBODY for token in tokens] == [True, False, True]


async def test_an_end_that_is_undone_ends_nothing(kernel, clock, begin, somebody, tenant):
    sessions = Sessions(kernel.databases, clock)
    token, person = await begin(), await somebody()
    with pytest.raises(ZeroDivisionError):
        async with kernel.databases.platform_scope() as db:
            await sessions.end_all(db, person.id)
            raise ZeroDivisionError
    assert (await sessions.find(token, tenant.info.id)).actor.name == "Writer"


async def test_a_renewed_session_has_another_token_and_the_old_one_is_worth_nothing(
    kernel, clock, begin, tenant
):
    sessions = Sessions(kernel.databases, clock)
    before = await begin()
    held = await sessions.find(before, tenant.info.id)
    clock.moment += timedelta(hours=1)
    async with kernel.databases.platform_scope() as db:
        after, left = await sessions.renew(db, held.id)
    assert await sessions.find(before, tenant.info.id) is NOBODY
    found = await sessions.find(after, tenant.info.id)
    assert (found.id, found.authenticated_at) == (held.id, clock.moment)
    assert left == STAFF.absolute - timedelta(hours=1)  # renewing makes no session longer


async def test_a_session_is_renewed_once_at_a_time(kernel, fresh, begin, tenant):
    held = await fresh.find(await begin(), tenant.info.id)

    async def renew():
        async with kernel.databases.platform_scope() as db:
            return await fresh.renew(db, held.id)

    results = [one for one in await asyncio.gather(*(renew() for _ in range(4))) if one]
    alive = [token for token, _ in results if await fresh.find(token, tenant.info.id) is not NOBODY]
    assert len(alive) == 1


async def test_a_session_counts_at_its_own_tenant_only(fresh, begin, tenant, other_tenant):
    token = await begin()
    assert await fresh.find(token, other_tenant.info.id) is NOBODY
    assert await fresh.find(token, None) is NOBODY
    assert (await fresh.find(token, tenant.info.id)).actor.name == "Writer"


async def test_a_session_of_the_console_is_worth_nothing_to_who_is_no_operator(fresh, begin, tenant):
    token = await begin(tenant_id=None)
    assert await fresh.find(token, None) is NOBODY
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_a_session_of_an_impersonation_that_nobody_answers_for_is_nobodys(fresh, begin, tenant):
    token = await begin(impersonation_id=uuid4())
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_a_membership_that_ends_ends_its_sessions(kernel, fresh, begin, tenant):
    token = await begin()
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1", tenant.info.id)
    assert await fresh.find(token, tenant.info.id) is NOBODY


async def test_a_role_that_changes_counts_from_the_next_look(kernel, fresh, begin, tenant):
    token = await begin()
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


async def test_a_session_in_use_is_held_and_not_read_again(kernel, clock, begin, tenant, monkeypatch):
    sessions = Sessions(kernel.databases, clock)
    token = await begin()
    first = await sessions.find(token, tenant.info.id)
    monkeypatch.setattr(Sessions, "_read", None)
    assert await sessions.find(token, tenant.info.id) is first


async def test_sessions_that_are_over_are_removed(kernel, fresh, begin, clock):
    async def count():
        async with kernel.databases.platform_scope() as db:
            return await db.fetch_value(
                "SELECT count(*) FROM session WHERE token_hash = ANY($1)",
                [module.hash_token(token) for token in tokens],
            )

    tokens = [await begin(), await begin(CUSTOMER)]
    clock.moment = START + STAFF.idle + SECOND
    await fresh.drop_expired()
    assert await count() == 1
    clock.moment = START + CUSTOMER.absolute + SECOND
    await fresh.drop_expired()
    assert await count() == 0


async def test_the_app_role_sees_no_sessions_at_all(kernel, tenant):
    with pytest.raises(Exception, match="permission denied"):
        async with kernel.context(tenant) as ctx:
            await ctx.db.fetch("SELECT * FROM session")
