"""From host to host: a code that is good for one minute, once, and at one distributor."""

import asyncio

import pytest
from headgate_kernel.identity.handoffs import GOOD_FOR, create_handoff, redeem_handoff
from headgate_kernel.identity.memberships import save_members
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.switching import other_places
from headgate_sdk.blueprint import PersonEntry
from headgate_sdk.errors import Forbidden, Invalid


@pytest.fixture
def code(house, clock, somebody, tenant):
    async def make(role="writer", **more):
        person = await somebody(role)
        path = await create_handoff(house, person_id=person.id, tenant_id=tenant.info.id, **more)
        assert path.startswith("/handoff?code=")
        return path.partition("=")[2]

    return make


@pytest.fixture
def redeem(house, tenant, address):
    async def go(code, tenant_id=tenant.info.id):
        return await redeem_handoff(
            house, code, tenant_id=tenant_id, address=address, user_agent="tests", device=None
        )

    return go


async def test_a_code_opens_a_session(house, code, redeem, tenant):
    opened = await redeem(await code())
    found = await house.sessions.find(opened.token, tenant.info.id)
    assert (found.actor.name, found.method) == ("Writer", "handoff")


async def test_a_code_counts_once_also_twice_at_once(code, redeem):
    made = await code()
    results = await asyncio.gather(*(redeem(made) for _ in range(4)), return_exceptions=True)
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, Invalid) for result in results if isinstance(result, BaseException))


async def test_a_code_is_good_for_a_minute(code, redeem, clock):
    made = await code()
    clock.moment += GOOD_FOR
    with pytest.raises(Invalid, match="too old"):
        await redeem(made)


async def test_a_code_of_one_distributor_is_worth_nothing_at_another(code, redeem, other_tenant):
    made = await code()
    with pytest.raises(Invalid):
        await redeem(made, other_tenant.info.id)
    assert await redeem(made)  # and the failed try did not use it up


@pytest.mark.parametrize("wrong", ["", "x", "\0", "é" * 3000])
async def test_a_made_up_code_opens_nothing(redeem, clock, wrong):
    with pytest.raises(Invalid):
        await redeem(wrong)


async def test_who_has_lost_their_place_meanwhile_gets_none(kernel, code, redeem, tenant):
    made = await code()
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1", tenant.info.id)
    with pytest.raises(Forbidden):
        await redeem(made)


async def test_the_database_holds_only_the_codes_hash(kernel, code):
    made = await code()
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT h::text AS text FROM handoff h")
    assert rows
    assert not any(made in row["text"] for row in rows)


async def test_the_browser_follows_it_and_is_signed_in(house, visit, code, tenant):
    browser = visit(**{"sec-fetch-site": "same-site"})
    answer = await browser.get(f"/handoff?code={await code()}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert (await browser.get("/sample/signed-in")).text == "hello Writer"
    again = await browser.get("/handoff?code=used")
    assert again.status_code == 422
    assert "used already" in again.text


async def test_the_session_that_the_browser_had_ends(house, visit, opened, code, tenant):
    before = await opened("reader")
    browser = visit(token=before.token)
    await browser.get(f"/handoff?code={await code()}")
    assert await house.sessions.find(before.token, tenant.info.id) is NOBODY
    assert (await browser.get("/sample/signed-in")).text == "hello Writer"


async def test_who_came_in_by_a_distributors_identity_provider_goes_nowhere_else(
    kernel, house, opened, somebody, tenant, other_tenant
):
    """Else whoever runs the provider could go to any distributor as anybody who belongs to both."""
    person = await somebody()
    async with kernel.context(other_tenant) as ctx:
        await save_members(
            ctx, [PersonEntry(person.login, "Writer", "staff", ("owner",))], {person.login: person.id}
        )
    found = {}
    for method in ("password", "passkey", "oidc"):
        session = await house.sessions.find((await opened(method=method)).token, tenant.info.id)
        places = await other_places(house.databases, session, tenant.info.id)
        found[method] = [place.slug for place in places]
    there = [other_tenant.info.slug]
    assert found == {"password": there, "passkey": there, "oidc": []}
