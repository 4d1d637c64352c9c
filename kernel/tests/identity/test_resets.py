"""Forgotten passwords: who gets a link, what it does, and what nobody learns."""

import asyncio
from datetime import timedelta

import pytest
from headgate_kernel.identity.pace import TooManyTries
from headgate_kernel.identity.resets import BY_ADDRESS, BY_LOGIN, GOOD_FOR, request_reset, use_reset
from headgate_kernel.identity.second_factor import set_up_totp
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.sign_in import sign_in
from headgate_kernel.identity.totp import waiting_setup
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sdk.errors import HeadgateError, Invalid, NotFound

from .codes import code_of
from .conftest import PASSWORD

GOOD = "ribbon lantern gravel 42"


@pytest.fixture
def ask(house, clock, tenant, address):
    async def go(login, *, tenant_id=tenant.info.id, address=address, region="CN"):
        await request_reset(house, tenant_id, login, region=region, address=address)

    return go


@pytest.fixture
def link(ask, letters):
    """Asks for a link and gives its token, as the newest letter has it."""

    async def go(login, **more):
        await ask(login, **more)
        told = (await letters(login, "password_reset"))[-1]
        (line,) = [line for line in told.text.splitlines() if line.startswith("http")]
        return line.rpartition("/")[2]

    return go


@pytest.fixture
def use(house, tenant, address):
    async def go(token, password=GOOD, *, tenant_id=tenant.info.id, device=""):
        return await use_reset(
            house, tenant_id, token, password, address=address, user_agent="tests", device=device
        )

    return go


async def test_a_link_sets_a_new_password_and_lets_in(house, link, use, somebody, tenant, address):
    login = (await somebody()).login
    opened = await use(await link(login))
    found = await house.sessions.find(opened.token, tenant.info.id)
    assert (found.actor.name, found.method) == ("Writer", "reset")
    attempt = {"tenant_id": tenant.info.id, "login": login, "address": address, "user_agent": ""}
    with pytest.raises(Invalid):
        await sign_in(house, password=PASSWORD, **attempt)
    await sign_in(house, password=GOOD, **attempt)


async def test_all_sessions_end_and_all_browsers_are_strangers(
    house, kernel, opened, link, use, somebody, tenant
):
    person = await somebody()
    thief = await opened(device="")
    await use(await link(person.login))
    assert await house.sessions.find(thief.token, tenant.info.id) is NOBODY
    async with kernel.databases.platform_scope() as db:
        left = await db.fetch("SELECT device_hash FROM known_device WHERE person_id = $1", person.id)
    assert len(left) == 1  # the one that set the password


async def test_the_person_is_told_by_mail(link, use, somebody, letters, trail, address):
    login = (await somebody()).login
    await use(await link(login))
    (told,) = await letters(login, "password_changed")
    assert address in told.text
    assert [(entry[0], entry[2]) for entry in await trail("password.reset")] == [("password.reset", login)]


async def test_the_second_factor_is_asked_for_all_the_same(
    house, clock, opened, link, use, somebody, tenant, address
):
    session = await house.sessions.find((await opened()).token, tenant.info.id)
    async with house.databases.platform_scope() as db:
        secret = (await waiting_setup(house, db, session.person_id, account="a", issuer="H")).secret
    await set_up_totp(house, session, tenant.info.id, code_of(secret, clock), address=address)
    done = await use(await link((await somebody()).login))
    assert done.needs == "second_factor"
    assert (await house.sessions.find(done.token, tenant.info.id)).actor.kind == "anonymous"


async def test_a_link_counts_once_also_twice_at_once(link, use, somebody):
    token = await link((await somebody()).login)
    results = await asyncio.gather(
        *(use(token, f"{GOOD} {number}") for number in range(4)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, NotFound) for result in results if isinstance(result, BaseException))


async def test_a_link_is_good_for_half_an_hour(link, use, somebody, clock):
    token = await link((await somebody()).login)
    clock.moment += GOOD_FOR
    with pytest.raises(NotFound, match="too old"):
        await use(token)


async def test_a_weak_password_uses_nothing_up(link, use, somebody):
    token = await link((await somebody()).login)
    with pytest.raises(Invalid, match="guessers try first"):
        await use(token, "password123")
    await use(token)


async def test_a_new_password_makes_the_other_links_worthless(link, use, somebody):
    login = (await somebody()).login
    first, second = await link(login), await link(login)
    await use(second)
    with pytest.raises(NotFound):
        await use(first)


async def test_somebody_elses_requests_do_not_take_the_owners_link_away(ask, link, use, somebody):
    login = (await somebody()).login
    token = await link(login)
    await ask(login, address="10.77.0.1")
    assert await use(token)


async def test_a_link_leads_nowhere_at_another_host(link, use, somebody, other_tenant):
    token = await link((await somebody()).login)
    for tenant_id in (other_tenant.info.id, None):
        with pytest.raises(NotFound):
            await use(token, tenant_id=tenant_id)


async def test_nobody_learns_whether_a_login_exists(house, kernel, ask, somebody, other_tenant, letters):
    """The request does the same work for each: it writes a job; only that looks the login up."""
    known, stranger = (await somebody()).login, "nobody@nowhere.example"
    foreign, name = f"owner@{other_tenant.info.slug}.example", "8001"
    await run_due_jobs(house)
    for login in (known, stranger, foreign, name):
        assert await ask(login) is None
    async with kernel.databases.platform_scope() as db:
        jobs = await db.fetch_value(
            "SELECT count(*) FROM job WHERE job = 'headgate.password.send_reset' AND state = 'ready'"
        )
    assert jobs == 4
    house.notices.clear()
    await run_due_jobs(house)
    assert {notice.message.to for notice in house.notices if notice.message.template == "password_reset"} == {
        known
    }


async def test_the_queue_never_holds_the_link(kernel, ask, somebody):
    await ask((await somebody()).login)
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT j::text AS text FROM job j WHERE job = 'headgate.password.send_reset'")
    assert rows
    assert not any("/reset/" in row["text"] for row in rows)


async def test_a_phone_gets_a_text_message(house, kernel, ask, somebody):
    person = await somebody()
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            "INSERT INTO person_login (login, person_id) VALUES ('+8613700137000', $1)", person.id
        )
    house.notices.clear()
    await ask("137 0013 7000")
    await run_due_jobs(house)
    (told,) = house.notices.to("+8613700137000")
    assert (told.message.channel, told.message.template) == ("sms", "password_reset")


async def test_an_operator_gets_a_link_to_the_console(link, use, operator):
    token = await link(operator, tenant_id=None)
    assert (await use(token, tenant_id=None)).needs == ""


async def test_asking_slows_down_by_login_and_by_address(ask, clock):
    for number in range(BY_LOGIN.burst):
        await ask("slow@asked.example", address=f"10.76.0.{number}")
    with pytest.raises(TooManyTries):
        await ask("slow@asked.example", address="10.76.1.1")
    for number in range(BY_ADDRESS.burst):
        await ask(f"other{number}@asked.example", address="10.76.2.2")
    with pytest.raises(TooManyTries):
        await ask("fresh@asked.example", address="10.76.2.2")
    clock.moment += timedelta(minutes=10)
    await ask("slow@asked.example", address="10.76.2.2")


async def test_a_reset_of_a_login_shows_that_it_is_theirs(kernel, link, use, somebody):
    login = (await somebody()).login
    await use(await link(login))
    async with kernel.databases.platform_scope() as db:
        confirmed = await db.fetch_value("SELECT confirmed_at FROM person_login WHERE login = $1", login)
    assert confirmed is not None


@pytest.mark.parametrize("login", ["", " ", "x" * 300])
async def test_what_cannot_be_a_login_is_refused(ask, login):
    with pytest.raises(HeadgateError) as caught:
        await ask(login)
    assert caught.value.field == "login"
