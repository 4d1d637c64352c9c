"""Codes sent to phones: who gets one, and what it is worth."""

import json
import re

import pytest
from headgate_kernel.identity.invitations import invite
from headgate_kernel.identity.opening import find_place
from headgate_kernel.identity.phone_codes import (
    LIFETIME,
    redeem_code,
    request_code,
)
from headgate_kernel.identity.sign_in_policy import save_phone_policy
from headgate_kernel.jobs.draining import run_due_jobs
from headgate_sdk.errors import Invalid, NotFound
from headgate_sdk.ids import new_id

from .walking import code_for


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


@pytest.mark.parametrize("phone", ["", "  ", "12", "buyer@x.example", "owner", "+1 555", "１３８", "x" * 300])
async def test_what_is_no_number_names_its_field(ask, phone):
    with pytest.raises(Invalid) as caught:
        await ask(phone)
    assert caught.value.field in {"phone", "login"}
