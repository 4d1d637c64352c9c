"""The second step: codes that count once, recovery codes, and what a pending session opens."""

import asyncio
import re
from datetime import timedelta

import pytest
from headgate_kernel.identity.lost_factor import forget_second_factor
from headgate_kernel.identity.pace import TooManyTries
from headgate_kernel.identity.recovery_codes import HOW_MANY, folded_code
from headgate_kernel.identity.second_factor import (
    BY_PERSON,
    NEW_CODES,
    finish_sign_in,
    renew_codes,
    second_factor_of,
    set_up_totp,
    take_away_totp,
)
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.totp import confirm_setup, use_totp, waiting_setup
from headgate_kernel.tenancy.operating import COMMAND_LINE
from headgate_sdk.errors import Forbidden, HeadgateError, Invalid

from .codes import code_of

HALF_MINUTE = timedelta(seconds=30)


@pytest.fixture
def session_of(house, tenant):
    async def find(opened):
        return await house.sessions.find(opened.token, tenant.info.id)

    return find


@pytest.fixture
def with_app(house, clock, opened, session_of, somebody, tenant, address):
    """Sets an app up for the writer; gives its secret, the recovery codes and the session."""

    async def go():
        session = await session_of(await opened())
        async with house.databases.platform_scope() as db:
            secret = (await waiting_setup(house, db, session.person_id, account="a", issuer="H")).secret
        renewed, codes = await set_up_totp(
            house, session, tenant.info.id, code_of(secret, clock), address=address
        )
        clock.moment += 2 * HALF_MINUTE  # the code that set it up is used
        return secret, codes, renewed

    return go


@pytest.fixture
def finish(house, opened, session_of, address):
    """Signs the writer in with the password and a code."""

    async def go(code, *, session=None, device=None):
        session = session or await session_of(await opened())
        return await finish_sign_in(house, session, code, address=address, user_agent="tests", device=device)

    return go


async def test_a_code_opens_the_pending_session_under_another_token(
    house, with_app, opened, session_of, finish, clock, tenant
):
    secret, _, _ = await with_app()
    pending = await opened()
    done = await finish(code_of(secret, clock), session=await session_of(pending))
    assert done.needs == ""
    assert done.token != pending.token
    assert await house.sessions.find(pending.token, tenant.info.id) is NOBODY
    found = await session_of(done)
    assert (found.state, found.actor.name, found.authenticated_at) == ("open", "Writer", clock.moment)


@pytest.mark.parametrize("steps", [-1, 0, 1])
async def test_a_clock_may_be_half_a_minute_wrong(with_app, finish, clock, steps):
    secret, _, _ = await with_app()
    clock.moment += 2 * HALF_MINUTE
    assert (await finish(code_of(secret, clock, steps))).needs == ""


@pytest.mark.parametrize("steps", [-3, -2, 2, 3])
async def test_but_not_more(with_app, finish, clock, steps):
    secret, _, _ = await with_app()
    clock.moment += 2 * HALF_MINUTE
    with pytest.raises(Invalid, match="does not fit"):
        await finish(code_of(secret, clock, steps))


async def test_a_code_counts_once(with_app, finish, clock):
    secret, _, _ = await with_app()
    code = code_of(secret, clock)
    await finish(code)
    with pytest.raises(Invalid, match="was used already"):
        await finish(code)


async def test_after_a_code_the_ones_before_it_count_no_more(with_app, finish, clock):
    secret, _, _ = await with_app()
    await finish(code_of(secret, clock, +1))
    with pytest.raises(Invalid):
        await finish(code_of(secret, clock))


async def test_the_code_that_set_the_app_up_is_used(house, clock, with_app, somebody):
    secret, _, _ = await with_app()
    clock.moment -= 2 * HALF_MINUTE
    async with house.databases.platform_scope() as db:
        assert not await use_totp(house, db, (await _id(db)), code_of(secret, clock))


async def _id(db):
    return await db.fetch_value(
        "SELECT person_id FROM person_totp WHERE confirmed_at IS NOT NULL ORDER BY id DESC LIMIT 1"
    )


async def test_the_same_code_twice_at_once_opens_one_session(with_app, opened, session_of, finish, clock):
    secret, _, _ = await with_app()
    code = code_of(secret, clock)
    pending = [await session_of(await opened()) for _ in range(4)]
    results = await asyncio.gather(
        *(finish(code, session=session) for session in pending), return_exceptions=True
    )
    assert sum(not isinstance(result, HeadgateError) for result in results) == 1
    assert all(isinstance(result, Invalid) for result in results if isinstance(result, Exception))


async def test_one_pending_session_is_opened_once(with_app, opened, session_of, finish, clock):
    secret, codes, _ = await with_app()
    session = await session_of(await opened())
    results = await asyncio.gather(
        finish(code_of(secret, clock), session=session), finish(codes[0], session=session),
        return_exceptions=True,
    )  # fmt: skip
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    (refused,) = [result for result in results if isinstance(result, BaseException)]
    assert isinstance(refused, Forbidden)


async def test_who_loses_that_race_keeps_their_recovery_code(
    house, with_app, opened, session_of, finish, clock
):
    secret, codes, _ = await with_app()
    session = await session_of(await opened())
    await finish(code_of(secret, clock), session=session)
    with pytest.raises(Forbidden):
        await finish(codes[0], session=session)
    assert (await finish(codes[0])).needs == ""


async def test_guessing_codes_slows_down(with_app, opened, session_of, finish, clock):
    secret, _, _ = await with_app()
    session = await session_of(await opened())
    for _ in range(BY_PERSON.burst):
        with pytest.raises(Invalid):
            await finish("000000", session=session)
    with pytest.raises(TooManyTries, match="wait 120 seconds"):
        await finish(code_of(secret, clock), session=session)
    clock.moment += BY_PERSON.every
    assert (await finish(code_of(secret, clock), session=session)).needs == ""


async def test_a_known_device_is_not_slowed_down_by_who_has_only_the_password(
    with_app, opened, session_of, finish, clock
):
    secret, _, _ = await with_app()
    home = (await finish(code_of(secret, clock), device="")).device
    clock.moment += 2 * HALF_MINUTE
    for _ in range(BY_PERSON.burst):
        with pytest.raises(Invalid):
            await finish("000000", device="")
    with pytest.raises(TooManyTries):
        await finish(code_of(secret, clock), device="")
    assert (await finish(code_of(secret, clock), device=home)).needs == ""


async def test_right_codes_are_never_too_many(with_app, finish, clock):
    secret, _, _ = await with_app()
    for _ in range(BY_PERSON.burst + 3):
        await finish(code_of(secret, clock))
        clock.moment += HALF_MINUTE


async def test_there_are_ten_recovery_codes_and_the_database_holds_none_of_them(kernel, with_app, somebody):
    _, codes, _ = await with_app()
    person = await somebody()
    assert len(set(codes)) == HOW_MANY == 10
    assert all(re.fullmatch(r"[a-z2-9]{5}-[a-z2-9]{5}", code) for code in codes)
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT c::text AS text FROM recovery_code c WHERE person_id = $1", person.id)
    assert len(rows) == 10
    for code in codes:
        for form in (code, folded_code(code), folded_code(code).encode().hex()):
            assert not any(form in row["text"] for row in rows)


async def test_a_recovery_code_counts_once_however_it_is_typed(
    house, with_app, finish, somebody, letters, tenant
):
    _, codes, _ = await with_app()
    person = await somebody()
    assert (await finish(f" {codes[3].upper().replace('-', ' ')} ")).needs == ""
    with pytest.raises(Invalid):
        await finish(codes[3])
    assert (await second_factor_of(house, person.id, tenant.info.id)).codes_left == 9
    (told,) = await letters(person.login, "recovery_code_used")
    assert "Codes that are left: 9" in told.text


async def test_a_recovery_code_twice_at_once_opens_one_session(with_app, opened, session_of, finish):
    _, codes, _ = await with_app()
    pending = [await session_of(await opened()) for _ in range(3)]
    results = await asyncio.gather(
        *(finish(codes[0], session=session) for session in pending), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, Invalid) for result in results if isinstance(result, BaseException))


async def test_somebody_elses_codes_are_worth_nothing(
    house, clock, with_app, opened, session_of, finish, tenant, address
):
    _, codes, _ = await with_app()
    reader = await session_of(await opened("reader"))
    async with house.databases.platform_scope() as db:
        secret = (await waiting_setup(house, db, reader.person_id, account="a", issuer="H")).secret
    await set_up_totp(house, reader, tenant.info.id, code_of(secret, clock), address=address)
    pending = await session_of(await opened("reader"))
    with pytest.raises(Invalid):
        await finish(codes[0], session=pending)


async def test_setting_up_ends_all_other_sessions_and_tells_the_person(
    house, with_app, opened, somebody, letters, tenant, trail
):
    other = await opened()
    _, _, renewed = await with_app()
    assert await house.sessions.find(other.token, tenant.info.id) is NOBODY
    assert (await house.sessions.find(renewed.token, tenant.info.id)).actor.name == "Writer"
    (told,) = await letters((await somebody()).login, "second_factor_set")
    assert told.subject == "Your second step at sign-in was set up"
    assert [entry[0] for entry in await trail("second_factor.set")] == ["second_factor.set"]


async def test_a_wrong_first_code_sets_nothing_up(
    house, clock, opened, session_of, somebody, tenant, address
):
    session = await session_of(await opened())
    async with house.databases.platform_scope() as db:
        await waiting_setup(house, db, session.person_id, account="a", issuer="H")
    with pytest.raises(Invalid, match="phone's clock"):
        await set_up_totp(house, session, tenant.info.id, "000000", address=address)
    factor = await second_factor_of(house, session.person_id, tenant.info.id)
    assert (factor.totp, factor.codes_left) == (False, 0)
    assert (await opened()).needs == ""


async def test_the_secret_is_the_same_until_its_first_code_and_sealed(house, clock, somebody):
    person = await somebody()
    async with house.databases.platform_scope() as db:
        first = await waiting_setup(house, db, person.id, account="zhou@x.example", issuer="Headgate")
        again = await waiting_setup(house, db, person.id, account="zhou@x.example", issuer="Headgate")
        sealed = await db.fetch_value("SELECT secret FROM person_totp WHERE person_id = $1", person.id)
    assert first == again
    assert first.uri.startswith("otpauth://totp/Headgate:zhou%40x.example?secret=")
    assert first.secret.encode() not in sealed
    clock.moment += timedelta(hours=2)
    async with house.databases.platform_scope() as db:
        later = await waiting_setup(house, db, person.id, account="zhou@x.example", issuer="Headgate")
    assert later.secret != first.secret


async def test_a_secret_that_is_moved_to_another_person_is_unreadable(house, clock, with_app, somebody):
    """Sealed for its row: who can write to the table cannot give another person their own app."""
    await with_app()
    thief, victim = await somebody("reader"), await somebody()
    async with house.databases.platform_scope() as db:
        secret = (await waiting_setup(house, db, thief.id, account="a", issuer="H")).secret
        await confirm_setup(house, db, thief.id, code_of(secret, clock))
        await db.execute(
            "UPDATE person_totp v SET secret = t.secret FROM person_totp t WHERE v.person_id = $1 "
            "AND t.person_id = $2", victim.id, thief.id,
        )  # fmt: skip
    clock.moment += 2 * HALF_MINUTE
    with pytest.raises(HeadgateError):
        async with house.databases.platform_scope() as db:
            await use_totp(house, db, victim.id, code_of(secret, clock))


async def test_replacing_the_app_makes_the_old_one_worthless(
    house, clock, with_app, session_of, finish, tenant, address
):
    old, codes, renewed = await with_app()
    session = await session_of(renewed)
    async with house.databases.platform_scope() as db:
        new = (await waiting_setup(house, db, session.person_id, account="a", issuer="H")).secret
    assert (await finish(code_of(old, clock))).needs == ""  # until the new one is confirmed
    await set_up_totp(house, session, tenant.info.id, code_of(new, clock), address=address)
    clock.moment += 2 * HALF_MINUTE
    for gone in (code_of(old, clock), codes[0]):
        with pytest.raises(Invalid):
            await finish(gone)
    assert (await finish(code_of(new, clock))).needs == ""


async def test_a_setup_that_was_never_begun_cannot_be_confirmed(house, opened, session_of, tenant, address):
    session = await session_of(await opened())
    with pytest.raises(Invalid, match="begin again"):
        await set_up_totp(house, session, tenant.info.id, "123456", address=address)


async def test_new_codes_replace_the_old_ones(
    house, with_app, session_of, finish, tenant, address, somebody, letters
):
    _, old, renewed = await with_app()
    new = await renew_codes(house, await session_of(renewed), tenant.info.id, address=address)
    with pytest.raises(Invalid):
        await finish(old[0])
    assert (await finish(new[0])).needs == ""
    assert await letters((await somebody()).login, "recovery_codes_renewed")


async def test_making_codes_slows_down(house, with_app, session_of, tenant, address, clock):
    """It is as much work as ten sign-ins."""
    _, _, renewed = await with_app()
    session = await session_of(renewed)
    for _ in range(NEW_CODES.burst):
        await renew_codes(house, session, tenant.info.id, address=address)
    with pytest.raises(TooManyTries):
        await renew_codes(house, session, tenant.info.id, address=address)


async def test_without_an_app_there_are_no_codes(house, opened, session_of, tenant, address):
    with pytest.raises(Invalid, match="app first"):
        await renew_codes(house, await session_of(await opened()), tenant.info.id, address=address)


async def test_taking_the_app_away_ends_other_sessions(
    house, with_app, session_of, finish, opened, clock, tenant, address, somebody, letters
):
    secret, _, renewed = await with_app()
    other = await finish(code_of(secret, clock))
    await take_away_totp(house, await session_of(renewed), tenant.info.id, address=address)
    assert await house.sessions.find(other.token, tenant.info.id) is NOBODY
    assert (await opened()).needs == ""
    assert await letters((await somebody()).login, "second_factor_removed")


async def test_where_the_role_needs_it_it_can_only_be_replaced(
    kernel, house, with_app, session_of, tenant, address
):
    _, _, renewed = await with_app()
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE role SET second_factor = true WHERE tenant_id = $1 AND key = 'writer'", tenant.info.id
        )
    with pytest.raises(Forbidden, match="replace the app"):
        await take_away_totp(house, await session_of(renewed), tenant.info.id, address=address)


async def test_who_has_lost_phone_and_codes_is_helped_by_an_operator(
    kernel, house, with_app, opened, session_of, somebody, letters
):
    await with_app()
    person, open_before = await somebody(), await opened(method="passkey")
    async with house.databases.platform_scope() as db:
        await forget_second_factor(house, db, person.login, reason="showed her passport", actor=COMMAND_LINE)
    assert await session_of(open_before) is NOBODY
    assert (await opened()).needs == ""
    assert [told.subject for told in await letters(person.login, "second_factor_forgotten")] == [
        "Your second step at sign-in was taken away"
    ]
    async with kernel.databases.platform_scope() as db:
        row = await db.fetch_row(
            "SELECT details FROM platform_audit_entry WHERE action = 'second_factor.forget' AND subject = $1",
            person.login,
        )
        assert not await db.fetch_value("SELECT count(*) FROM recovery_code WHERE person_id = $1", person.id)
    assert "showed her passport" in row["details"]


@pytest.mark.parametrize(("login", "reason"), [(None, " "), ("nobody@nowhere.example", "x"), (None, "x")])
async def test_what_is_not_lost_is_not_taken_away(house, clock, somebody, login, reason):
    login = login or (await somebody()).login
    with pytest.raises(HeadgateError):
        async with house.databases.platform_scope() as db:
            await forget_second_factor(house, db, login, reason=reason, actor=COMMAND_LINE)
