"""Codes sent to phones: how often one may be asked for and tried."""

import asyncio
from datetime import timedelta

import pytest
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.phone_codes import (
    LIMITS,
    MOST_TRIES,
    RESEND_AFTER,
    TooManyCodes,
    redeem_code,
    request_code,
)
from headgate_sdk.errors import Invalid
from headgate_sdk.ids import new_id

from .walking import code_for


async def test_a_code_counts_once(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    asked = await ask()
    code = code_for(kernel, number)
    results = await asyncio.gather(
        *(redeem_code(kernel, tenant, ticket=asked.ticket, code=code) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Invalid) for result in results) == 3


async def test_there_are_five_tries(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    asked = await ask()
    code = code_for(kernel, number)
    wrong = "111111" if code != "111111" else "222222"
    words = []
    for _ in range(MOST_TRIES):
        with pytest.raises(Invalid) as caught:
            await redeem_code(kernel, tenant, ticket=asked.ticket, code=wrong)
        words.append(str(caught.value))
    assert words[-1].startswith("This is not the code, and it was the last try.")
    with pytest.raises(Invalid, match="counts no more"):
        await redeem_code(kernel, tenant, ticket=asked.ticket, code=code)


async def test_many_tries_at_once_are_not_more(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    asked = await ask()
    results = await asyncio.gather(
        *(redeem_code(kernel, tenant, ticket=asked.ticket, code="wrong1") for _ in range(20)),
        return_exceptions=True,
    )
    told = [str(result) for result in results]
    assert sum("counts no more" in words for words in told) == 20 - MOST_TRIES


async def test_a_strangers_tries_use_up_nobodys(kernel, tenant, give_phone, ask, number):
    buyer = await give_phone(tenant, "buyer")
    stranger = await ask(address="10.66.0.1")
    mine = await ask(address="10.67.0.1")
    for _ in range(MOST_TRIES):
        with pytest.raises(Invalid):
            await redeem_code(kernel, tenant, ticket=stranger.ticket, code="wrong1")
    code = code_for(kernel, number)
    with pytest.raises(Invalid):
        await redeem_code(kernel, tenant, ticket=stranger.ticket, code=code)
    assert await redeem_code(kernel, tenant, ticket=mine.ticket, code=code) == buyer.person_id


async def test_another_code_may_be_asked_for_after_a_minute(tenant, give_phone, ask, clock):
    await give_phone(tenant, "buyer")
    await ask(address="10.1.1.1")
    with pytest.raises(TooManyCodes, match=r"in 6[01] seconds"):
        await ask(address="10.1.1.1")
    clock.moment += RESEND_AFTER
    await ask(address="10.1.1.1")


async def test_one_number_gets_so_many_codes_an_hour_whoever_asks(tenant, ask, clock):
    most = LIMITS[0].most
    for _ in range(most):
        await ask()
    with pytest.raises(TooManyCodes, match=r"in 6[01] minutes"):
        await ask()
    clock.moment += timedelta(hours=1)
    await ask()


async def test_one_number_gets_so_many_codes_a_day(tenant, ask, clock):
    sent = 0
    with pytest.raises(TooManyCodes):
        for _ in range(100):
            clock.moment += timedelta(minutes=15)
            await ask()
            sent += 1
    assert sent == LIMITS[1].most


async def test_one_address_asks_for_so_many_codes_an_hour(tenant, ask):
    address = f"10.250.{new_id().int % 256}.{new_id().int % 251}"
    for _ in range(LIMITS[2].most):
        await ask(f"+86137{new_id().int % 10**8:08d}", address)
    with pytest.raises(TooManyCodes):
        await ask(f"+86137{new_id().int % 10**8:08d}", address)


async def test_many_requests_at_once_are_not_more(kernel, tenant, number):
    results = await asyncio.gather(
        *(request_code(kernel, tenant, phone=number, address="10.5.5.5", locale="en") for _ in range(12)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, TooManyCodes) for result in results) == 11


async def test_numbers_of_other_countries_are_sent_to(kernel, tenant, ask):
    phone = f"+49151{new_id().int % 10**8:08d}"
    async with kernel.databases.platform_scope() as db:
        people = await save_people(db, [NewPerson(phone, "Fritz")], kernel.clock.now())
        await db.execute(
            """
            INSERT INTO membership (tenant_id, id, person_id, login, name, kind)
            VALUES ($1, gen_random_uuid(), $2, $3, 'Fritz', 'customer')
            """,
            tenant.info.id, people[phone], phone,
        )  # fmt: skip
    await ask(phone)
    assert code_for(kernel, phone)
