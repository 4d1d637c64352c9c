"""Signing in: right, wrong, unknown, too often, and where."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from headgate_kernel.identity.people import fold_login
from headgate_kernel.identity.sessions import Sessions
from headgate_kernel.identity.sign_in import FREE_TRIES, TooManyTries, sign_in
from headgate_sdk.clock import ManualClock
from headgate_sdk.errors import Invalid

PASSWORD = "correct horse battery"


@pytest.fixture
def clock():
    return ManualClock(datetime(2026, 3, 1, 12, tzinfo=UTC))


@pytest.fixture
def attempt(kernel, tenant, clock):
    sessions = Sessions(kernel.databases, clock)

    async def go(login=None, password=PASSWORD, address="10.0.0.1", tenant_id=tenant.info.id):
        login = f"owner@{tenant.info.slug}.example" if login is None else login
        token = await sign_in(
            kernel.databases, sessions, clock, tenant_id=tenant_id, login=login, password=password,
            address=address, user_agent="tests",
        )  # fmt: skip
        return (await sessions.find(token, tenant_id)).actor

    return go


async def fail(attempt, times=1, **more):
    for _ in range(times):
        with pytest.raises(Invalid):
            await attempt(password="wrong password", **more)


async def test_the_right_password_opens_a_session(attempt, tenant):
    actor = await attempt()
    assert (actor.kind, actor.name, actor.role_name) == ("staff", "Owner", "Owner")
    assert actor.permissions == {"*"}
    assert (await attempt(f"buyer@{tenant.info.slug}.example")).kind == "customer"


async def test_a_login_is_folded(attempt, tenant):
    actor = await attempt(f"  ＯＷＮＥＲ@{tenant.info.slug.upper()}.Example ")
    assert actor.name == "Owner"


@pytest.mark.parametrize("login", ["", "   ", "x" * 201])
def test_a_login_that_cannot_be_one_names_its_field(login):
    with pytest.raises(Invalid) as caught:
        fold_login(login)
    assert caught.value.field == "login"


async def test_wrong_and_unknown_are_told_alike(attempt):
    with pytest.raises(Invalid) as wrong:
        await attempt(password="wrong password")
    with pytest.raises(Invalid) as unknown:
        await attempt("nobody@nowhere.example", password="wrong password")
    with pytest.raises(Invalid) as unknown_but_long:
        await attempt("nobody@nowhere.example", password="x" * 300)
    assert str(wrong.value) == str(unknown.value) == str(unknown_but_long.value)
    assert wrong.value.field == "password"


async def test_a_person_of_another_tenant_is_nobody_here(attempt, other_tenant):
    with pytest.raises(Invalid, match="do not fit together here"):
        await attempt(f"owner@{other_tenant.info.slug}.example")


async def test_somebody_who_has_left_is_nobody(kernel, attempt, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1", tenant.info.id)
    with pytest.raises(Invalid):
        await attempt()


async def test_an_operator_signs_in_at_the_console_only(attempt, operator, tenant):
    assert (await attempt(operator, tenant_id=None)).kind == "operator"
    with pytest.raises(Invalid):
        await attempt(operator)
    with pytest.raises(Invalid):
        await attempt(f"owner@{tenant.info.slug}.example", tenant_id=None)


async def test_guessing_slows_down_more_and_more(attempt, clock):
    await fail(attempt, FREE_TRIES)
    waits = []
    for _ in range(12):
        with pytest.raises(TooManyTries) as caught:
            await attempt(password="wrong password")
        waits.append(caught.value.params["seconds"])
        clock.moment += timedelta(seconds=waits[-1])
        await fail(attempt)
    assert waits[:4] == [3, 5, 9, 17]
    assert max(waits) == 901


async def test_the_right_password_waits_as_well(attempt, clock):
    await fail(attempt, FREE_TRIES)
    with pytest.raises(TooManyTries, match="Please wait 3 seconds"):
        await attempt()
    clock.moment += timedelta(seconds=3)
    await attempt()


async def test_only_that_login_from_that_address_slows_down(attempt, tenant):
    await fail(attempt, FREE_TRIES)
    with pytest.raises(TooManyTries):
        await attempt()
    assert (await attempt(address="10.0.0.2")).name == "Owner"
    assert (await attempt(f"reader@{tenant.info.slug}.example")).name == "Reader"


async def test_writing_the_login_differently_is_no_way_round(attempt, tenant):
    for spelling in ("owner", "OWNER", "Owner", " owner", "ｏｗｎｅｒ"):
        await fail(attempt, login=f"{spelling}@{tenant.info.slug}.example")
    with pytest.raises(TooManyTries):
        await attempt()


async def test_an_unknown_login_slows_down_alike(attempt):
    login = "nobody@slow.example"
    await fail(attempt, FREE_TRIES, login=login)
    with pytest.raises(TooManyTries):
        await attempt(login)


async def test_a_success_forgets_the_failures(attempt):
    for _ in range(3):
        await fail(attempt, FREE_TRIES - 1)
        await attempt()


async def test_many_tries_at_once_do_not_all_pass_as_the_first(attempt):
    results = await asyncio.gather(
        *(attempt(password="wrong password") for _ in range(20)), return_exceptions=True
    )
    assert sum(isinstance(result, TooManyTries) for result in results) == 20 - FREE_TRIES
    assert sum(isinstance(result, Invalid) for result in results) == FREE_TRIES
