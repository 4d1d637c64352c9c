"""Signing in: right, wrong, unknown, too often, and where."""

import asyncio
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from headgate_kernel.identity import passwords
from headgate_kernel.identity import sign_in as module
from headgate_kernel.identity.devices import remember
from headgate_kernel.identity.sign_in import BY_ADDRESS, BY_LOGIN, FREE_TRIES, TooManyTries, sign_in
from headgate_sdk.errors import Invalid

from .conftest import PASSWORD


@pytest.fixture
def attempt(house, tenant, clock, address):
    async def go(login=None, password=PASSWORD, address=address, tenant_id=tenant.info.id, device=None):
        login = f"owner@{tenant.info.slug}.example" if login is None else login
        opened = await sign_in(
            house, tenant_id=tenant_id, login=login, password=password, address=address, user_agent="tests",
            device=device,
        )  # fmt: skip
        return (await house.sessions.find(opened.token, tenant_id)).actor

    return go


async def fail(attempt, times=1, **more):
    for _ in range(times):
        with pytest.raises(Invalid):
            await attempt(password="wrong password", **more)


@pytest.fixture
def quick(monkeypatch):
    """Compares passwords without the cost of the hash, where a test guesses some hundred times."""

    async def compare(stored, password):
        return stored is not None and password == PASSWORD

    monkeypatch.setattr(module, "password_matches", compare)


async def test_the_right_password_opens_a_session(attempt, tenant):
    actor = await attempt()
    assert (actor.kind, actor.name, actor.role_name) == ("staff", "Owner", "Owner")
    assert actor.permissions == {"*"}
    assert (await attempt(f"buyer@{tenant.info.slug}.example")).kind == "customer"


async def test_a_login_is_folded(attempt, tenant):
    actor = await attempt(f"  ＯＷＮＥＲ@{tenant.info.slug.upper()}.Example ")
    assert actor.name == "Owner"


async def test_wrong_and_unknown_are_told_alike(attempt):
    with pytest.raises(Invalid) as wrong:
        await attempt(password="wrong password")
    with pytest.raises(Invalid) as unknown:
        await attempt("nobody@nowhere.example", password="wrong password")
    with pytest.raises(Invalid) as unknown_but_long:
        await attempt("nobody@nowhere.example", password="x" * 300)
    assert str(wrong.value) == str(unknown.value) == str(unknown_but_long.value)
    assert wrong.value.field == "password"


async def test_wrong_unknown_and_foreign_logins_cost_the_same_work(attempt, other_tenant, monkeypatch):
    compared = []
    verify = passwords._verify
    monkeypatch.setattr(passwords, "_verify", lambda *args: compared.append(args[0]) or verify(*args))
    for login in (None, "nobody@nowhere.example", f"owner@{other_tenant.info.slug}.example"):
        await fail(attempt, login=login)
    assert len(compared) == 3  # one comparison each, with the same parameters
    costs = {(stored or passwords._DECOY).rsplit("$", 2)[0] for stored in compared}
    assert costs == {"$argon2id$v=19$m=19456,t=2,p=1"}


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


async def test_a_hash_of_older_parameters_is_made_anew_at_sign_in(kernel, attempt, somebody):
    person = await somebody("owner")
    weak = PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD)

    async def stored():
        async with kernel.databases.platform_scope() as db:
            return await db.fetch_value("SELECT hash FROM person_password WHERE person_id = $1", person.id)

    async with kernel.databases.platform_scope() as db:
        await db.execute("UPDATE person_password SET hash = $2 WHERE person_id = $1", person.id, weak)
    await fail(attempt)
    assert await stored() == weak
    await attempt()
    assert (await stored()).startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    await attempt()


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


async def test_one_address_cannot_try_many_logins_fast(quick, attempt, clock):
    """Spraying: a few passwords over all logins never meets the same login twice."""
    for number in range(BY_ADDRESS.burst):
        await fail(attempt, login=f"somebody{number}@sprayed.example")
    with pytest.raises(TooManyTries, match="wait 10 seconds"):
        await attempt("another@sprayed.example", password="wrong password")
    assert (await attempt(address="10.0.0.3")).name == "Owner"
    clock.moment += BY_ADDRESS.every
    await fail(attempt, login="another@sprayed.example")


async def test_good_sign_ins_from_one_address_are_never_too_many(quick, attempt, tenant):
    """A whole office stands behind one address."""
    for _ in range(BY_ADDRESS.burst + 20):
        await attempt(f"reader@{tenant.info.slug}.example")


async def test_many_addresses_cannot_try_one_login_fast(quick, attempt, tenant):
    login = f"writer@{tenant.info.slug}.example"
    for number in range(BY_LOGIN.burst):
        await fail(attempt, login=login, address=f"10.99.0.{number}")
    with pytest.raises(TooManyTries, match="tried from many places"):
        await attempt(login, address="10.99.1.1")
    assert (await attempt(f"reader@{tenant.info.slug}.example", address="10.99.1.1")).name == "Reader"


async def test_a_known_device_is_never_slowed_down_by_strangers(
    quick, house, attempt, somebody, address, clock
):
    person = await somebody("writer")
    async with house.databases.platform_scope() as db:
        device = (await remember(db, person.id, "", clock.moment)).token
    for number in range(BY_LOGIN.burst):
        await fail(attempt, login=person.login, address=f"10.98.0.{number}")
    await fail(attempt, 0, login=person.login)
    for _ in range(FREE_TRIES):  # a colleague behind the same address guesses too
        with pytest.raises((Invalid, TooManyTries)):
            await attempt(person.login, password="wrong password", address=address)
    with pytest.raises(TooManyTries):
        await attempt(person.login)
    assert (await attempt(person.login, device=device)).name == "Writer"


async def test_guessing_on_a_known_device_slows_that_device_down(house, attempt, somebody, clock):
    """A stolen laptop is no free ticket."""
    person = await somebody("writer")
    async with house.databases.platform_scope() as db:
        device = (await remember(db, person.id, "", clock.moment)).token
    await fail(attempt, FREE_TRIES, login=person.login, device=device)
    with pytest.raises(TooManyTries):
        await attempt(person.login, device=device)
    assert (await attempt(person.login)).name == "Writer"


async def test_a_device_of_somebody_else_is_a_strangers(house, attempt, somebody, clock, address):
    other, person = await somebody("reader"), await somebody("writer")
    async with house.databases.platform_scope() as db:
        device = (await remember(db, other.id, "", clock.moment)).token
    await fail(attempt, FREE_TRIES, login=person.login, device=device)
    with pytest.raises(TooManyTries):
        await attempt(person.login)  # counted by the address
