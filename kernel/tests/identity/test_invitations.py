"""Invitations: for whom, how often, how long, and what they never open."""

import asyncio
from datetime import timedelta

import pytest
from headgate_kernel.identity.accepting import accept_as_known, accept_as_new
from headgate_kernel.identity.invitations import (
    GOOD_FOR,
    check_open,
    find_invitation,
    invite,
    revoke_invitations,
)
from headgate_kernel.identity.memberships import save_members
from headgate_kernel.identity.opening import open_session
from headgate_kernel.identity.people import NewPerson, save_people
from headgate_kernel.identity.sign_in import sign_in
from headgate_sdk.blueprint import PersonEntry
from headgate_sdk.errors import Conflict, Forbidden, HeadgateError, Invalid, NotFound

from .conftest import PASSWORD, Somebody

GOOD = "ribbon lantern gravel 42"


@pytest.fixture
def newcomer(kernel, clock):
    """Makes somebody a member who is new to the platform, or known to it."""

    async def make(at, login: str, *, roles=("reader",), kind="staff") -> Somebody:
        async with kernel.databases.platform_scope() as db:
            ids = await save_people(db, [NewPerson(login, "Newcomer")], clock.moment)
        async with kernel.context(at) as ctx:
            members = await save_members(ctx, [PersonEntry(login, "Newcomer", kind, roles)], ids)
        return Somebody(ids[login], members[login], login)

    return make


@pytest.fixture
def asked(house, clock, newcomer, tenant):
    """Invites a newcomer; gives them and the token of their link."""

    async def go(login: str | None = None, at=tenant, **more):
        person = await newcomer(at, login or f"new@{at.info.slug}.example", **more)
        return person, await send(person, at)

    async def send(person, at=tenant):
        async with house.databases.platform_scope() as db:
            link = await invite(
                house, db, tenant_id=at.info.id, person_id=person.id, membership_id=person.membership_id,
                to=person.login, by="Owner",
            )  # fmt: skip
        assert link.startswith(f"http://{at.info.slug}.localhost/invitation/")
        return link.rpartition("/")[2]

    go.again = send
    return go


@pytest.fixture
def accept(house, tenant, address):
    async def go(token, *, name="Wei", password=GOOD, at=tenant):
        return await accept_as_new(
            house,
            at.info.id,
            token,
            name=name,
            password=password,
            address=address,
            user_agent="tests",
            device="",
        )

    return go


@pytest.fixture
def accept_known(house, tenant, address):
    async def go(token, *, password=PASSWORD, at=tenant):
        return await accept_as_known(
            house, at.info.id, token, password=password, address=address, user_agent="tests", device=""
        )

    return go


async def test_a_newcomer_chooses_name_and_password_and_is_in(house, asked, accept, tenant, address, trail):
    person, token = await asked()
    opened = await accept(token, name="  Wei   Li ")
    found = await house.sessions.find(opened.token, tenant.info.id)
    assert (found.actor.name, found.method, found.state) == ("Wei Li", "invitation", "open")
    again = await sign_in(
        house, tenant_id=tenant.info.id, login=person.login, password=GOOD, address=address, user_agent=""
    )
    assert again.needs == ""
    assert await trail("invitation.accept") == [
        ("invitation.accept", "Wei Li", person.login, {"invited_by": "Owner"})
    ]


async def test_the_link_is_sent_to_the_person(asked, letters, tenant):
    person, token = await asked()
    (told,) = await letters(person.login)
    assert told.subject == f"Owner invites you to {tenant.info.name}"
    assert f"http://{tenant.info.slug}.localhost/invitation/{token}" in told.text
    assert "good for 7 days" in told.text


async def test_a_phone_gets_a_text_message_and_a_user_name_the_link_only(house, asked):
    house.notices.clear()
    from headgate_kernel.jobs.draining import run_due_jobs

    await asked("+8613900139000")
    await asked("newcomer.by.name")
    await run_due_jobs(house)
    assert [(notice.message.channel, notice.message.to) for notice in house.notices] == [
        ("sms", "+8613900139000")
    ]


async def test_the_database_holds_only_the_links_hash(kernel, asked):
    _, token = await asked()
    async with kernel.databases.platform_scope() as db:
        rows = await db.fetch("SELECT i::text AS text FROM invitation i")
    assert not any(token in row["text"] or token.encode().hex() in row["text"] for row in rows)


async def test_a_link_counts_once(asked, accept):
    _, token = await asked()
    await accept(token)
    with pytest.raises(Invalid, match="accepted this invitation already"):
        await accept(token)


async def test_a_link_that_is_used_twice_at_once_lets_in_once(kernel, asked, accept, address):
    person, token = await asked()
    results = await asyncio.gather(
        *(accept(token, password=f"{GOOD} {number}") for number in range(4)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    assert all(isinstance(result, HeadgateError) for result in results if isinstance(result, BaseException))
    async with kernel.databases.platform_scope() as db:
        sessions = await db.fetch_value("SELECT count(*) FROM session WHERE person_id = $1", person.id)
    assert sessions == 1


async def test_a_link_is_good_for_a_week(asked, accept, clock):
    _, token = await asked()
    clock.moment += GOOD_FOR
    with pytest.raises(Invalid, match=r"has expired\. Ask Owner"):
        await accept(token)


async def test_sending_again_makes_the_link_before_worthless(asked, accept):
    person, first = await asked()
    second = await asked.again(person)
    with pytest.raises(Invalid, match="replaced by a newer one"):
        await accept(first)
    await accept(second)


async def test_who_has_come_is_not_invited_again(asked, accept):
    person, token = await asked()
    await accept(token)
    with pytest.raises(Conflict, match="needs no invitation"):
        await asked.again(person)


async def test_a_link_that_is_taken_back_lets_nobody_in(kernel, asked, accept, tenant, clock):
    person, token = await asked()
    async with kernel.databases.platform_scope() as db:
        assert (
            await revoke_invitations(
                db, tenant_id=tenant.info.id, membership_id=person.membership_id, now=clock.moment
            )
            == 1
        )
    with pytest.raises(Invalid, match="taken back"):
        await accept(token)


async def test_a_member_whose_access_has_ended_cannot_accept(kernel, asked, accept, tenant):
    person, token = await asked()
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE membership SET state = 'ended' WHERE tenant_id = $1 AND id = $2",
            tenant.info.id,
            person.membership_id,
        )
    with pytest.raises(Invalid, match="taken back"):
        await accept(token)


async def test_a_link_leads_nowhere_at_another_distributor(asked, accept, other_tenant):
    _, token = await asked()
    for wrong in (token, "made-up", "", "\0"):
        with pytest.raises(NotFound, match="does not exist"):
            await accept(wrong, at=other_tenant)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"password": "short"}, "password"),
        ({"password": "password123"}, "password"),
        ({"password": "Newcomer-2026"}, "password"),
    ],
)
async def test_what_cannot_be_used_names_its_field_and_uses_nothing_up(asked, accept, change, field):
    _, token = await asked()
    with pytest.raises(Invalid) as caught:
        await accept(token, **change)
    assert caught.value.field == field
    await accept(token)


async def test_the_name_just_chosen_is_no_password(asked, accept):
    _, token = await asked()
    with pytest.raises(Invalid, match="your name"):
        await accept(token, name="Gerlinde Hofstetter", password="gerlindehofstetter")


async def test_until_they_accept_somebody_is_nobody_there(
    house, asked, accept_known, other_tenant, somebody, tenant, address
):
    """Else who was let in elsewhere under a login that is not theirs would be let in here too."""
    owner = await somebody("owner")
    person, token = await asked(owner.login, at=other_tenant)
    assert person.id == owner.id
    attempt = {"tenant_id": other_tenant.info.id, "login": owner.login, "address": address, "user_agent": ""}
    with pytest.raises(Invalid, match="do not fit together here"):
        await sign_in(house, password=PASSWORD, **attempt)
    for method in ("passkey", "oidc", "phone_code", "handoff"):
        with pytest.raises(Forbidden):
            await open_session(
                house,
                person_id=owner.id,
                tenant_id=other_tenant.info.id,
                method=method,
                address=address,
                user_agent="",
            )
    await accept_known(token, at=other_tenant)
    assert (await sign_in(house, password=PASSWORD, **attempt)).needs == ""


async def test_who_has_an_account_accepts_with_it_and_keeps_their_password(
    house, kernel, asked, accept, accept_known, other_tenant, somebody
):
    owner = await somebody("owner")
    _, token = await asked(owner.login, at=other_tenant)
    async with kernel.databases.platform_scope() as db:
        before = await db.fetch_value("SELECT hash FROM person_password WHERE person_id = $1", owner.id)
    with pytest.raises(Conflict, match="has an account already"):
        await accept(token, at=other_tenant)
    with pytest.raises(Invalid, match=f"not the password of {owner.login}"):
        await accept_known(token, password="wrong password", at=other_tenant)
    opened = await accept_known(token, at=other_tenant)
    found = await house.sessions.find(opened.token, other_tenant.info.id)
    assert found.actor.person_id == owner.id
    async with kernel.databases.platform_scope() as db:
        after = await db.fetch_value("SELECT hash FROM person_password WHERE person_id = $1", owner.id)
    assert before == after


async def test_an_account_accepts_once_also_twice_at_once(asked, accept_known, other_tenant, somebody):
    owner = await somebody("owner")
    _, token = await asked(owner.login, at=other_tenant)
    results = await asyncio.gather(
        *(accept_known(token, at=other_tenant) for _ in range(4)), return_exceptions=True
    )
    assert sum(not isinstance(result, BaseException) for result in results) == 1
    refused = [result for result in results if isinstance(result, BaseException)]
    assert all(isinstance(result, (Conflict, Invalid)) for result in refused)


async def test_an_invitation_takes_over_nobody_who_belongs_elsewhere_too(
    asked, accept, newcomer, tenant, other_tenant
):
    """Who invites has the link in hands: it must not set a password that opens another distributor."""
    await newcomer(other_tenant, "shared@people.example")
    _, token = await asked("shared@people.example", at=tenant)
    with pytest.raises(Conflict):
        await accept(token)


async def test_an_invitation_takes_over_no_operator(kernel, asked, accept, clock):
    login = f"boss{clock.moment.timestamp():.0f}@headgate.example"
    async with kernel.databases.platform_scope() as db:
        await save_people(db, [NewPerson(login, "Boss", is_operator=True)], clock.moment)
    _, token = await asked(login)
    with pytest.raises(Conflict):
        await accept(token)


async def test_guessing_the_password_behind_a_link_slows_down(asked, accept_known, other_tenant, somebody):
    owner = await somebody("owner")
    _, token = await asked(owner.login, at=other_tenant)
    refusals = []
    for _ in range(6):
        with pytest.raises(HeadgateError) as caught:
            await accept_known(token, password="wrong password", at=other_tenant)
        refusals.append(caught.value.code)
    assert refusals == ["invalid"] * 5 + ["too_many_tries"]


async def test_a_role_that_needs_a_second_factor_leads_there_at_once(kernel, house, asked, accept, tenant):
    async with kernel.context(tenant) as ctx:
        await ctx.db.execute(
            "UPDATE role SET second_factor = true WHERE tenant_id = $1 AND key = 'reader'", tenant.info.id
        )
    _, token = await asked()
    opened = await accept(token)
    assert (await house.sessions.find(opened.token, tenant.info.id)).state == "setup"


async def test_inviting_is_part_of_the_tenants_transaction(house, kernel, newcomer, tenant, clock):
    person = await newcomer(tenant, f"undone@{tenant.info.slug}.example")
    with pytest.raises(ZeroDivisionError):
        async with kernel.context(tenant) as ctx:
            link = await invite(
                house, ctx.db, tenant_id=tenant.info.id, person_id=person.id,
                membership_id=person.membership_id, to=person.login, by="Owner",
            )  # fmt: skip
            raise ZeroDivisionError
    async with kernel.databases.platform_scope() as db:
        with pytest.raises(NotFound):
            await find_invitation(house, db, link.rpartition("/")[2], tenant.info.id)


async def test_another_tenants_member_cannot_be_invited(house, newcomer, tenant, other_tenant, clock):
    person = await newcomer(other_tenant, f"foreign@{other_tenant.info.slug}.example")
    with pytest.raises(NotFound):
        async with house.databases.platform_scope() as db:
            await invite(
                house, db, tenant_id=tenant.info.id, person_id=person.id, membership_id=person.membership_id,
                to=person.login, by="Owner",
            )  # fmt: skip


async def test_an_open_invitation_says_so(house, asked, tenant, clock):
    _, token = await asked()
    async with house.databases.platform_scope() as db:
        invitation = await find_invitation(house, db, token, tenant.info.id)
    check_open(invitation)
    assert (invitation.state, invitation.is_new, invitation.name) == ("open", True, "Newcomer")
    clock.moment += timedelta(days=8)
    async with house.databases.platform_scope() as db:
        assert (await find_invitation(house, db, token, tenant.info.id)).state == "expired"
