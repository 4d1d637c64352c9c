"""Another e-mail address or phone: confirmed by its owner, told to the old one, and taken back."""

import re
from datetime import timedelta

import pytest
from headgate_kernel.identity.login_changes import (
    BY_PERSON,
    UNDO_WITHIN,
    find_change,
    follow_link,
    request_login,
)
from headgate_kernel.identity.pace import TooManyTries
from headgate_kernel.identity.sessions import NOBODY
from headgate_kernel.identity.sign_in import sign_in
from headgate_sdk.errors import Conflict, Invalid, NotFound

from .conftest import PASSWORD


@pytest.fixture
async def writer(house, opened, tenant):
    return await house.sessions.find((await opened()).token, tenant.info.id)


@pytest.fixture
def old_login(tenant):
    return f"writer@{tenant.info.slug}.example"


@pytest.fixture
def new_login(tenant):
    return f"fresh@{tenant.info.slug}.example"


@pytest.fixture
def ask(house, writer, old_login, tenant, address):
    async def go(new, *, old=None, session=writer):
        old = old_login if old is None else old
        return await request_login(
            house, session, tenant.info.id, old=old, new=new, region="CN", address=address
        )

    return go


@pytest.fixture
def link_in(letters):
    async def read(recipient, template):
        told = (await letters(recipient, template))[-1]
        return re.search(r"http://\S+/confirm/([\w-]+)", told.text)[1]

    return read


@pytest.fixture
def follow(house, tenant, address):
    async def go(token):
        return await follow_link(house, tenant.info.id, token, address=address)

    return go


@pytest.fixture
def logins(kernel, writer):
    async def read():
        async with kernel.databases.platform_scope() as db:
            rows = await db.fetch(
                "SELECT login FROM person_login WHERE person_id = $1 ORDER BY login", writer.person_id
            )
        return [row["login"] for row in rows]

    return read


async def test_the_new_address_counts_once_it_is_confirmed(
    house, ask, link_in, follow, old_login, new_login, logins, tenant, address
):
    assert await ask(f" {new_login.upper()} ") == new_login
    assert await logins() == [old_login]
    assert await follow(await link_in(new_login, "login_confirm")) == "confirmed"
    assert await logins() == [new_login]
    attempt = {"tenant_id": tenant.info.id, "password": PASSWORD, "address": address, "user_agent": ""}
    assert (await sign_in(house, login=new_login, **attempt)).needs == ""
    with pytest.raises(Invalid):
        await sign_in(house, login=old_login, **attempt)


async def test_the_list_of_people_shows_the_login_that_counts(
    kernel, ask, link_in, follow, new_login, somebody, tenant
):
    person = await somebody()
    await ask(new_login)
    await follow(await link_in(new_login, "login_confirm"))
    async with kernel.context(tenant) as ctx:
        shown = await ctx.db.fetch_value(
            "SELECT login FROM membership WHERE tenant_id = $1 AND id = $2",
            tenant.info.id,
            person.membership_id,
        )
    assert shown == new_login


async def test_a_phone_may_be_added_and_gets_a_text_message(house, ask, link_in, follow, logins, old_login):
    await ask("136 0013 6000", old="")
    assert await follow(await link_in("+8613600136000", "login_confirm")) == "confirmed"
    assert set(await logins()) == {"+8613600136000", old_login}


async def test_the_old_address_is_told_and_takes_it_back(
    house, ask, link_in, follow, letters, old_login, new_login, logins, writer, tenant, clock, opened
):
    thief = await opened(device="")
    await ask(new_login)
    await follow(await link_in(new_login, "login_confirm"))
    (told,) = await letters(old_login, "login_changed")
    assert new_login in told.text
    assert "within 72 hours" in told.text
    clock.moment += UNDO_WITHIN - timedelta(seconds=1)
    assert await follow(await link_in(old_login, "login_changed")) == "undone"
    assert await logins() == [old_login]
    assert await house.sessions.find(thief.token, tenant.info.id) is NOBODY


async def test_after_three_days_it_stays(ask, link_in, follow, new_login, old_login, clock):
    await ask(new_login)
    await follow(await link_in(new_login, "login_confirm"))
    clock.moment += UNDO_WITHIN
    with pytest.raises(NotFound, match="too old"):
        await follow(await link_in(old_login, "login_changed"))


async def test_a_chain_of_changes_is_taken_back_whole(
    ask, link_in, follow, new_login, old_login, logins, clock
):
    """A thief who changes it twice has not got rid of the first undo link."""
    second = f"second-{new_login}"
    await ask(new_login)
    await follow(await link_in(new_login, "login_confirm"))
    undo = await link_in(old_login, "login_changed")
    clock.moment += timedelta(hours=1)
    await ask(second, old=new_login)
    await follow(await link_in(second, "login_confirm"))
    assert await logins() == [second]
    await follow(undo)
    assert await logins() == [old_login]


async def test_what_waits_for_confirmation_is_taken_back_too(
    ask, link_in, follow, new_login, old_login, clock
):
    await ask(new_login)
    await follow(await link_in(new_login, "login_confirm"))
    undo = await link_in(old_login, "login_changed")
    await ask(f"later-{new_login}", old=new_login)
    waiting = await link_in(f"later-{new_login}", "login_confirm")
    await follow(undo)
    with pytest.raises(NotFound):
        await follow(waiting)


async def test_each_link_counts_once(ask, link_in, follow, new_login, old_login):
    await ask(new_login)
    confirm = await link_in(new_login, "login_confirm")
    await follow(confirm)
    undo = await link_in(old_login, "login_changed")
    with pytest.raises(NotFound):
        await follow(confirm)
    await follow(undo)
    with pytest.raises(NotFound):
        await follow(undo)


async def test_a_confirmation_is_good_for_a_day(ask, link_in, follow, new_login, clock):
    await ask(new_login)
    clock.moment += timedelta(days=1)
    with pytest.raises(NotFound):
        await follow(await link_in(new_login, "login_confirm"))


async def test_that_an_address_is_taken_is_told_to_its_mailbox_only(kernel, ask, letters, other_tenant):
    theirs = f"owner@{other_tenant.info.slug}.example"
    assert await ask(theirs) == theirs
    (told,) = await letters(theirs)
    assert told.message.template == "login_taken"
    assert "/confirm/" not in told.text
    async with kernel.databases.platform_scope() as db:
        assert not await db.fetch_value("SELECT count(*) FROM login_change WHERE new_login = $1", theirs)


async def test_an_address_that_somebody_takes_meanwhile_is_theirs(
    kernel, ask, link_in, follow, new_login, somebody, logins, old_login
):
    await ask(new_login)
    reader = await somebody("reader")
    async with kernel.databases.platform_scope() as db:
        await db.execute("INSERT INTO person_login (login, person_id) VALUES ($1, $2)", new_login, reader.id)
    with pytest.raises(Conflict):
        await follow(await link_in(new_login, "login_confirm"))
    assert await logins() == [old_login]


@pytest.mark.parametrize(
    ("new", "old", "field"),
    [("not an address@", None, "login"), ("warehouse-2", None, "login"), ("", None, "login"),
     ("fine@new.example", "somebody@else.example", "old")],
)  # fmt: skip
async def test_what_cannot_be_done_names_its_field(ask, new, old, field):
    with pytest.raises(Invalid) as caught:
        await ask(new, old=old)
    assert caught.value.field == field


async def test_ones_own_login_is_no_new_one(ask, old_login):
    with pytest.raises(Invalid, match="yours already"):
        await ask(old_login)


async def test_asking_slows_down(ask, clock):
    for number in range(BY_PERSON.burst):
        await ask(f"flood{number}@mail.example")
    with pytest.raises(TooManyTries):
        await ask("more@mail.example")


async def test_the_deeds_stand_in_the_audit_log(ask, link_in, follow, new_login, old_login, trail):
    await ask(new_login)
    await follow(await link_in(new_login, "login_confirm"))
    await follow(await link_in(old_login, "login_changed"))
    deeds = [
        (action, details["after"]) for action, _, _, details in await trail() if action.startswith("login.")
    ]
    assert deeds == [
        ("login.request", new_login),
        ("login.change", new_login),
        ("login.undo", new_login),
    ]


async def test_looking_at_a_link_does_nothing(house, ask, link_in, new_login, logins, old_login):
    """Programs that look into mails follow links."""
    await ask(new_login)
    token = await link_in(new_login, "login_confirm")
    for _ in range(2):
        async with house.databases.platform_scope() as db:
            assert (await find_change(house, db, token))["new_login"] == new_login
    assert await logins() == [old_login]
