"""Where somebody is signed in, and ending it."""

import pytest
from headgate_kernel.identity.devices import is_known
from headgate_kernel.identity.session_list import end_other_sessions, end_session, list_sessions
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.user_agents import device_words
from headgate_sdk.errors import NotFound

PHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.50"


@pytest.fixture
def session_of(house, tenant):
    async def find(opened):
        return await house.sessions.find(opened.token, tenant.info.id)

    return find


async def test_the_list_says_what_where_and_when(house, opened, session_of, tenant, address, clock):
    await opened(method="passkey", user_agent=PHONE)
    here = await session_of(await opened(user_agent="headgate-import/2.1"))
    one, other = await list_sessions(house, here, tenant.info.id)
    assert (one.current, one.browser, one.system, one.method) == (True, "headgate-import", "", "password")
    assert (other.current, other.browser, other.system, other.method) == (
        False,
        "WeChat",
        "iPhone",
        "passkey",
    )
    assert other.address == address
    assert other.opened_at == clock.moment


async def test_only_ones_own_at_this_host_are_listed(house, opened, session_of, tenant, clock):
    await opened("reader")
    here = await session_of(await opened())
    assert [one.current for one in await list_sessions(house, here, tenant.info.id)] == [True]
    assert await list_sessions(house, here, None) == []


async def test_ending_one_ends_it_at_once_and_forgets_its_browser(
    house, opened, session_of, somebody, tenant, address, trail
):
    person, other = await somebody(), await opened(device="")
    here = await session_of(await opened(device=None))
    theirs = await session_of(other)
    await end_session(house, here, tenant.info.id, theirs.id, address=address)
    assert await session_of(other) is NOBODY
    async with house.databases.platform_scope() as db:
        assert not await is_known(db, person.id, other.device)
    assert [entry[0] for entry in await trail("session.end")] == ["session.end"]


async def test_somebody_elses_session_is_not_there(house, opened, session_of, tenant, other_tenant, address):
    reader = await session_of(await opened("reader"))
    here = await session_of(await opened())
    with pytest.raises(NotFound):
        await end_session(house, here, tenant.info.id, reader.id, address=address)
    with pytest.raises(NotFound):
        await end_session(house, here, other_tenant.info.id, here.id, address=address)
    assert (await house.sessions.find((await opened("reader")).token, tenant.info.id)).actor.name == "Reader"


async def test_ending_all_others_keeps_this_one_and_its_browser(
    house, opened, session_of, somebody, tenant, address
):
    person = await somebody()
    others = [await opened(device="") for _ in range(3)]
    mine = await opened(device="")
    here = await session_of(mine)
    assert await end_other_sessions(house, here, tenant.info.id, address=address) == 3
    assert [await session_of(other) is NOBODY for other in others] == [True] * 3
    assert (await session_of(mine)).actor.name == "Writer"
    async with house.databases.platform_scope() as db:
        assert await is_known(db, person.id, mine.device)
        assert not await is_known(db, person.id, others[0].device)


async def test_the_api_lists_and_ends_sessions(visit, opened, session_of, tenant):
    other, mine = await opened(user_agent=PHONE), await opened()
    client = visit(authorization=f"Bearer {mine.token}")
    listed = (await client.get("/api/v1/me/sessions")).json()
    assert [(one["current"], one["system"]) for one in listed] == [(True, ""), (False, "iPhone")]
    assert mine.token not in str(listed)
    ended = await client.delete(f"/api/v1/me/sessions/{listed[1]['id']}")
    assert ended.status_code == 204
    assert await session_of(other) is NOBODY
    missing = await client.delete(f"/api/v1/me/sessions/{listed[1]['id']}")
    assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
    await opened()
    assert (await client.delete("/api/v1/me/sessions")).json() == {"ended": 1}


@pytest.mark.parametrize(
    ("user_agent", "words"),
    [
        (PHONE, ("WeChat", "iPhone")),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/142.0 Safari/537.36 Edg/142.0", ("Edge", "Windows")),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605", ("Safari", "Mac")),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", ("Firefox", "Linux")),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/142.0 Mobile Safari/537.36", ("Chrome", "Android")),
        ("python-httpx/0.28.1", ("python-httpx", "")),
        ("", ("", "")),
        ("<script>alert(1)</script>", ("", "")),
        ("Mozilla/5.0", ("", "")),
    ],
)  # fmt: skip
def test_a_browser_in_words(user_agent, words):
    assert device_words(user_agent) == words
