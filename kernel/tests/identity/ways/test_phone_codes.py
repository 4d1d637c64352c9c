"""Codes sent to phones: who gets one, what it is worth, and how often one may be asked for."""

import asyncio
import json
import re
from datetime import timedelta

import pytest
from headgate_kernel.identity.invitations import invite
from headgate_kernel.identity.opening import find_place
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.phone_codes import (
    LIFETIME,
    LIMITS,
    MOST_TRIES,
    RESEND_AFTER,
    TooManyCodes,
    redeem_code,
    request_code,
)
from headgate_kernel.identity.sign_in_policy import save_phone_policy
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sdk.clock import ManualClock
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.ids import new_id


@pytest.fixture
def clock(kernel, monkeypatch):
    clock = ManualClock(kernel.clock.now())
    monkeypatch.setattr(kernel, "clock", clock)
    return clock


@pytest.fixture
def number():
    """A number of this test alone: numbers have a pace."""
    return f"+86138{new_id().int % 10**8:08d}"


@pytest.fixture
def give_phone(kernel, somebody, number):
    async def give(tenant, role, phone=number):
        whose = await somebody(tenant, role)
        async with kernel.databases.platform_scope() as db:
            await db.execute(
                "INSERT INTO person_login (login, person_id) VALUES ($1, $2)", phone, whose.person_id
            )
        return whose

    return give


@pytest.fixture
def ask(kernel, tenant, number):
    async def go(phone=number, address=None, at=tenant):
        address = address or f"10.{new_id().int % 256}.{new_id().int % 251}.{new_id().int % 241}"
        asked = await request_code(kernel, at, phone=phone, address=address, locale="en")
        await run_due_jobs(kernel, [at.info.id])
        return asked

    return go


def code_for(kernel, number):
    notices = kernel.notices.to(number)
    return re.search(r"\d{6}", notices[-1].text + notices[-1].subject).group() if notices else None


async def test_a_customers_person_signs_in_with_a_code(kernel, tenant, give_phone, ask, number):
    buyer = await give_phone(tenant, "buyer")
    asked = await ask()
    assert (
        await redeem_code(kernel, tenant, ticket=asked.ticket, code=code_for(kernel, number))
        == buyer.person_id
    )


@pytest.mark.parametrize("spelling", ["{0}{1}{2}", "0086{0}{1}{2}", " +86 {0} {1} {2} ", "{0}-{1}-{2}"])
async def test_a_number_may_be_typed_in_many_ways(kernel, tenant, give_phone, ask, number, spelling):
    await give_phone(tenant, "buyer")
    await ask(spelling.format(number[3:6], number[6:10], number[10:]))
    assert code_for(kernel, number)


async def test_a_code_may_be_typed_with_spaces(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    asked = await ask()
    code = code_for(kernel, number)
    await redeem_code(kernel, tenant, ticket=asked.ticket, code=f" {code[:3]} {code[3:]} ")


async def test_nobody_learns_whether_a_number_is_known(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    unknown = f"+86139{new_id().int % 10**8:08d}"
    known_answer, unknown_answer = await ask(), await ask(unknown)
    assert known_answer.resend_after == unknown_answer.resend_after
    assert known_answer.expires_in == unknown_answer.expires_in
    assert code_for(kernel, unknown) is None
    for ticket in (known_answer.ticket, unknown_answer.ticket):
        with pytest.raises(Invalid) as caught:
            await redeem_code(kernel, tenant, ticket=ticket, code="wrong1")
        assert str(caught.value) == "This is not the code. You have 4 more tries."


async def test_asking_writes_the_same_for_known_and_unknown_numbers(kernel, tenant, give_phone, number):
    """Else the time that it takes would tell what the answer does not."""
    await give_phone(tenant, "buyer")
    unknown = f"+86139{new_id().int % 10**8:08d}"
    for phone in (number, unknown):
        await request_code(kernel, tenant, phone=phone, address="10.9.9.9", locale="en")
    async with kernel.databases.platform_scope() as db:
        jobs = await db.fetch(
            "SELECT job, payload FROM job WHERE tenant_id = $1 AND job = 'headgate.identity.phone_code'",
            tenant.info.id,
        )
        rows = await db.fetch(
            "SELECT person_id, code_hash FROM phone_code WHERE tenant_id = $1", tenant.info.id
        )
    assert sorted(json.loads(job["payload"])["phone"] for job in jobs) == sorted([number, unknown])
    assert [tuple(row) for row in rows] == [(None, None)] * 2


async def test_no_code_stands_in_the_database(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    await ask()
    code = code_for(kernel, number)
    async with kernel.databases.platform_scope() as db:
        for table in ("phone_code", "job", "sent_message", "audit_entry"):
            text = await db.fetch_value(f"SELECT string_agg(t::text, ' ') FROM \"{table}\" t")
            assert code not in re.sub(r"[0-9a-f-]{20,}|\d{4}-\d\d-\d\d[^\",)]*", "", text or "")


async def test_somebody_of_another_distributor_gets_none(
    kernel, tenant, other_tenant, give_phone, ask, number
):
    await give_phone(other_tenant, "buyer")
    await ask()
    assert code_for(kernel, number) is None


async def test_a_ticket_of_one_distributor_is_none_at_another(
    kernel, tenant, other_tenant, give_phone, ask, number
):
    await give_phone(tenant, "buyer")
    asked = await ask()
    with pytest.raises(Invalid, match="counts no more"):
        await redeem_code(kernel, other_tenant, ticket=asked.ticket, code=code_for(kernel, number))


async def test_staff_get_codes_only_where_their_distributor_wants_it(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "reader")
    await ask()
    assert code_for(kernel, number) is None
    async with kernel.context(tenant) as ctx:
        await save_phone_policy(ctx, customers=False, staff=True)
    await ask()
    assert code_for(kernel, number)


async def test_customers_get_none_where_their_distributor_does_not_want_it(
    kernel, tenant, give_phone, ask, number
):
    await give_phone(tenant, "buyer")
    async with kernel.context(tenant) as ctx:
        await save_phone_policy(ctx, customers=False, staff=True)
    await ask()
    assert code_for(kernel, number) is None
    async with kernel.context(tenant) as ctx:
        await save_phone_policy(ctx, customers=False, staff=False)
    with pytest.raises(NotFound, match="No codes are sent"):
        await ask()


async def test_somebody_who_has_left_gets_none(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute("UPDATE membership SET state = 'ended' WHERE tenant_id = $1", tenant.info.id)
    await ask()
    assert code_for(kernel, number) is None


async def test_an_invitation_by_text_message_is_taken_up_by_the_code(kernel, tenant, give_phone, ask, number):
    buyer = await give_phone(tenant, "buyer")
    async with kernel.databases.platform_scope() as db:
        await invite(
            kernel, db, tenant_id=tenant.info.id, person_id=buyer.person_id,
            membership_id=buyer.membership_id, to=number, by="Boss",
        )  # fmt: skip
    kernel.notices.clear()
    asked = await ask()
    code = re.search(r"\d{6}", kernel.notices.to(number)[-1].subject).group()
    async with kernel.databases.platform_scope() as db:
        assert await find_place(db, buyer.person_id, tenant.info.id) is None
    await redeem_code(kernel, tenant, ticket=asked.ticket, code=code)
    async with kernel.databases.platform_scope() as db:
        assert await find_place(db, buyer.person_id, tenant.info.id) is not None


async def test_a_code_counts_once(kernel, tenant, give_phone, ask, number):
    await give_phone(tenant, "buyer")
    asked = await ask()
    code = code_for(kernel, number)
    results = await asyncio.gather(
        *(redeem_code(kernel, tenant, ticket=asked.ticket, code=code) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, Invalid) for result in results) == 3


async def test_a_code_counts_for_five_minutes(kernel, tenant, give_phone, ask, number, clock):
    await give_phone(tenant, "buyer")
    asked = await ask()
    clock.moment += LIFETIME
    with pytest.raises(Invalid, match="counts no more"):
        await redeem_code(kernel, tenant, ticket=asked.ticket, code=code_for(kernel, number))


async def test_a_code_that_is_too_late_to_be_sent_is_not_sent(kernel, tenant, give_phone, number, clock):
    await give_phone(tenant, "buyer")
    await request_code(kernel, tenant, phone=number, address="10.1.1.1", locale="en")
    clock.moment += LIFETIME
    await run_due_jobs(kernel, [tenant.info.id])
    assert code_for(kernel, number) is None


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


@pytest.mark.parametrize("phone", ["", "  ", "12", "buyer@x.example", "owner", "+1 555", "１３８", "x" * 300])
async def test_what_is_no_number_names_its_field(ask, phone):
    with pytest.raises(Invalid) as caught:
        await ask(phone)
    assert caught.value.field in {"phone", "login"}


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


# -- over HTTP -----------------------------------------------------------------------------------------------


async def test_the_pages_lead_from_the_number_to_the_desk(kernel, tenant, give_phone, number, client_for):
    await give_phone(tenant, "buyer")
    client = await client_for(tenant)
    page = await client.get("/sign-in/phone?next=/mall/cart")
    assert 'type="tel"' in page.text
    page = await client.post("/sign-in/phone", data={"phone": number, "next": "/mall/cart"})
    assert page.status_code == 200
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)[1]
    await run_due_jobs(kernel, [tenant.info.id])
    form = {"ticket": ticket, "code": "000000x", "phone": number, "next": "/mall/cart"}
    refused = await client.post("/sign-in/phone/code", data=form)
    assert refused.status_code == 422
    assert "4 more tries" in refused.text
    answer = await client.post("/sign-in/phone/code", data=form | {"code": code_for(kernel, number)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/mall/cart")
    me = (await client.get("/api/v1/me")).json()
    assert me["kind"] == "customer"


async def test_a_page_that_wants_to_lead_away_leads_home(kernel, tenant, give_phone, number, client_for, ask):
    await give_phone(tenant, "buyer")
    asked = await ask()
    form = {"ticket": asked.ticket, "code": code_for(kernel, number), "next": "//evil.example"}
    answer = await (await client_for(tenant)).post("/sign-in/phone/code", data=form)
    assert answer.headers["location"] == "/"


async def test_programs_sign_in_with_a_code(kernel, tenant, give_phone, number, browse):
    await give_phone(tenant, "buyer")
    client = browse(f"{tenant.info.slug}.localhost")
    asked = await client.post("/api/v1/sessions/phone-code", json={"phone": number})
    assert asked.status_code == 202
    assert asked.json() == {"ticket": asked.json()["ticket"], "resend_after": 60, "expires_in": 300}
    again = await client.post("/api/v1/sessions/phone-code", json={"phone": number})
    assert (again.status_code, again.json()["code"]) == (429, "too_many_codes")
    await run_due_jobs(kernel, [tenant.info.id])
    answer = await client.post(
        "/api/v1/sessions/phone-code/redeem",
        json={"ticket": asked.json()["ticket"], "code": code_for(kernel, number)},
    )
    assert answer.json()["needs"] == ""
    me = await client.get("/api/v1/me", headers={"authorization": f"Bearer {answer.json()['token']}"})
    assert me.json()["name"] == "Buyer"


async def test_a_second_factor_is_asked_for_all_the_same(kernel, tenant, give_phone, number, browse):
    owner = await give_phone(tenant, "owner")
    async with kernel.context(tenant) as ctx:
        await save_phone_policy(ctx, customers=True, staff=True)
    async with kernel.databases.platform_scope() as db:
        await db.execute(
            """
            INSERT INTO person_totp (id, person_id, secret, created_at, confirmed_at)
            VALUES (gen_random_uuid(), $1, 'sealed', $2, $2)
            """,
            owner.person_id, kernel.clock.now(),
        )  # fmt: skip
    client = browse(f"{tenant.info.slug}.localhost")
    asked = (await client.post("/api/v1/sessions/phone-code", json={"phone": number})).json()
    await run_due_jobs(kernel, [tenant.info.id])
    form = {"ticket": asked["ticket"], "code": code_for(kernel, number)}
    answer = await client.post("/sign-in/phone/code", data=form)
    assert answer.headers["location"].startswith("/sign-in/second-factor")
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_the_console_sends_no_codes(browse):
    assert (await browse("console.localhost").get("/sign-in/phone")).status_code == 404
